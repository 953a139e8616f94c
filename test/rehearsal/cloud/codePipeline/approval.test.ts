import { PutApprovalResultCommand } from "@aws-sdk/client-codepipeline";
import { expect } from "chai";
import { approvalNotice } from "../../../../rehearsal/cloud/codePipeline/approvalNotice";
import type { Service } from "../../../../rehearsal/cloud/service";
import { createSns, type Sns } from "../../../../rehearsal/cloud/sns";
import { namedRefusal } from "../../../refusal";
import { until } from "../ecs/containerSupport";
import { aws, createPipelineCloud, type PipelineCloud, source, stage, statements } from "./support";

const topic = "arn:aws:sns:us-east-1:123456789012:notices";
const publish = { Effect: "Allow", Action: "sns:Publish", Resource: topic };

const approve = (configuration: object = {}) => ({ ...aws("Approval", "Manual"), name: "Approve", configuration });

describe("a manual approval", () => {
  let account: PipelineCloud;
  let sns: Sns;

  beforeEach(async () => {
    account = await createPipelineCloud([
      (cloud): Service => {
        sns = createSns(cloud);
        return sns;
      },
    ]);
    await account.cloud.declare("aws:sns/topic:Topic", "notices", { name: "notices" });
    await account.cloud.declare("aws:sns/topicSubscription:TopicSubscription", "me", {
      topic,
      protocol: "email",
      endpoint: "team@acme.example",
    });
  });

  afterEach(() => account.close());

  const declare = (configuration: object = {}, granted: object[] = [...Object.values(statements), publish]) =>
    account.declare([stage("Source", source), stage("Release", approve(configuration))], { granted });

  async function waiting(): Promise<string> {
    const id = await account.start();
    await account.action(id, "Approve");
    return id;
  }

  it("lets the execution on, or fails it with what the reviewer said", async () => {
    await declare();
    const approved = await waiting();
    await account.decide("Release", "Approve", "Approved", "looks well");
    expect(await account.finished(approved)).to.deep.equal({ status: "Succeeded", reason: undefined });
    const rejected = await waiting();
    await account.decide("Release", "Approve", "Rejected", "not today");
    expect(await account.finished(rejected)).to.deep.equal({
      status: "Failed",
      reason: "Release/Approve: Rejected: not today",
    });
    const results = [];
    const answered = [];
    for (const id of [approved, rejected]) {
      const approval = (await account.actions(id))[1];
      results.push(approval?.output?.executionResult);
      answered.push(approval?.updatedBy);
    }
    const caller = "arn:aws:iam::123456789012:role/caller";
    expect(answered).to.deep.equal([caller, caller]);
    expect(results).to.deep.equal([
      { externalExecutionSummary: "looks well" },
      {
        externalExecutionSummary: "Rejected: not today",
        errorDetails: { code: "JobFailed", message: "Rejected: not today" },
      },
    ]);
  });

  it("is decided once", async () => {
    await declare();
    const id = await waiting();
    const token = await account.decide("Release", "Approve", "Approved", "yes");
    const where = { pipelineName: "storefront", stageName: "Release", actionName: "Approve", token };
    const again = new PutApprovalResultCommand({ ...where, result: { status: "Rejected", summary: "no" } });
    expect(await namedRefusal(account.client.send(again))).to.equal(
      "ApprovalAlreadyCompletedException: The approval action has already been approved or rejected.",
    );
    expect((await account.finished(id)).status).to.equal("Succeeded");
  });

  const unknown: [string, object, string][] = [
    ["pipeline", { pipelineName: "shop" }, "PipelineNotFoundException: The pipeline shop does not exist."],
    ["stage", { stageName: "Approve" }, "StageNotFoundException: The pipeline storefront has no stage Approve."],
    ["action", { actionName: "Release" }, "ActionNotFoundException: The stage Release has no action Release."],
  ];
  for (const [what, where, message] of unknown)
    it(`is not decided for a ${what} that does not exist`, async () => {
      await declare();
      await waiting();
      const names = { pipelineName: "storefront", stageName: "Release", actionName: "Approve", ...where };
      const token = "11111111-1111-1111-1111-111111111111";
      const result = { status: "Approved" as const, summary: "yes" };
      await account.cloud
        .call({ kind: "operator" }, "codepipeline", "PutApprovalResult", { ...names, token, result })
        .then(
          () => expect.fail("it was decided"),
          (error: Error) => expect(`${error.name}: ${error.message}`).to.equal(message),
        );
    });

  it("fails after seven days", async () => {
    await declare();
    const id = await waiting();
    await account.cloud.clock.turn(7 * 24 * 3600_000);
    expect((await account.finished(id)).reason).to.equal(
      "Release/Approve: The approval was not given within seven days.",
    );
  });

  it("tells its topic what waits for whom, with variables in their place", async () => {
    const link = "https://example.com/#{Source.VersionId}";
    await declare({ NotificationArn: topic, CustomData: "version #{Source.ETag}", ExternalEntityLink: link });
    await waiting();
    await until(() => sns.deliveries.length > 0);
    const [{ subject, message } = { message: "{}" }, ...more] = sns.deliveries;
    expect(more).to.deep.equal([]);
    expect(subject).to.equal("APPROVAL NEEDED: AWS CodePipeline storefront for action Approve");
    const { approval, ...rest } = JSON.parse(message);
    const token = await account.decide("Release", "Approve", "Approved", "yes");
    const consoleLink =
      "https://console.aws.amazon.com/codesuite/codepipeline/pipelines/storefront/view?region=us-east-1";
    expect(rest).to.deep.equal({ region: "us-east-1", consoleLink });
    expect(approval).to.deep.equal({
      pipelineName: "storefront",
      stageName: "Release",
      actionName: "Approve",
      token,
      expires: "2026-01-12T09:00Z",
      externalEntityLink: `https://example.com/${account.version}`,
      approvalReviewLink: `${consoleLink}#/Release/Approve/approve/${token}`,
      customData: "version f97c5d29941bfb1b2fdab0874906ab82",
    });
  });

  it("fails where its notice cannot be published", async () => {
    await declare({ NotificationArn: topic }, Object.values(statements));
    const denied = await account.finished(await account.start());
    expect(denied.status).to.equal("Failed");
    expect(denied.reason).to.match(
      /^Release\/Approve: User: .*assumed-role\/pipeline\/.* is not authorized to perform: sns:Publish on resource: arn:aws:sns:.*:notices/,
    );
  });

  it("holds its stage: of the executions that wait behind it, the newest goes on", async () => {
    await declare();
    const first = await waiting();
    const second = await account.start();
    await account.action(second, "Source", "Succeeded");
    const third = await account.start();
    expect(await account.finished(second)).to.deep.equal({
      status: "Superseded",
      reason: "A newer execution waits for stage Release.",
    });
    await account.decide("Release", "Approve", "Rejected", "an older one");
    expect((await account.finished(first)).status).to.equal("Failed");
    await account.action(third, "Approve");
    await account.decide("Release", "Approve", "Approved", "the newest");
    expect((await account.finished(third)).status).to.equal("Succeeded");
    expect((await account.actions(second)).map((it) => it.actionName)).to.deep.equal(["Source"]);
  });

  it("names long pipelines and actions by their first 24 characters, and the console of China", () => {
    const action = { ...approve(), name: "a".repeat(25), runOrder: 1, inputArtifacts: [], outputArtifacts: [] };
    const cloud = { ...account.cloud, partition: "aws-cn", region: "cn-north-1" };
    const run = { cloud, pipeline: "p".repeat(24), stage: "Release", action, configuration: {} };
    const notice = approvalNotice(run as never, "token", new Date(Date.UTC(2026, 0, 5, 9, 30, 59)));
    expect(notice.Subject).to.equal(
      `APPROVAL NEEDED: AWS CodePipeline ${"p".repeat(24)} for action ${"a".repeat(24)}...`,
    );
    const { consoleLink, approval } = JSON.parse(notice.Message);
    expect(consoleLink).to.match(/^https:\/\/console\.amazonaws\.cn\/.*region=cn-north-1$/);
    expect([approval.expires, approval.customData, approval.externalEntityLink]).to.deep.equal([
      "2026-01-05T09:30Z",
      null,
      null,
    ]);
  });
});
