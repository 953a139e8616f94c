import { expect } from "chai";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import type { Sns } from "../../../../rehearsal/cloud/sns";
import { createSqs } from "../../../../rehearsal/cloud/sqs";
import { refusal } from "../../../refusal";
import type { TestCloud } from "../../support";
import { declareFunction, isKind } from "../lambda/support";
import { ALARM, type AlarmCloud, createAlarmCloud } from "./support";

describe("A CloudWatch alarm", () => {
  let cloud: TestCloud;
  let sns: Sns;
  let topic: string;
  let changed: AlarmCloud["changed"];

  beforeEach(async () => {
    ({ cloud, sns, topic, changed } = await createAlarmCloud([createLambda, createLogs, createSqs]));
  });
  afterEach(() => cloud.close());

  const declareAlarm = (inputs: Record<string, unknown>) =>
    cloud.declare("aws:cloudwatch/metricAlarm:MetricAlarm", "trouble", {
      name: "trouble",
      ...ALARM,
      alarmActions: [topic],
      okActions: [topic],
      ...inputs,
    });
  it("goes off for a message that nobody is done with, whether or not somebody has it", async () => {
    const name = "pushes.fifo";
    const queue = { name, fifoQueue: true, visibilityTimeoutSeconds: 43_200 };
    const { outputs } = await cloud.declare("aws:sqs/queue:Queue", "pushes", queue);
    const query = (id: string, metricName: string) => {
      const metric = {
        namespace: "AWS/SQS",
        metricName,
        dimensions: { QueueName: name },
        stat: "Minimum",
        period: 300,
      };
      return { id, metric };
    };
    await declareAlarm({
      period: undefined,
      statistic: undefined,
      evaluationPeriods: 6,
      metricQueries: [
        { id: "total", expression: "FILL(waiting, 0) + FILL(taken, 0)", returnData: true },
        query("waiting", "ApproximateNumberOfMessagesVisible"),
        query("taken", "ApproximateNumberOfMessagesNotVisible"),
      ],
    });
    await cloud.start();
    expect((await changed())?.state).to.equal("OK");
    const call = <O>(operation: string, input: object) =>
      cloud.call<object, O>({ kind: "operator" }, "sqs", operation, { QueueUrl: outputs.url, ...input });
    const message = { MessageBody: "{}", MessageGroupId: "a" };
    await call("SendMessage", { ...message, MessageDeduplicationId: "1" });
    const received = await call<{ Messages: { ReceiptHandle: string }[] }>("ReceiveMessage", {});
    expect(await changed(29)).to.equal(undefined);
    await call("SendMessage", { ...message, MessageDeduplicationId: "2" });
    expect((await changed(6))?.state).to.equal("ALARM");
    await call("DeleteMessage", { ReceiptHandle: received.Messages[0]?.ReceiptHandle });
    expect((await changed(10))?.state).to.equal("OK");
  });

  it("goes off for a message in a dead-letter queue, ends when it is gone, and mails both", async () => {
    const { outputs } = await cloud.declare("aws:sqs/queue:Queue", "dead", { name: "dead" });
    await declareAlarm({
      namespace: "AWS/SQS",
      metricName: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: "dead" },
      statistic: "Maximum",
    });
    await cloud.start();
    expect((await changed())?.state).to.equal("OK");
    const operator = { kind: "operator" } as const;
    await cloud.call(operator, "sqs", "SendMessage", { QueueUrl: outputs.url, MessageBody: "{}" });
    expect(await changed()).to.deep.equal({
      kind: "alarm",
      alarm: "trouble",
      state: "ALARM",
      reason: "Threshold Crossed: 1 out of the last 1 datapoints [1] was greater than the threshold (0).",
    });
    await cloud.call(operator, "sqs", "ReceiveMessage", { QueueUrl: outputs.url, VisibilityTimeout: 43_200 });
    expect((await changed())?.state).to.equal("OK");
    expect(
      sns.deliveries.map(({ endpoint, subject, message }) => [endpoint, subject, JSON.parse(message).OldStateValue]),
    ).to.deep.equal([
      ["platform@example.com", 'OK: "trouble" in US East (N. Virginia)', "INSUFFICIENT_DATA"],
      ["platform@example.com", 'ALARM: "trouble" in US East (N. Virginia)', "OK"],
      ["platform@example.com", 'OK: "trouble" in US East (N. Virginia)', "ALARM"],
    ]);
    const [, alarm] = sns.deliveries.map(({ message }) => JSON.parse(message));
    const TIME = /^2026-01-05T09:\d\d:\d\d\.\d{3}\+0000$/;
    expect(alarm.StateChangeTime).to.match(TIME);
    expect(alarm.AlarmConfigurationUpdatedTimestamp).to.match(TIME);
    expect(alarm).to.deep.equal({
      AlarmName: "trouble",
      AlarmDescription: null,
      AWSAccountId: "123456789012",
      AlarmConfigurationUpdatedTimestamp: alarm.AlarmConfigurationUpdatedTimestamp,
      NewStateValue: "ALARM",
      NewStateReason: "Threshold Crossed: 1 out of the last 1 datapoints [1] was greater than the threshold (0).",
      StateChangeTime: alarm.StateChangeTime,
      Region: "US East (N. Virginia)",
      AlarmArn: "arn:aws:cloudwatch:us-east-1:123456789012:alarm:trouble",
      OldStateValue: "OK",
      OKActions: [topic],
      AlarmActions: [topic],
      InsufficientDataActions: [],
      Trigger: {
        MetricName: "ApproximateNumberOfMessagesVisible",
        Namespace: "AWS/SQS",
        StatisticType: "Statistic",
        Statistic: "MAXIMUM",
        Unit: null,
        Dimensions: [{ value: "dead", name: "QueueName" }],
        Period: 300,
        EvaluationPeriods: 1,
        DatapointsToAlarm: 1,
        ComparisonOperator: "GreaterThanThreshold",
        Threshold: 0,
        TreatMissingData: "notBreaching",
        EvaluateLowSampleCountPercentile: "",
      },
    });
  });

  it("goes off for a function's error", async () => {
    const { invoke } = await declareFunction(cloud, "fetch", "exports.handler = async () => { throw 'no'; }");
    await declareAlarm({
      namespace: "AWS/Lambda",
      metricName: "Errors",
      dimensions: { FunctionName: "fetch" },
      statistic: "Sum",
    });
    await cloud.start();
    expect((await changed())?.state).to.equal("OK");
    await invoke();
    await invoke();
    expect((await changed())?.reason).to.equal(
      "Threshold Crossed: 1 out of the last 1 datapoints [2] was greater than the threshold (0).",
    );
  });

  it("tells that the topic's policy keeps it from publishing", async () => {
    const other = {
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Action: "sns:Publish",
      Resource: topic,
    };
    await cloud.declare("aws:sns/topicPolicy:TopicPolicy", "alerts", {
      arn: topic,
      policy: JSON.stringify({ Version: "2012-10-17", Statement: [other] }),
    });
    await declareFunction(cloud, "fetch", "exports.handler = async () => {}");
    await declareAlarm({
      namespace: "AWS/Lambda",
      metricName: "Errors",
      dimensions: { FunctionName: "fetch" },
      statistic: "Sum",
    });
    await cloud.start();
    await changed();
    const reasons = cloud.events.filter(isKind("alarm")).map((it) => it.reason);
    expect(reasons[1]).to.match(
      /^Failed to execute action arn:aws:sns:.*: Service: cloudwatch\.amazonaws\.com is not authorized to perform: sns:Publish on resource: arn:aws:sns:/,
    );
    expect(sns.deliveries).to.deep.equal([]);
  });

  it("on a function that does not exist is refused at the start", async () => {
    await declareFunction(cloud, "fetch", "exports.handler = async () => {}");
    await declareAlarm({
      namespace: "AWS/Lambda",
      metricName: "Errors",
      dimensions: { FunctionName: "fetsch" },
      statistic: "Sum",
    });
    expect((await refusal(cloud.start())).message).to.equal(
      'The alarm trouble cannot measure AWS/Lambda Errors of {"FunctionName":"fetsch"}: ' +
        "Function not found: arn:aws:lambda:us-east-1:123456789012:function:fetsch",
    );
  });

  it("on a queue that does not exist is refused at the start", async () => {
    await declareAlarm({
      namespace: "AWS/SQS",
      metricName: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: "dead" },
      statistic: "Maximum",
    });
    expect((await refusal(cloud.start())).message).to.equal(
      'The alarm trouble cannot measure AWS/SQS ApproximateNumberOfMessagesVisible of {"QueueName":"dead"}: ' +
        `The specified queue does not exist: ${cloud.endpointUrl}/123456789012/dead`,
    );
  });

  for (const [what, inputs, message] of [
    [
      "metric",
      { namespace: "AWS/ECS", metricName: "CPUUtilization", statistic: "Sum" },
      "the metric AWS/ECS CPUUtilization is not simulated.",
    ],
    [
      "statistic",
      { namespace: "AWS/Lambda", metricName: "Errors", statistic: "p99" },
      "statistic p99 is not simulated.",
    ],
    [
      "comparison",
      { namespace: "AWS/Lambda", metricName: "Errors", statistic: "Sum", comparisonOperator: "LessThanLowerThreshold" },
      "comparisonOperator LessThanLowerThreshold is not simulated.",
    ],
  ] as const)
    it(`of an unknown ${what} is refused by name`, async () => {
      expect((await refusal(declareAlarm(inputs))).message).to.equal(
        `aws:cloudwatch/metricAlarm:MetricAlarm trouble: ${message}`,
      );
    });
});
