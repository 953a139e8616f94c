import { expect } from "chai";
import { createBus } from "../eventBridge/busSupport";
import { aws, createPipelineCloud, deliver, invoke, type PipelineCloud, source, stage } from "./support";

const executions = "CodePipeline Pipeline Execution State Change";
const stages = "CodePipeline Stage Execution State Change";
const actions = "CodePipeline Action Execution State Change";

describe("the events of a pipeline", () => {
  let account: PipelineCloud;
  let bus: ReturnType<typeof createBus>;

  beforeEach(async () => {
    bus = createBus();
    account = await createPipelineCloud([bus.create]);
  });

  afterEach(() => account.close());

  it("tell the beginning and the end of executions, stages and actions", async () => {
    await account.declare();
    const id = await account.start();
    await account.succeed(await account.inbox.next(), { executionDetails: { summary: "rolling out" } });
    await account.finished(id);
    const every = {
      pipeline: "storefront",
      "execution-id": id,
      "start-time": "2026-01-05T09:00:00.000Z",
      version: 1,
      "pipeline-execution-attempt": 1,
    };
    expect(bus.detailsOf(executions)).to.deep.equal([
      { ...every, state: "STARTED" },
      { ...every, state: "SUCCEEDED" },
    ]);
    expect(bus.detailsOf(stages)).to.deep.equal([
      { ...every, stage: "Source", state: "STARTED" },
      { ...every, stage: "Source", state: "SUCCEEDED" },
      { ...every, stage: "Deploy", state: "STARTED" },
      { ...every, stage: "Deploy", state: "SUCCEEDED" },
    ]);
    const [sourced, deployed] = await account.actions(id);
    const one = (stage: string, state: string, category: string, provider: string, executionId?: string) => ({
      ...every,
      stage,
      action: stage,
      "action-execution-id": executionId,
      state,
      region: "us-east-1",
      type: { owner: "AWS", provider, category, version: "1" },
    });
    expect(bus.detailsOf(actions)).to.deep.equal([
      one("Source", "STARTED", "Source", "S3", sourced?.actionExecutionId),
      one("Source", "SUCCEEDED", "Source", "S3", sourced?.actionExecutionId),
      one("Deploy", "STARTED", "Invoke", "Lambda", deployed?.actionExecutionId),
      one("Deploy", "SUCCEEDED", "Invoke", "Lambda", deployed?.actionExecutionId),
    ]);
    const { Detail, ...envelope } = bus.entries[0] ?? {};
    expect(envelope).to.deep.equal({
      Source: "aws.codepipeline",
      DetailType: executions,
      Resources: ["arn:aws:codepipeline:us-east-1:123456789012:storefront"],
      Time: new Date(Date.UTC(2026, 0, 5, 9)),
    });
  });

  it("say why an action failed", async () => {
    await account.declare();
    const id = await account.start();
    await account.fail(await account.inbox.next(), "The image is gone.");
    await account.finished(id);
    expect(bus.detailsOf(executions).map((it) => it.state)).to.deep.equal(["STARTED", "FAILED"]);
    expect(bus.detailsOf(stages).at(-1)).to.include({ stage: "Deploy", state: "FAILED" });
    expect(bus.detailsOf(actions).at(-1)).to.deep.include({
      state: "FAILED",
      "execution-result": { "external-execution-summary": "The image is gone.", "error-code": "ConfigurationError" },
    });
  });

  it("tell which execution was superseded", async () => {
    await account.declare([
      stage("Source", source),
      stage("Release", { ...aws("Approval", "Manual"), name: "Approve" }),
    ]);
    await account.action(await account.start(), "Approve");
    const second = await account.start();
    await account.action(second, "Source", "Succeeded");
    await account.start();
    await account.finished(second);
    expect(
      bus
        .detailsOf(executions)
        .filter((it) => it["execution-id"] === second)
        .map((it) => it.state),
    ).to.deep.equal(["STARTED", "SUPERSEDED"]);
  });

  it("are one for each change, however often a function says how far it is", async () => {
    await account.declare([stage("Source", source), stage("Deploy", invoke("Deploy"))]);
    const id = await account.start();
    for (const summary of ["1 of 3", "2 of 3"]) {
      await account.succeed(await account.inbox.next(), { continuationToken: "t", executionDetails: { summary } });
      await account.cloud.clock.turn(30_000);
    }
    await account.succeed(await account.inbox.next());
    await account.finished(id);
    const told = bus.detailsOf(actions).filter((it) => it.action === "Deploy");
    expect(told.map((it) => it.state)).to.deep.equal(["STARTED", "SUCCEEDED"]);
  });

  it("go nowhere in an account without EventBridge", async () => {
    const alone = await createPipelineCloud();
    try {
      await alone.declare(deliver);
      const id = await alone.start();
      await alone.succeed(await alone.inbox.next());
      expect((await alone.finished(id)).status).to.equal("Succeeded");
      expect(alone.cloud.trail.filter((it) => it.service === "events")).to.deep.equal([]);
    } finally {
      await alone.close();
    }
  });
});
