import { expect } from "chai";
import { awsFault } from "../../callbacks/endpoint";
import { DELIVERED_IMAGES } from "../../callbacks/table";
import { ID, UNTIL, useRequested } from "./requestedSupport";
import { START } from "./support";

const MINUTE = 60_000;
const SUMMARY = "storefront v2: web runs web:2";

describe("deployment by HTTP, when AWS is out of reach", () => {
  const world = useRequested();
  const { deployment } = world;

  const throttle = () => {
    throw awsFault("ThrottlingException", "Rate exceeded");
  };
  type Respond = (input: Record<string, unknown>) => object;
  /** Answers as the first does once, and as the second does from then on. */
  function once(first: Respond, then: Respond | undefined): Respond {
    let count = 0;
    return (input) => {
      count += 1;
      return count === 1 ? first(input) : (then?.(input) ?? {});
    };
  }
  const notices = () => deployment.inputsOf("Publish").length;

  it("begins later, while it still may", async () => {
    await world.setUp(["web"]);
    const { DescribeServices } = deployment.endpoint.answers;
    deployment.endpoint.answers.DescribeServices = throttle;
    const { over, lines } = await world.round();
    expect(over).to.equal(false);
    const summary = "trying again: ThrottlingException: Rate exceeded";
    expect(lines[0]).to.deep.include({ level: "info", message: `${ID} inProgress`, summary });
    expect(await world.progress()).to.deep.include({ state: "inProgress", summary });
    Object.assign(deployment.endpoint.answers, { DescribeServices });
    deployment.now += 15 * MINUTE;
    await world.round();
    expect(deployment.running()).to.deep.equal([["web:2", 2]]);
  });

  it("does not begin too late to end in its lock's time", async () => {
    await world.setUp(["web"]);
    deployment.endpoint.answers.DescribeServices = throttle;
    await world.round();
    deployment.now += 15 * MINUTE + 1;
    expect((await world.round()).over).to.equal(true);
    const cause = "it did not start within 15 minutes; nothing was changed";
    expect(await world.progress()).to.deep.include({ state: "failed", cause });
    expect(deployment.inputsOf("UpdateService")).to.deep.equal([]);
    expect(await world.lockOwner()).to.equal(undefined);
    expect(notices()).to.equal(1);
  });

  it("is asked about again until its deadline, and goes back then", async () => {
    await world.setUp(["web"]);
    await world.rounds(2);
    const { DescribeServices } = deployment.endpoint.answers;
    deployment.endpoint.answers.DescribeServices = throttle;
    expect((await world.round()).over).to.equal(false);
    expect(await world.progress()).to.deep.include({
      state: "inProgress",
      summary: "retrying: ThrottlingException: Rate exceeded",
    });
    deployment.now += 30 * MINUTE;
    const cause = "the rollout could not be observed for 30 minutes: ThrottlingException: Rate exceeded";
    deployment.endpoint.answers.DescribeServices = once(throttle, DescribeServices);
    expect((await world.round()).over).to.equal(false);
    expect(deployment.running()).to.deep.equal([["web:1", 2]]);
    deployment.ecs.complete("web");
    expect((await world.round()).over).to.equal(true);
    expect(await world.progress()).to.deep.include({
      state: "failed",
      cause: `storefront v2 was not deployed. ${cause}. Rollback: web is back at web:1.`,
    });
  });

  it("fails with the time that its lock has, and touches nothing then", async () => {
    await world.setUp(["web"]);
    await world.rounds(2);
    deployment.now = UNTIL * 1_000;
    const asked = deployment.endpoint.requests.filter(({ operation }) => operation === "DescribeServices").length;
    expect((await world.round()).over).to.equal(true);
    expect(await world.progress()).to.deep.include({
      state: "failed",
      cause:
        "the deploy had not ended by 2026-01-05T11:15:00.000Z, when its lock expired: " +
        "check the services of storefront and the log of its deploy function",
    });
    expect(deployment.inputsOf("DescribeServices")).to.have.length(asked);
    expect(deployment.inputsOf("UpdateService")).to.have.length(1);
  });

  it("ends once its image can be tagged", async () => {
    await world.setUp(["web"]);
    await world.rounds(2);
    deployment.ecs.complete("web");
    deployment.endpoint.answers.PutImage = throttle;
    expect((await world.round()).over).to.equal(false);
    expect(await world.progress()).to.deep.include({
      state: "inProgress",
      summary: `${SUMMARY}. storefront:dev does not point to this image yet: ThrottlingException: Rate exceeded`,
    });
    expect(notices()).to.equal(0);
    deployment.endpoint.answers.PutImage = () => ({});
    expect((await world.round()).over).to.equal(true);
    expect(await world.progress()).to.deep.include({
      state: "succeeded",
      summary: `${SUMMARY}. storefront:dev now points to this image`,
    });
  });

  it("fails if its image cannot be tagged, and says what runs", async () => {
    await world.setUp(["web"]);
    await world.rounds(2);
    deployment.ecs.complete("web");
    deployment.endpoint.answers.PutImage = () => {
      throw awsFault("ImageTagAlreadyExistsException", "The image tag 'dev' already exists");
    };
    expect((await world.round()).over).to.equal(true);
    expect(await world.progress()).to.deep.include({
      state: "failed",
      cause:
        `${SUMMARY}. But storefront:dev does not point to this image: ` +
        "tag dev of repository storefront is immutable: add it to slipway:promotesTo of the stack that builds the images " +
        "(ImageTagAlreadyExistsException: The image tag 'dev' already exists)",
    });
  });

  /** One round whose update of the record goes wrong. */
  async function roundUnrecorded(update: (send: () => Promise<unknown>) => Promise<unknown>) {
    const { dynamo } = world.table;
    const send = dynamo.send.bind(dynamo);
    dynamo.send = ((command: Parameters<typeof send>[0]) =>
      command.constructor.name === "UpdateItemCommand" &&
      (command.input as { TableName?: string }).TableName !== DELIVERED_IMAGES
        ? update(() => send(command))
        : send(command)) as typeof dynamo.send;
    try {
      return await world.round();
    } finally {
      dynamo.send = send as typeof dynamo.send;
    }
  }
  const refused = () => Promise.reject(awsFault("InternalServerError", "try again", 500));

  it("does not say that nothing was changed if its start could not be recorded, and goes on", async () => {
    await world.setUp(["web"]);
    await world.round();
    deployment.now += 14 * MINUTE;
    await roundUnrecorded(refused);
    expect(deployment.inputsOf("UpdateService")).to.have.length(1);
    deployment.now += 2 * MINUTE;
    expect((await world.round()).over).to.equal(false);
    expect(await world.progress()).to.deep.include({
      state: "inProgress",
      summary: "web: 0 of 2 tasks running, 2 pending, 0 failed",
    });
    deployment.ecs.complete("web");
    expect((await world.round()).over).to.equal(true);
    expect(await world.progress()).to.deep.include({ state: "succeeded" });
  });

  it("tells how it ended though the round died that recorded it", async () => {
    await world.setUp(["web"]);
    await world.rounds(2);
    deployment.ecs.complete("web");
    const { over } = await roundUnrecorded(async (send) => {
      await send();
      throw awsFault("TimeoutError", "no answer");
    });
    expect(over).to.equal(false);
    expect(await world.progress()).to.deep.include({ state: "succeeded" });
    expect(notices()).to.equal(0);
    expect(await world.lockOwner()).to.equal(ID);
    expect((await world.round()).over).to.equal(true);
    expect(
      deployment.inputsOf("Publish").map(({ Subject, Message }) => [Subject, String(Message).split("\n").at(-1)]),
    ).to.deep.equal([
      ["storefront in dev: deployment request for v2 succeeded", `${SUMMARY}. storefront:dev now points to this image`],
    ]);
    expect(await world.lockOwner()).to.equal(undefined);
    expect((await world.round()).over).to.equal(true);
    expect(notices()).to.equal(1);
  });

  it("is repeated from where it was if its round cannot be recorded", async () => {
    await world.setUp(["web"]);
    await world.rounds(2);
    deployment.ecs.complete("web");
    expect((await roundUnrecorded(refused)).over).to.equal(false);
    expect(notices()).to.equal(0);
    expect(await world.lockOwner()).not.to.equal(undefined);
    expect((await world.round()).over).to.equal(true);
    expect(await world.progress()).to.deep.include({ state: "succeeded" });
    expect(notices()).to.equal(1);
    expect(deployment.now).to.equal(START);
  });
});
