import { expect } from "chai";
import { advanceDeployment } from "../../../handlers/deploy/recorded";
import { readRecord } from "../../../handlers/shared/records/record";
import { awsFault } from "../../callbacks/endpoint";
import { capture } from "../output";
import { DIGEST, IMAGE } from "./ecs";
import { ID, UNTIL, useRequested } from "./requestedSupport";
import { START } from "./support";

const MINUTE = 60_000;
const REASON = "ECS deployment circuit breaker: tasks failed to start";
const DONE = "storefront v2: web runs web:2. storefront:dev now points to this image";

describe("deployment by HTTP", () => {
  const world = useRequested();
  const { deployment } = world;

  const notices = () => deployment.inputsOf("Publish").map(({ Subject, Message }) => ({ Subject, Message }));
  const updates = () => deployment.inputsOf("UpdateService").map((it) => `${it.service} ${it.taskDefinition}`);

  it("goes to its end: tag, record, lock, notice", async () => {
    await world.setUp(["web"]);
    expect((await world.round()).over).to.equal(false);
    expect(await world.progress()).to.deep.equal({
      state: "inProgress",
      round: 3,
      summary: "web: 0 of 2 tasks running, 2 pending, 0 failed",
    });
    expect(await world.lockOwner()).to.equal(ID);
    deployment.ecs.complete("web");
    deployment.now += MINUTE;
    const { over, lines } = await world.round();
    expect(over).to.equal(true);
    expect(await world.progress()).to.deep.equal({ state: "succeeded", round: 5, summary: DONE });
    expect(lines.at(-1)).to.deep.equal({
      level: "info",
      message: `${ID} succeeded`,
      application: "storefront",
      version: "v2",
      summary: DONE,
    });
    expect(await world.stored.read(ID)).to.deep.include({
      updatedAt: "2026-01-05T10:01:00.000Z",
      expires: START / 1_000 + 60 + 90 * 24 * 3_600,
    });
    expect(await world.lockOwner()).to.equal(undefined);
    expect(await world.stored.deliveredVersion(`storefront@${DIGEST}`)).to.equal("v2");
    expect(deployment.inputsOf("PutImage")).to.deep.equal([
      {
        repositoryName: "storefront",
        imageManifest: "{}",
        imageManifestMediaType: "application/json",
        imageDigest: DIGEST,
        imageTag: "dev",
      },
    ]);
    expect(notices()).to.deep.equal([
      {
        Subject: "storefront in dev: deployment request for v2 succeeded",
        Message: [
          "storefront in dev: deployment request for v2 succeeded",
          "",
          "Version: v2",
          `Image: ${IMAGE}`,
          `Deployment request: ${ID}`,
          "",
          DONE,
        ].join("\n"),
      },
    ]);
  });

  it("hides its message between two rounds, and leaves it to be deleted at the end", async () => {
    await world.setUp(["web"]);
    const hidden = {
      QueueUrl: "https://sqs.us-east-1.amazonaws.com/123456789012/storefront-requests",
      ReceiptHandle: "receipt-1",
      VisibilityTimeout: 60,
    };
    await world.rounds(2);
    expect(deployment.inputsOf("ChangeMessageVisibility")).to.deep.equal([hidden, hidden]);
    deployment.ecs.complete("web");
    expect(await world.rounds(1)).to.equal(true);
    expect(deployment.inputsOf("ChangeMessageVisibility")).to.have.length(2);
  });

  it("goes on, only later, if the message cannot be hidden", async () => {
    await world.setUp(["web"]);
    deployment.endpoint.answers.ChangeMessageVisibility = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: sqs:ChangeMessageVisibility");
    };
    const { over, lines } = await world.round();
    expect(over).to.equal(false);
    expect(lines.at(-1)).to.deep.equal({
      level: "warn",
      message: "message visibility not changed: it is redelivered later",
      messageId: "message-1",
      cause: "AccessDeniedException: not authorized to perform: sqs:ChangeMessageVisibility",
    });
  });

  it("that fails goes back, and tells both causes", async () => {
    await world.setUp(["web"]);
    await world.rounds(2);
    deployment.ecs.fail("web", `${REASON}.`, "by ECS");
    expect(await world.rounds(1)).to.equal(false);
    deployment.ecs.complete("web");
    expect(await world.rounds(1)).to.equal(true);
    const cause = `storefront v2 was not deployed. web: ${REASON}. Rollback: web is back at web:1.`;
    expect(await world.progress()).to.deep.include({ state: "failed", cause });
    expect(await world.lockOwner()).to.equal(undefined);
    expect(deployment.inputsOf("PutImage")).to.deep.equal([]);
    expect(notices().map(({ Subject }) => Subject)).to.deep.equal([
      "storefront in dev: deployment request for v2 failed",
    ]);
    expect(String(notices()[0]?.Message).split("\n").slice(-2)).to.deep.equal(["", cause]);
  });

  it("that is refused ends at once", async () => {
    await world.setUp(["web"]);
    delete deployment.ecs.services.web;
    expect(await world.rounds(1)).to.equal(true);
    const cause = "service web in cluster dev does not exist";
    expect(await world.progress()).to.deep.equal({ state: "failed", round: 2, cause });
    expect(await world.lockOwner()).to.equal(undefined);
  });

  it("deploys once, settles once and tells once, whatever is delivered again", async () => {
    await world.setUp(["web"]);
    await world.rounds(2);
    deployment.ecs.complete("web");
    expect(await world.rounds(1)).to.equal(true);
    const before = await world.stored.read(ID);
    expect(await world.rounds(1)).to.equal(true);
    expect(await world.rounds(1)).to.equal(true);
    expect(await world.stored.read(ID)).to.deep.equal(before);
    expect(updates()).to.deep.equal(["web web:2"]);
    expect(notices()).to.have.length(1);
    expect(deployment.inputsOf("PutImage")).to.have.length(1);
  });

  it("is advanced by one of two rounds at once, in each of its steps", async () => {
    await world.setUp(["web"]);
    const both = async () => {
      const { value } = await capture(() => Promise.all([world.deliver(), world.deliver()]));
      return value;
    };
    expect(await both()).to.deep.equal([false, false]);
    expect(await both()).to.deep.equal([false, false]);
    deployment.ecs.complete("web");
    // The round that was not recorded leaves the message alone: the next delivery finds what stands.
    expect((await both()).sort()).to.deep.equal([false, true]);
    expect(await world.progress()).to.deep.include({ state: "succeeded" });
    expect(notices()).to.have.length(1);
    expect(await world.rounds(1)).to.equal(true);
    expect(new Set(deployment.running().map(([taskDefinition]) => taskDefinition)).size).to.equal(1);
    expect(deployment.ecs.services.web?.deployments).to.have.length(1);
  });

  it("gives the lock back that the round left behind which ended it", async () => {
    await world.setUp(["web"]);
    const item = await world.stored.read(ID);
    await world.stored.write({ ...item, state: "succeeded" });
    expect(await world.rounds(1)).to.equal(true);
    expect(await world.lockOwner()).to.equal(undefined);
    expect(updates()).to.deep.equal([]);
  });

  it("is left alone by a message after its end, as is the lock of the next one", async () => {
    await world.setUp(["web"]);
    const item = await world.stored.read(ID);
    await world.stored.write({ ...item, state: "failed" });
    await world.stored.write({ id: "application/storefront", owner: "execution-1", by: "execution", until: UNTIL });
    expect(await world.rounds(1)).to.equal(true);
    expect(await world.lockOwner()).to.equal("execution-1");
  });

  it("does not lose its outcome if Publish fails once: the lock is free, and the notice follows", async () => {
    await world.setUp(["web"]);
    await world.rounds(2);
    deployment.ecs.complete("web");
    const { plain } = deployment.endpoint;
    deployment.endpoint.plain = () => ({
      status: 403,
      body: "<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code><Message>not authorized to perform: SNS:Publish</Message></Error></ErrorResponse>",
    });
    expect((await world.round()).over).to.equal(false);
    expect(await world.progress()).to.deep.include({ state: "succeeded" });
    expect(await world.lockOwner()).to.equal(undefined);
    expect(notices()).to.have.length(0);
    deployment.endpoint.plain = plain;
    expect((await world.round()).over).to.equal(true);
    expect(notices()).to.have.length(1);
    expect((await world.round()).over).to.equal(true);
    expect(notices()).to.have.length(1);
  });

  it("takes the lock itself if the API died after its record", async () => {
    await world.setUp(["web"]);
    await world.stored.write({ id: "application/storefront", owner: "x", by: "execution", version: "v1", until: 0 });
    await world.round();
    expect(await world.lockOwner()).to.equal(ID);
    expect(deployment.running()).to.deep.equal([["web:2", 2]]);
  });

  it("does not keep the lock if the API cancels it meanwhile", async () => {
    await world.setUp(["web"]);
    const record = await readRecord(world.table, ID);
    await world.stored.clear();
    await world.stored.write({ id: "application/storefront", owner: ID, by: "deployment", version: "v2", until: 0 });
    if (record === undefined) throw new Error("There is no record.");
    const { value } = await capture(() => advanceDeployment(world.context, record, { kind: "message" }));
    expect(value).to.equal(false);
    expect(await world.lockOwner()).to.equal(undefined);
    expect(await world.stored.ids()).to.deep.equal(["application/storefront"]);
    expect(deployment.running()).to.deep.equal([["web:1", 2]]);
  });

  it("does not begin beside another that was quicker to take the lock", async () => {
    await world.setUp(["web"]);
    await world.stored.write({
      id: "application/storefront",
      owner: "x",
      by: "execution",
      version: "v1",
      until: UNTIL,
    });
    expect((await world.round()).over).to.equal(true);
    const cause = "storefront is being deployed: version v1 by pipeline execution x";
    expect(await world.progress()).to.deep.include({ state: "failed", cause });
    expect(deployment.running()).to.deep.equal([["web:1", 2]]);
  });

  it("waits for a record that comes after its message", async () => {
    await world.setUp(["web"]);
    const item = await world.stored.read(ID);
    await world.stored.clear();
    expect((await world.round()).over).to.equal(false);
    await world.stored.write({ ...item });
    await world.round();
    expect(deployment.running()).to.deep.equal([["web:2", 2]]);
  });

  const bodies: [string, string, string][] = [
    ["has no record", JSON.stringify({ id: "00000000-2222-3333-4444-555555555555" }), "it has no record"],
    ["names no id", "{}", "it has no record"],
    ["names a lock", JSON.stringify({ id: "application/storefront" }), "it has no record"],
    ["is not JSON", "{", "it has no record"],
  ];
  for (const [what, body, cause] of bodies) {
    it(`is dropped and logged if its message ${what}`, async () => {
      await world.setUp(["web"]);
      deployment.now += 2 * MINUTE;
      const { over, lines } = await world.round(body);
      expect(over).to.equal(true);
      expect(lines.map(({ level, message, cause }) => [level, message, cause])).to.deep.equal([
        ["warn", "message dropped", cause],
      ]);
      expect(updates()).to.deep.equal([]);
    });
  }

  it("releases the lock of a record that the API deleted, and then died: nobody could deploy for 75 minutes", async () => {
    await world.setUp(["web"]);
    await world.stored.clear();
    await world.stored.write({
      id: "application/storefront",
      owner: ID,
      by: "deployment",
      version: "v2",
      until: UNTIL,
    });
    deployment.now += 2 * MINUTE;
    const { table } = world.context;
    world.context.table = { ...table, table: "no-such-table" };
    expect((await world.round()).over).to.equal(false);
    world.context.table = table;
    expect((await world.round()).over).to.equal(true);
    expect(await world.lockOwner()).to.equal(undefined);
  });

  it("of another application is dropped", async () => {
    await world.setUp(["web"]);
    await world.stored.write({ ...(await world.stored.read(ID)), application: "basket" });
    const { over, lines } = await world.round();
    expect(over).to.equal(true);
    expect(lines[0]?.cause).to.equal("it belongs to basket");
    expect(deployment.inputsOf("RegisterTaskDefinition")).to.deep.equal([]);
  });
});
