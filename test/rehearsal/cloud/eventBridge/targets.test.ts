import type { PutRuleRequest } from "@aws-sdk/client-eventbridge";
import { expect } from "chai";
import type { Principal } from "../../../../rehearsal/cloud/service";
import { isKind, linesOf } from "../lambda/support";
import {
  ACCOUNT,
  CLUSTER,
  createTargetCloud,
  ecsTarget,
  FAILED,
  PIPELINE,
  RULE,
  type TargetCloud,
} from "./targetSupport";

const OPERATOR: Principal = { kind: "operator" };

describe("The targets of EventBridge's rules", () => {
  let account: TargetCloud;
  beforeEach(async () => {
    account = await createTargetCloud();
  });
  afterEach(() => account.cloud.close());

  it("are invoked with the event, as a service sent it", async () => {
    await account.rule();
    const arn = await account.declareFunctionTarget();
    const invoked = account.cloud.until(isKind("function-invoked"));
    const told = account.called();
    const Time = new Date(Date.UTC(2026, 0, 5, 8, 59, 30, 250));
    const { FailedEntryCount, Entries = [] } = await account.putEvents(FAILED, { Time });
    expect(FailedEntryCount).to.equal(0);
    expect(await told).to.deep.equal({ kind: "rule", rule: "dev-failures", target: arn });
    expect((await invoked).outcome).to.equal("succeeded");
    const [line = ""] = linesOf(account.cloud, "/aws/lambda/notices").filter((it) => it.startsWith("{"));
    expect(JSON.parse(line)).to.deep.equal({
      version: "0",
      id: Entries[0]?.EventId,
      "detail-type": "CodePipeline Pipeline Execution State Change",
      source: "aws.codepipeline",
      account: ACCOUNT,
      time: "2026-01-05T08:59:30Z",
      region: "us-east-1",
      resources: [PIPELINE],
      detail: FAILED,
    });
  });

  it("are not invoked where the function lets in another rule", async () => {
    await account.rule();
    await account.declareFunctionTarget(`${RULE}s`);
    const told = account.called();
    await account.putEvents();
    expect((await told).error).to.match(
      /^Service: events\.amazonaws\.com is not authorized to perform: lambda:InvokeFunction on resource: .* if ArnLike AWS:SourceArn arn:aws:events:us-east-1:123456789012:rule\/dev-failuress; the request has AWS:SourceArn arn:aws:events:us-east-1:123456789012:rule\/dev-failures\.$/,
    );
    expect(account.cloud.trail.at(-1)).to.include({ service: "lambda", operation: "Invoke", outcome: "denied" });
  });

  for (const [what, Condition, delivered] of [
    ["this rule", { ArnEquals: { "aws:SourceArn": RULE } }, true],
    ["another rule", { ArnEquals: { "aws:SourceArn": `${RULE}s` } }, false],
  ] as const)
    it(`publish to a topic whose policy lets in ${what}${delivered ? "" : ", in vain"}`, async () => {
      await account.rule();
      const topic = await account.cloud.declare("aws:sns/topic:Topic", "notices", { name: "notices" });
      const topicArn = String(topic.outputs.arn);
      const statement = {
        Effect: "Allow",
        Principal: { Service: "events.amazonaws.com" },
        Action: "sns:Publish",
        Resource: topicArn,
        Condition,
      };
      await account.cloud.declare("aws:sns/topicPolicy:TopicPolicy", "notices", {
        arn: topicArn,
        policy: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }),
      });
      await account.cloud.declare("aws:sns/topicSubscription:TopicSubscription", "notices", {
        topic: topicArn,
        protocol: "email",
        endpoint: "platform@acme.example",
      });
      await account.target(topicArn, { input: '"A pipeline failed"' });
      const told = account.called();
      await account.putEvents();
      expect((await told).error === undefined).to.equal(delivered);
      expect(account.deliveries.map((it) => [it.endpoint, it.message])).to.deep.equal(
        delivered ? [["platform@acme.example", '"A pipeline failed"']] : [],
      );
    });

  it("start a pipeline under the target's role", async () => {
    await account.rule();
    const roleArn = await account.role("codepipeline:StartPipelineExecution", PIPELINE);
    await account.target(PIPELINE, { roleArn });
    const told = account.called();
    await account.putEvents();
    expect(await told).to.deep.equal({ kind: "rule", rule: "dev-failures", target: PIPELINE });
    expect(account.pipelines.asked).to.deep.equal([
      { caller: { kind: "role", arn: roleArn }, input: { name: "prod-storefront" } },
    ]);
  });

  for (const [what, action, service, message] of [
    [
      "that may not start the pipeline",
      "codepipeline:GetPipeline",
      "events.amazonaws.com",
      /^User: arn:aws:sts::123456789012:assumed-role\/caller\/rehearsal is not authorized to perform: codepipeline:StartPipelineExecution /,
    ],
    [
      "that does not trust EventBridge",
      "codepipeline:StartPipelineExecution",
      "ecs.amazonaws.com",
      /^events\.amazonaws\.com is unable to assume the role arn:aws:iam::123456789012:role\/caller: /,
    ],
  ] as const)
    it(`start no pipeline under a role ${what}`, async () => {
      await account.rule();
      await account.target(PIPELINE, { roleArn: await account.role(action, PIPELINE, service) });
      const told = account.called();
      await account.putEvents();
      expect((await told).error).to.match(message);
      expect(account.pipelines.asked).to.deep.equal([]);
    });

  it("run a task when the schedule falls due, with the input as overrides", async () => {
    await account.rule({ scheduleExpression: "cron(0 3 * * ? *)" });
    const roleArn = await account.role(
      "ecs:RunTask",
      `arn:aws:ecs:us-east-1:${ACCOUNT}:task-definition/dev-storefront-task:*`,
    );
    const overrides = { containerOverrides: [{ name: "app", command: ["node", "report.js"] }] };
    await account.target(CLUSTER, { roleArn, ecsTarget, input: JSON.stringify(overrides) });
    const told = account.called();
    await account.cloud.clock.turn(18 * 60 * 60_000 - 1);
    expect(account.ecs.asked).to.deep.equal([]);
    await account.cloud.clock.turn(1);
    expect(await told).to.deep.equal({ kind: "rule", rule: "dev-failures", target: CLUSTER });
    expect(account.ecs.asked.map((it) => JSON.parse(JSON.stringify(it)))).to.deep.equal([
      {
        caller: { kind: "role", arn: roleArn },
        input: {
          cluster: CLUSTER,
          taskDefinition: ecsTarget.taskDefinitionArn,
          count: 1,
          launchType: "FARGATE",
          networkConfiguration: {
            awsvpcConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: "ENABLED" },
          },
          overrides,
          startedBy: "events-rule/dev-failures",
        },
      },
    ]);
  });

  it("have failed where ECS answers with failures", async () => {
    account.answers.ecs = {
      tasks: [],
      failures: [{ arn: "subnet-1", reason: "RESOURCE:ENI" }, { reason: "CAPACITY" }],
    };
    await account.rule();
    const roleArn = await account.role("ecs:RunTask", "*");
    await account.target(CLUSTER, { roleArn, ecsTarget });
    const told = account.called();
    await account.putEvents();
    expect((await told).error).to.equal("ECS started 0 tasks: subnet-1 RESOURCE:ENI; CAPACITY");
  });

  it("get what a schedule sends", async () => {
    await account.rule({ scheduleExpression: "rate(10 minutes)" });
    await account.declareFunctionTarget();
    const invoked = account.cloud.until(isKind("function-invoked"));
    await account.cloud.clock.turn(10 * 60_000);
    await invoked;
    const [line = ""] = linesOf(account.cloud, "/aws/lambda/notices").filter((it) => it.startsWith("{"));
    const { id, ...event } = JSON.parse(line);
    expect(id).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(event).to.deep.equal({
      version: "0",
      "detail-type": "Scheduled Event",
      source: "aws.events",
      account: ACCOUNT,
      time: "2026-01-05T09:10:00Z",
      region: "us-east-1",
      resources: [RULE],
      detail: {},
    });
  });

  it("are called by what the rule is now: changed, disabled and deleted rules do not fire as they did", async () => {
    const api = (name: string, input: object) => account.cloud.call<object, object>(OPERATOR, "events", name, input);
    const put = (more: Partial<PutRuleRequest>) => api("PutRule", { Name: "dev-failures", ...more });
    const turn = (minutes: number) => account.cloud.clock.turn(minutes * 60_000);
    await account.rule({ scheduleExpression: "rate(10 minutes)" });
    const topic = await account.cloud.declare("aws:sns/topic:Topic", "notices", { name: "notices" });
    await account.target(String(topic.outputs.arn), { targetId: "topic" });
    await turn(15);
    await put({ ScheduleExpression: "rate(4 minutes)" });
    await turn(9);
    await put({ ScheduleExpression: "rate(4 minutes)", State: "DISABLED" });
    await turn(10);
    await put({ ScheduleExpression: "rate(4 minutes)" });
    await turn(5);
    await api("RemoveTargets", { Rule: "dev-failures", Ids: ["topic"] });
    await api("DeleteRule", { Name: "dev-failures" });
    await turn(20);
    const published = account.cloud.trail.filter((it) => it.operation === "Publish");
    expect(published.map((it) => (it.at - Date.UTC(2026, 0, 5, 9)) / 60_000)).to.deep.equal([10, 19, 23, 38]);
  });

  it("are not called for an event that the pattern does not take, nor by a disabled rule", async () => {
    await account.rule({ eventPattern: '{"detail":{"state":["FAILED"]}}', state: "DISABLED" });
    await account.target(PIPELINE, { roleArn: await account.role("codepipeline:StartPipelineExecution", PIPELINE) });
    await account.putEvents();
    const api = (input: PutRuleRequest) => account.cloud.call<object, object>(OPERATOR, "events", "PutRule", input);
    await api({ Name: "dev-failures", EventPattern: '{"detail":{"state":["FAILED"]}}' });
    await account.putEvents({ ...FAILED, state: "SUCCEEDED" });
    const told = account.called();
    await account.putEvents();
    await told;
    expect(account.pipelines.asked.length).to.equal(1);
  });
});
