import { expect } from "chai";
import { namedRefusal } from "../../../refusal";
import { createPipelineCloud, invoke, type Job, type PipelineCloud, source, stage } from "./support";

const minute = 60_000;

describe("the results of a pipeline's jobs", () => {
  let account: PipelineCloud;

  beforeEach(async () => {
    account = await createPipelineCloud();
  });

  afterEach(() => account.close());

  it("carry variables into the actions after them", async () => {
    const second = {
      configuration: { FunctionName: "deploy", UserParameters: "#{First.image} #{codepipeline.PipelineExecutionId}" },
    };
    await account.declare([
      stage("Source", source),
      stage("Deploy", invoke("First", { namespace: "First" }), invoke("Second", { ...second, runOrder: 2 })),
    ]);
    const id = await account.start();
    await account.succeed(await account.inbox.next(), { outputVariables: { image: 'a "quoted" one' } });
    const { configuration } = (await account.inbox.next()).data.actionConfiguration;
    expect(configuration.UserParameters).to.equal(`a "quoted" one ${id}`);
  });

  it("with a continuation token invoke again after half a minute, as another job", async () => {
    await account.declare();
    const id = await account.start();
    const first = await account.inbox.next();
    await account.succeed(first, { continuationToken: "task-1", executionDetails: { summary: "rolling out" } });
    await account.cloud.clock.turn(29_999);
    expect(account.inbox.jobs).to.deep.equal([]);
    await account.cloud.clock.turn(1);
    const second = await account.inbox.next();
    expect(second.data.continuationToken).to.equal("task-1");
    expect(second.id).to.not.equal(first.id);
    expect(await namedRefusal(account.succeed(first))).to.match(
      /^InvalidJobStateException: The job .* has its result already/,
    );
    await account.succeed(second);
    expect((await account.finished(id)).status).to.equal("Succeeded");
  });

  it("fail the action with the message that they bring", async () => {
    await account.declare();
    const id = await account.start();
    await account.fail(await account.inbox.next(), "The image is gone.");
    expect(await account.finished(id)).to.deep.equal({ status: "Failed", reason: "Deploy/Deploy: The image is gone." });
    const [, deployed] = await account.actions(id);
    expect(deployed?.output?.executionResult?.errorDetails).to.deep.equal({
      code: "ConfigurationError",
      message: "The image is gone.",
    });
  });

  it("are taken once", async () => {
    await account.declare();
    await account.start();
    const job = await account.inbox.next();
    await account.succeed(job);
    expect(await namedRefusal(account.fail(job, "late"))).to.match(/^InvalidJobStateException/);
    expect(await namedRefusal(account.succeed({ ...job, id: "11111111-1111-1111-1111-111111111111" }))).to.match(
      /^JobNotFoundException/,
    );
  });

  const tooLong = (field: string, most: number) =>
    `at '${field}' failed to satisfy constraint: Member must have length less than or equal to ${most}`;
  const tooShort = (field: string) =>
    `at '${field}' failed to satisfy constraint: Member must have length greater than or equal to 1`;
  const limits: [string, (job: Job) => Promise<unknown>, string][] = [
    [
      "a token of 2049 characters",
      (job) => account.succeed(job, { continuationToken: "t".repeat(2049) }),
      tooLong("continuationToken", 2048),
    ],
    ["an empty token", (job) => account.succeed(job, { continuationToken: "" }), tooShort("continuationToken")],
    [
      "a message of 5001 characters",
      (job) => account.fail(job, "m".repeat(5001)),
      tooLong("failureDetails.message", 5000),
    ],
    ["an empty message", (job) => account.fail(job, ""), tooShort("failureDetails.message")],
    [
      "an external execution id of 1501 characters",
      (job) => account.succeed(job, { executionDetails: { externalExecutionId: "e".repeat(1501) } }),
      tooLong("executionDetails.externalExecutionId", 1500),
    ],
    [
      "variables beside a token",
      (job) => account.succeed(job, { continuationToken: "t", outputVariables: { a: "b" } }),
      "exclude each other",
    ],
  ];
  for (const [what, send, why] of limits)
    it(`are refused with ${what}, and the job stays open`, async () => {
      await account.declare();
      const id = await account.start();
      const job = await account.inbox.next();
      expect(await namedRefusal(send(job)))
        .to.match(/^ValidationException/)
        .and.include(why);
      await account.succeed(job);
      expect((await account.finished(id)).status).to.equal("Succeeded");
    });

  it("are waited for twenty minutes after each reply", async () => {
    await account.declare();
    const id = await account.start();
    await account.cloud.clock.turn(0);
    const first = await account.inbox.next();
    await account.cloud.clock.turn(20 * minute - 1);
    await account.succeed(first, { continuationToken: "1" });
    await account.cloud.clock.turn(30_000);
    const second = await account.inbox.next();
    await account.cloud.clock.turn(20 * minute);
    const { status, reason } = await account.finished(id);
    expect(status).to.equal("Failed");
    expect(reason).to.include(
      "Deploy/Deploy: The AWS Lambda function deploy failed to return a result within 20 minutes",
    );
    expect(await namedRefusal(account.succeed(second))).to.match(/^InvalidJobStateException/);
  });

  it("may continue for a day and no longer", async () => {
    await account.declare();
    const id = await account.start();
    for (let hours = 0; hours < 24; hours += 0.25) {
      await account.succeed(await account.inbox.next(), { continuationToken: "again" });
      await account.cloud.clock.turn(15 * minute);
    }
    const { reason } = await account.finished(id);
    expect(reason).to.include("has not succeeded or failed within 24 hours");
  });
});
