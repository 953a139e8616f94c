import { expect } from "chai";
import { awsError } from "../../../../rehearsal/cloud/service";
import { createTargetCloud, PIPELINE, type TargetCloud } from "./targetSupport";

describe("The targets of EventBridge's rules, while they fail", () => {
  let account: TargetCloud;
  beforeEach(async () => {
    account = await createTargetCloud();
  });
  afterEach(() => account.cloud.close());

  it("are called again after errors that may pass, and no failure is counted", async () => {
    await account.rule();
    await account.target(PIPELINE, { roleArn: await account.role("codepipeline:StartPipelineExecution", PIPELINE) });
    account.answers.pipelineErrors = [
      awsError("InternalFailure", "down", 500),
      awsError("ThrottlingException", "Rate exceeded"),
    ];
    const put = account.cloud.events.filter(({ kind }) => kind.startsWith("rule"));
    const told = account.called();
    await account.putEvents();
    const failures = async (count: number) => {
      while (account.answers.pipelineErrors.length > 2 - count) await new Promise(setImmediate);
      // Until the retry waits for its time.
      await new Promise(setImmediate);
    };
    await failures(1);
    // The metric TriggeredRules counts the rule when it matches, not when its retries end.
    expect(account.cloud.events.filter(({ kind }) => kind.startsWith("rule"))).to.deep.equal([
      ...put,
      { kind: "rule-triggered", rule: "dev-failures" },
    ]);
    await account.cloud.clock.turn(14_999);
    expect(account.answers.pipelineErrors).to.have.length(1);
    await account.cloud.clock.turn(1);
    await failures(2);
    await account.cloud.clock.turn(30_000);
    expect(await told).to.deep.equal({ kind: "rule", rule: "dev-failures", target: PIPELINE });
    expect(account.pipelines.asked).to.have.length(3);
  });

  it("are given up after a day", async () => {
    await account.rule();
    await account.target(PIPELINE, { roleArn: await account.role("codepipeline:StartPipelineExecution", PIPELINE) });
    account.answers.pipelineErrors = Array.from({ length: 1_000 }, () => awsError("InternalFailure", "down", 500));
    const told = account.called();
    await account.putEvents();
    await account.cloud.clock.turn(25 * 60 * 60_000);
    expect(await told).to.deep.equal({ kind: "rule", rule: "dev-failures", target: PIPELINE, error: "down" });
  });
});
