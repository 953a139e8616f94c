import { expect } from "chai";
import { advanceDeployment, currentRecord } from "../../../handlers/deploy/recorded";
import { takeJob } from "../../../handlers/shared/records/jobs";
import { readRecord } from "../../../handlers/shared/records/record";
import { awsFault } from "../../callbacks/endpoint";
import { capture } from "../output";
import { IMAGE } from "./ecs";
import { LOCK, useRequested } from "./requestedSupport";
import { START } from "./support";

const MINUTE = 60_000;
const EXECUTION = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const RECORD = `deploy/${EXECUTION}`;
const BODY = JSON.stringify({ id: RECORD });
const TRIPPED = "ECS deployment circuit breaker: tasks failed to start";
const DONE = "storefront v2: web runs web:2, worker runs worker:2";

describe("deployment of a pipeline's execution", () => {
  const world = useRequested();
  const { deployment } = world;

  beforeEach(() => world.setUp(["web", "worker"], false));

  const wanted = { kind: "deploy" as const, image: IMAGE, version: "v2", execution: EXECUTION };
  const denied = () => {
    throw awsFault("AccessDeniedException", "not authorized");
  };

  /** CodePipeline's event for a job. */
  async function job(id: string, continuationToken?: string) {
    await capture(async () => {
      const record = await takeJob(world.context, wanted, { id, parameters: {}, continuationToken });
      await advanceDeployment(world.context, record, { kind: "job" }).catch(() => false);
    });
  }
  /** ECS's event that a rollout has ended. */
  async function event(service: string, eventName = "SERVICE_DEPLOYMENT_COMPLETED") {
    const deploymentId = String(deployment.ecs.services[service]?.deployments[0]?.id);
    await capture(async () => {
      const record = await currentRecord(world.context);
      if (record !== undefined) {
        await advanceDeployment(world.context, record, { kind: "event", event: { eventName, deploymentId } });
      }
    });
  }
  const message = async () => (await world.round(BODY)).over;
  const results = () =>
    deployment.endpoint.requests
      .filter(({ operation }) => operation.startsWith("PutJob"))
      .map(({ operation, input }) => {
        const { message: cause } = (input.failureDetails ?? {}) as { message?: string };
        return [operation, input.jobId, input.continuationToken ?? cause ?? "done"];
      });
  const success = (id: string) => ["PutJobSuccessResult", id, "done"];
  const complete = (...names: string[]) => {
    for (const name of names) deployment.ecs.complete(name);
  };
  const before = [
    ["web:1", 2],
    ["worker:1", 2],
  ];
  const after = [
    ["web:2", 2],
    ["worker:2", 2],
  ];

  it("starts in its first job, which stays open until the events of both services", async () => {
    await job("job-1");
    expect(deployment.running()).to.deep.equal(after);
    expect(results()).to.deep.equal([]);
    complete("web");
    await event("web");
    expect(results()).to.deep.equal([]);
    complete("worker");
    await event("worker");
    expect(results()).to.deep.equal([success("job-1")]);
    expect((await readRecord(world.table, RECORD))?.summary).to.equal(DONE);
  });

  it("sends its message before it writes its record, and writes that before UpdateService", async () => {
    await job("job-1");
    const order = deployment.endpoint.requests.map(({ operation }) => operation);
    expect(deployment.inputsOf("SendMessage")).to.deep.equal([
      { QueueUrl: world.context.options.queueUrl, MessageBody: BODY, DelaySeconds: 60 },
    ]);
    expect(order.indexOf("SendMessage")).to.be.below(order.indexOf("RegisterTaskDefinition"));
    deployment.endpoint.answers.SendMessage = denied;
    const error = await takeJob(
      world.context,
      { ...wanted, execution: "execution-2" },
      { id: "job-2", parameters: {} },
    ).catch((it: Error) => it.name);
    expect(error).to.equal("AccessDeniedException");
    expect(await readRecord(world.table, "deploy/execution-2")).to.equal(undefined);
  });

  it("is ended by an event that its read does not show yet", async () => {
    await job("job-1");
    complete("web");
    const { DescribeServices } = deployment.endpoint.answers;
    const stale = structuredClone(deployment.ecs.services);
    deployment.endpoint.answers.DescribeServices = () => ({ services: Object.values(stale) });
    await event("worker");
    expect(results()).to.deep.equal([success("job-1")]);
    Object.assign(deployment.endpoint.answers, { DescribeServices });
  });

  it("loses nothing by an event that comes before its record", async () => {
    await event("web");
    expect(deployment.endpoint.requests.map(({ operation }) => operation)).not.to.include("DescribeServices");
    await job("job-1");
    complete("web", "worker");
    expect(await message()).to.equal(false);
    expect(results()).to.deep.equal([success("job-1")]);
  });

  it("reports once, though the job, the events and the message come twice", async () => {
    await job("job-1");
    await job("job-1");
    complete("web", "worker");
    await event("web");
    await event("web");
    await message();
    await event("worker");
    await job("job-1");
    expect(results()).to.deep.equal([success("job-1")]);
    expect(deployment.inputsOf("UpdateService")).to.have.length(2);
  });

  it("continues its job before 20 minutes of silence, and keeps what an event tells after that for the next job", async () => {
    await job("job-1");
    deployment.now += 14 * MINUTE;
    await message();
    expect(results()).to.deep.equal([]);
    deployment.now += MINUTE;
    await message();
    expect(results()).to.deep.equal([["PutJobSuccessResult", "job-1", RECORD]]);
    complete("web", "worker");
    await event("worker");
    expect(results()).to.have.length(1);
    await job("job-2", RECORD);
    expect(results().slice(1)).to.deep.equal([success("job-2")]);
  });

  it("is followed and taken back while CodePipeline cannot be reached, and reports when it can be", async () => {
    await job("job-1");
    Object.assign(deployment.endpoint.answers, { PutJobFailureResult: denied, GetPipelineExecution: denied });
    complete("web");
    deployment.ecs.fail("worker", `${TRIPPED}.`, "by ECS");
    await message();
    complete("web", "worker");
    await message();
    expect(deployment.running()).to.deep.equal(before);
    expect(await world.lockOwner()).to.equal(undefined);
    Object.assign(deployment.endpoint.answers, { PutJobFailureResult: () => ({}) });
    expect(await message()).to.equal(false);
    const cause = `storefront v2 was not deployed. worker: ${TRIPPED}. Rollback: web is back at web:1; worker is back at worker:1.`;
    expect(results().at(-1)).to.deep.equal(["PutJobFailureResult", "job-1", cause]);
  });

  it("is not given up for one denied call while it is followed", async () => {
    await job("job-1");
    const { DescribeServices } = deployment.endpoint.answers;
    deployment.endpoint.answers.DescribeServices = denied;
    await message();
    expect((await readRecord(world.table, RECORD))?.summary).to.equal(
      "retrying: AccessDeniedException: not authorized",
    );
    Object.assign(deployment.endpoint.answers, { DescribeServices });
    complete("web", "worker");
    await message();
    expect(results()).to.deep.equal([success("job-1")]);
    expect(deployment.running()).to.deep.equal(after);
  });

  it("goes on where its function was killed between two services", async () => {
    const { UpdateService } = deployment.endpoint.answers;
    const record = await capture(() => takeJob(world.context, wanted, { id: "job-1", parameters: {} }));
    let killed = true;
    deployment.endpoint.answers.TagResource = ((tag) => (input) => {
      if (killed && String(input.resourceArn).includes("worker")) {
        killed = false;
        throw awsFault("ServerException", "killed", 500);
      }
      return tag?.(input) ?? {};
    })(deployment.endpoint.answers.TagResource);
    expect(record.value.id).to.equal(RECORD);
    Object.assign(deployment.endpoint.answers, { UpdateService });
    await message();
    await message();
    complete(...Object.keys(deployment.ecs.services));
    await message();
    const versions = deployment.running().map(([taskDefinition]) => String(taskDefinition).split(":")[1]);
    expect(new Set(versions).size).to.equal(1);
    expect(results()).to.have.length(1);
  });

  it("does not fail because the tag of a second revision was throttled once, or denied", async () => {
    const { TagResource } = deployment.endpoint.answers;
    for (const fault of ["ThrottlingException", "AccessDeniedException"]) {
      deployment.endpoint.answers.TagResource = (input) => {
        if (String(input.resourceArn).includes("worker")) throw awsFault(fault, "not now");
        return TagResource?.(input) ?? {};
      };
      await (fault === "ThrottlingException" ? job("job-1") : message());
      expect((await readRecord(world.table, RECORD))?.summary).to.equal(`retrying: ${fault}: not now`);
      expect(deployment.inputsOf("UpdateService").map(({ service }) => service)).to.deep.equal(["web"]);
    }
    Object.assign(deployment.endpoint.answers, { TagResource });
    await message();
    complete("web", "worker");
    await message();
    expect(deployment.running()).to.deep.equal(after);
    expect(deployment.inputsOf("UpdateService").map(({ service }) => service)).to.deep.equal(["web", "worker"]);
    expect(results()).to.deep.equal([success("job-1")]);
  });

  it("goes back if the pipeline's execution ends before the rollout, so that services agree with tag and schedules", async () => {
    await job("job-1");
    complete("web");
    world.execution = "Failed";
    await message();
    complete("web", "worker");
    expect(deployment.running()).to.deep.equal(before);
    expect(await message()).to.equal(true);
    expect(await world.lockOwner()).to.equal(undefined);
    expect((await readRecord(world.table, RECORD))?.cause).to.equal(
      "storefront v2 was not deployed. the pipeline execution had already ended. Rollback: web is back at web:1; worker is back at worker:1.",
    );
  });

  it("begins nothing for an execution that ended while it waited", async () => {
    await world.stored.write({ id: LOCK, owner: "x", by: "deployment", version: "v1", until: START / 1_000 + 600 });
    await job("job-1");
    expect((await readRecord(world.table, RECORD))?.summary).to.equal("waiting for version v1 by deployment request x");
    await world.stored.write({ id: LOCK, owner: "x", by: "deployment", version: "v1", until: 0 });
    world.execution = "Stopped";
    expect(await message()).to.equal(true);
    expect(deployment.running()).to.deep.equal(before);
  });

  it("begins in its turn, when the one that it waits for has ended", async () => {
    await world.stored.write({ id: LOCK, owner: "x", by: "deployment", version: "v1", until: START / 1_000 + 600 });
    await job("job-1");
    await world.stored.write({ id: LOCK, owner: "x", by: "deployment", version: "v1", until: 0 });
    await message();
    expect(deployment.running()).to.deep.equal(after);
  });

  it("holds the lock until the execution has ended, Tag included, and renews it meanwhile", async () => {
    await job("job-1");
    complete("web", "worker");
    await event("worker");
    deployment.now += 74 * MINUTE;
    expect(await message()).to.equal(false);
    deployment.now += 2 * MINUTE;
    expect(await world.lockOwner()).to.equal(EXECUTION);
    world.execution = "Succeeded";
    expect(await message()).to.equal(true);
    expect(await world.lockOwner()).to.equal(undefined);
  });

  it("does not take the lock again that Tag has given back", async () => {
    await job("job-1");
    complete("web", "worker");
    await event("worker");
    await world.stored.write({ ...(await world.stored.read(LOCK)), until: 0 });
    expect(await message()).to.equal(false);
    expect(await world.lockOwner()).to.equal(undefined);
  });

  it("of a stage that is retried begins anew, and a repeated event of the first job changes nothing", async () => {
    await job("job-1");
    deployment.ecs.fail("worker", `${TRIPPED}.`, "by ECS");
    await message();
    complete("web", "worker");
    await message();
    expect(results()).to.have.length(1);
    await job("job-2");
    await job("job-1");
    complete("web", "worker");
    await message();
    expect(results().slice(1)).to.deep.equal([success("job-2")]);
    expect(deployment.running()).to.deep.equal([
      ["web:3", 2],
      ["worker:3", 2],
    ]);
  });
});
