import type { PutEventsRequest, PutEventsResponse, PutRuleRequest } from "@aws-sdk/client-eventbridge";
import { expect } from "chai";
import { createEventBridge } from "../../../../rehearsal/cloud/eventBridge";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { awsError, type Cloud, operation, type Principal, type Service } from "../../../../rehearsal/cloud/service";
import { createSns, type Delivery } from "../../../../rehearsal/cloud/sns";
import { createTestCloud, type TestCloud } from "../../support";
import { declareFunction, isKind, linesOf } from "../lambda/support";

const ACCOUNT = "123456789012";
const RULE = `arn:aws:events:us-east-1:${ACCOUNT}:rule/dev-failures`;
const CLUSTER = `arn:aws:ecs:us-east-1:${ACCOUNT}:cluster/dev`;
const PIPELINE = `arn:aws:codepipeline:us-east-1:${ACCOUNT}:prod-storefront`;
const OPERATOR: Principal = { kind: "operator" };
const CODE_PIPELINE: Principal = { kind: "aws", service: "codepipeline.amazonaws.com" };
const FAILED = { pipeline: "dev-storefront", "execution-id": "1", state: "FAILED", version: 2 };

/** A service whose one operation answers as the test says, and keeps who asked for what. */
function stubbed(name: string, operationName: string, action: string, resource: string, answer: () => object) {
  const asked: { caller: Principal; input: object }[] = [];
  const create = (_cloud: Cloud): Service => ({
    name,
    resources: {},
    operations: {
      [operationName]: operation<object, object>({
        permissions: () => [{ action, resource }],
        perform(input, { caller }) {
          asked.push({ caller, input });
          return answer();
        },
      }),
    },
  });
  return { asked, create };
}

describe("The targets of EventBridge's rules", () => {
  let cloud: TestCloud;
  let deliveries: readonly Delivery[];
  let ecsAnswer: object;
  /** What the first starts of the pipeline fail with. */
  let pipelineErrors: Error[];
  const pipelines = stubbed(
    "codepipeline",
    "StartPipelineExecution",
    "codepipeline:StartPipelineExecution",
    PIPELINE,
    () => {
      const error = pipelineErrors.shift();
      if (error !== undefined) throw error;
      return {};
    },
  );
  const ecs = stubbed(
    "ecs",
    "RunTask",
    "ecs:RunTask",
    `arn:aws:ecs:us-east-1:${ACCOUNT}:task-definition/dev-storefront-task:7`,
    () => ecsAnswer,
  );

  beforeEach(async () => {
    pipelines.asked.length = 0;
    pipelineErrors = [];
    ecs.asked.length = 0;
    ecsAnswer = { tasks: [{ taskArn: "task" }], failures: [] };
    const topics = (account: Cloud) => {
      const sns = createSns(account);
      deliveries = sns.deliveries;
      return sns;
    };
    cloud = await createTestCloud([createEventBridge, createLambda, createLogs, topics, pipelines.create, ecs.create]);
  });
  afterEach(() => cloud.close());

  const rule = (inputs: Record<string, unknown> = { eventPattern: '{"source":["aws.codepipeline"]}' }) =>
    cloud.declare("aws:cloudwatch/eventRule:EventRule", "dev-failures", { name: "dev-failures", ...inputs });
  const target = (arn: string, inputs: Record<string, unknown> = {}) =>
    cloud.declare("aws:cloudwatch/eventTarget:EventTarget", "target", { rule: "dev-failures", arn, ...inputs });
  const putEvents = (Detail: object = FAILED, more: object = {}, caller = CODE_PIPELINE) =>
    cloud.call<PutEventsRequest, PutEventsResponse>(caller, "events", "PutEvents", {
      Entries: [
        {
          Source: "aws.codepipeline",
          DetailType: "CodePipeline Pipeline Execution State Change",
          Detail: JSON.stringify(Detail),
          Resources: [PIPELINE],
          ...more,
        },
      ],
    });
  const called = () => cloud.until(isKind("rule"));
  const role = (action: string, resource: string, service = "events.amazonaws.com") =>
    cloud.role("caller", service, [{ Effect: "Allow", Action: action, Resource: resource }]);
  const ecsTarget = {
    taskDefinitionArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:task-definition/dev-storefront-task:7`,
    launchType: "FARGATE",
    networkConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: true },
  };

  async function declareFunctionTarget(sourceArn = RULE) {
    const { arn } = await declareFunction(
      cloud,
      "notices",
      "exports.handler = async (event) => process.stdout.write(JSON.stringify(event))",
    );
    await cloud.declare("aws:lambda/permission:Permission", "notices", {
      action: "lambda:InvokeFunction",
      function: "notices",
      principal: "events.amazonaws.com",
      sourceArn,
    });
    await target(arn);
    return arn;
  }

  it("are invoked with the event, as a service sent it", async () => {
    await rule();
    const arn = await declareFunctionTarget();
    const invoked = cloud.until(isKind("function-invoked"));
    const told = called();
    const Time = new Date(Date.UTC(2026, 0, 5, 8, 59, 30, 250));
    const { FailedEntryCount, Entries = [] } = await putEvents(FAILED, { Time });
    expect(FailedEntryCount).to.equal(0);
    expect(await told).to.deep.equal({ kind: "rule", rule: "dev-failures", target: arn });
    expect((await invoked).outcome).to.equal("succeeded");
    const [line = ""] = linesOf(cloud, "/aws/lambda/notices").filter((it) => it.startsWith("{"));
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
    await rule();
    await declareFunctionTarget(`${RULE}s`);
    const told = called();
    await putEvents();
    expect((await told).error).to.match(
      /^Service: events\.amazonaws\.com is not authorized to perform: lambda:InvokeFunction on resource: .* if ArnLike AWS:SourceArn arn:aws:events:us-east-1:123456789012:rule\/dev-failuress; the request has AWS:SourceArn arn:aws:events:us-east-1:123456789012:rule\/dev-failures\.$/,
    );
    expect(cloud.trail.at(-1)).to.include({ service: "lambda", operation: "Invoke", outcome: "denied" });
  });

  for (const [what, Condition, delivered] of [
    ["this rule", { ArnEquals: { "aws:SourceArn": RULE } }, true],
    ["another rule", { ArnEquals: { "aws:SourceArn": `${RULE}s` } }, false],
  ] as const)
    it(`publish to a topic whose policy lets in ${what}${delivered ? "" : ", in vain"}`, async () => {
      await rule();
      const topic = await cloud.declare("aws:sns/topic:Topic", "notices", { name: "notices" });
      const topicArn = String(topic.outputs.arn);
      const statement = {
        Effect: "Allow",
        Principal: { Service: "events.amazonaws.com" },
        Action: "sns:Publish",
        Resource: topicArn,
        Condition,
      };
      await cloud.declare("aws:sns/topicPolicy:TopicPolicy", "notices", {
        arn: topicArn,
        policy: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }),
      });
      await cloud.declare("aws:sns/topicSubscription:TopicSubscription", "notices", {
        topic: topicArn,
        protocol: "email",
        endpoint: "platform@acme.example",
      });
      await target(topicArn, { input: '"A pipeline failed"' });
      const told = called();
      await putEvents();
      expect((await told).error === undefined).to.equal(delivered);
      expect(deliveries.map((it) => [it.endpoint, it.message])).to.deep.equal(
        delivered ? [["platform@acme.example", '"A pipeline failed"']] : [],
      );
    });

  it("start a pipeline under the target's role", async () => {
    await rule();
    const roleArn = await role("codepipeline:StartPipelineExecution", PIPELINE);
    await target(PIPELINE, { roleArn });
    const told = called();
    await putEvents();
    expect(await told).to.deep.equal({ kind: "rule", rule: "dev-failures", target: PIPELINE });
    expect(pipelines.asked).to.deep.equal([
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
      await rule();
      await target(PIPELINE, { roleArn: await role(action, PIPELINE, service) });
      const told = called();
      await putEvents();
      expect((await told).error).to.match(message);
      expect(pipelines.asked).to.deep.equal([]);
    });

  it("are called again after errors that may pass, and no failure is counted", async () => {
    await rule();
    await target(PIPELINE, { roleArn: await role("codepipeline:StartPipelineExecution", PIPELINE) });
    pipelineErrors = [awsError("InternalFailure", "down", 500), awsError("ThrottlingException", "Rate exceeded")];
    const put = cloud.events.filter(({ kind }) => kind.startsWith("rule"));
    const told = called();
    await putEvents();
    const failures = async (count: number) => {
      while (pipelineErrors.length > 2 - count) await new Promise(setImmediate);
      // Until the retry waits for its time.
      await new Promise(setImmediate);
    };
    await failures(1);
    // The metric TriggeredRules counts the rule when it matches, not when its retries end.
    expect(cloud.events.filter(({ kind }) => kind.startsWith("rule"))).to.deep.equal([
      ...put,
      { kind: "rule-triggered", rule: "dev-failures" },
    ]);
    await cloud.clock.turn(14_999);
    expect(pipelineErrors).to.have.length(1);
    await cloud.clock.turn(1);
    await failures(2);
    await cloud.clock.turn(30_000);
    expect(await told).to.deep.equal({ kind: "rule", rule: "dev-failures", target: PIPELINE });
    expect(pipelines.asked).to.have.length(3);
  });

  it("are given up after a day", async () => {
    await rule();
    await target(PIPELINE, { roleArn: await role("codepipeline:StartPipelineExecution", PIPELINE) });
    pipelineErrors = Array.from({ length: 1_000 }, () => awsError("InternalFailure", "down", 500));
    const told = called();
    await putEvents();
    await cloud.clock.turn(25 * 60 * 60_000);
    expect(await told).to.deep.equal({ kind: "rule", rule: "dev-failures", target: PIPELINE, error: "down" });
  });

  it("run a task when the schedule falls due, with the input as overrides", async () => {
    await rule({ scheduleExpression: "cron(0 3 * * ? *)" });
    const roleArn = await role("ecs:RunTask", `arn:aws:ecs:us-east-1:${ACCOUNT}:task-definition/dev-storefront-task:*`);
    const overrides = { containerOverrides: [{ name: "app", command: ["node", "report.js"] }] };
    await target(CLUSTER, { roleArn, ecsTarget, input: JSON.stringify(overrides) });
    const told = called();
    await cloud.clock.turn(18 * 60 * 60_000 - 1);
    expect(ecs.asked).to.deep.equal([]);
    await cloud.clock.turn(1);
    expect(await told).to.deep.equal({ kind: "rule", rule: "dev-failures", target: CLUSTER });
    expect(ecs.asked.map((it) => JSON.parse(JSON.stringify(it)))).to.deep.equal([
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
    ecsAnswer = { tasks: [], failures: [{ arn: "subnet-1", reason: "RESOURCE:ENI" }, { reason: "CAPACITY" }] };
    await rule();
    const roleArn = await role("ecs:RunTask", "*");
    await target(CLUSTER, { roleArn, ecsTarget });
    const told = called();
    await putEvents();
    expect((await told).error).to.equal("ECS started 0 tasks: subnet-1 RESOURCE:ENI; CAPACITY");
  });

  it("get what a schedule sends", async () => {
    await rule({ scheduleExpression: "rate(10 minutes)" });
    await declareFunctionTarget();
    const invoked = cloud.until(isKind("function-invoked"));
    await cloud.clock.turn(10 * 60_000);
    await invoked;
    const [line = ""] = linesOf(cloud, "/aws/lambda/notices").filter((it) => it.startsWith("{"));
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
    const api = (name: string, input: object) => cloud.call<object, object>(OPERATOR, "events", name, input);
    const put = (more: Partial<PutRuleRequest>) => api("PutRule", { Name: "dev-failures", ...more });
    const turn = (minutes: number) => cloud.clock.turn(minutes * 60_000);
    await rule({ scheduleExpression: "rate(10 minutes)" });
    const topic = await cloud.declare("aws:sns/topic:Topic", "notices", { name: "notices" });
    await target(String(topic.outputs.arn), { targetId: "topic" });
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
    const published = cloud.trail.filter((it) => it.operation === "Publish");
    expect(published.map((it) => (it.at - Date.UTC(2026, 0, 5, 9)) / 60_000)).to.deep.equal([10, 19, 23, 38]);
  });

  it("are not called for an event that the pattern does not take, nor by a disabled rule", async () => {
    await rule({ eventPattern: '{"detail":{"state":["FAILED"]}}', state: "DISABLED" });
    await target(PIPELINE, { roleArn: await role("codepipeline:StartPipelineExecution", PIPELINE) });
    await putEvents();
    const api = (input: PutRuleRequest) => cloud.call<object, object>(OPERATOR, "events", "PutRule", input);
    await api({ Name: "dev-failures", EventPattern: '{"detail":{"state":["FAILED"]}}' });
    await putEvents({ ...FAILED, state: "SUCCEEDED" });
    const told = called();
    await putEvents();
    await told;
    expect(pipelines.asked.length).to.equal(1);
  });
});
