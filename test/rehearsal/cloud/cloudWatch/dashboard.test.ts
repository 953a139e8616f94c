import { expect } from "chai";
import { createCloudWatch } from "../../../../rehearsal/cloud/cloudWatch";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createSqs } from "../../../../rehearsal/cloud/sqs";
import { refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { declareFunction } from "../lambda/support";
import { ALARM } from "./support";

const TYPE = "aws:cloudwatch/dashboard:Dashboard";
const ALARM_ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:dead-letters";

describe("A CloudWatch dashboard", () => {
  let cloud: TestCloud;

  beforeEach(async () => {
    cloud = await createTestCloud([createCloudWatch, createLambda, createLogs, createSqs]);
    await cloud.declare("aws:sqs/queue:Queue", "dead", { name: "dead" });
    await declareFunction(cloud, "fetch", "exports.handler = async () => {}");
  });
  afterEach(() => cloud.close());

  const declare = (dashboardBody: string) =>
    cloud.declare(TYPE, "dev", { dashboardName: "slipway-dev", dashboardBody });
  const bodyOf = (...widgets: object[]) => JSON.stringify({ widgets });
  const metrics = (rows: unknown[], more: object = {}) => ({
    type: "metric",
    x: 0,
    y: 0,
    width: 12,
    height: 6,
    properties: { title: "Functions", region: "us-east-1", stat: "Sum", period: 300, metrics: rows, ...more },
  });
  const ERRORS = ["AWS/Lambda", "Errors", "FunctionName", "fetch"];

  it("of metrics, text and alarms that exist is taken", async () => {
    await cloud.declare("aws:cloudwatch/metricAlarm:MetricAlarm", "dead-letters", {
      name: "dead-letters",
      ...ALARM,
      namespace: "AWS/SQS",
      metricName: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: "dead" },
      statistic: "Maximum",
    });
    const rows = [
      [...ERRORS, { id: "errors", label: "fetch", visible: false }],
      ["AWS/Lambda", "Throttles", "FunctionName", "fetch", { id: "throttles", stat: "p99.9" }],
      [{ expression: "errors + throttles", label: "Troubles", id: "troubles" }],
      ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "dead"],
      ["AWS/CodeBuild", "FailedBuilds", "ProjectName", "storefront"],
    ];
    const { id, outputs } = await declare(
      bodyOf({ type: "text", properties: { markdown: "# dev" } }, metrics(rows), {
        type: "alarm",
        properties: { title: "Alarms", alarms: [ALARM_ARN] },
      }),
    );
    expect([id, outputs.dashboardArn]).to.deep.equal([
      "slipway-dev",
      "arn:aws:cloudwatch::123456789012:dashboard/slipway-dev",
    ]);
    await cloud.start();
  });

  const unreadable: [string, string, string][] = [
    ["no JSON", "{", "its body is no JSON: Expected property name or '}' in JSON at position 1 (line 1 column 2)"],
    ["no widgets", "{}", "widgets is no list of at most 500 widgets"],
    [
      "an unknown widget",
      bodyOf({ type: "log", properties: {} }),
      'widget 1: the type "log" is not simulated: only metric, text and alarm are',
    ],
    ["no text", bodyOf({ type: "text", properties: {} }), "widget 1: it has no markdown"],
    [
      "no alarms",
      bodyOf({ type: "alarm", properties: { alarms: [1] } }),
      "widget 1: alarms is no list of at most 100 ARNs",
    ],
    ["no metrics", bodyOf(metrics([])), "widget 1 (Functions): it has no metrics"],
    ["no region", bodyOf(metrics([ERRORS], { region: undefined })), "widget 1 (Functions): it has no region"],
    ["an unknown property", bodyOf(metrics([ERRORS], { titel: "x" })), "widget 1 (Functions): titel is not known"],
    [
      "an unknown option",
      bodyOf(metrics([[...ERRORS, { colour: "#fff" }]])),
      "widget 1 (Functions): colour is not known",
    ],
    [
      "an unknown statistic",
      bodyOf(metrics([ERRORS], { stat: "Total" })),
      "widget 1 (Functions): the statistic Total is not known",
    ],
    [
      "an unknown statistic of one metric",
      bodyOf(metrics([[...ERRORS, { stat: "sum" }]])),
      "widget 1 (Functions): the statistic sum is not known",
    ],
    [
      "a dimension without a value",
      bodyOf(metrics([["AWS/Lambda", "Errors", "FunctionName"]])),
      'widget 1 (Functions): the metric ["AWS/Lambda","Errors","FunctionName"] is not simulated: write out namespace, name, and pairs of dimension and value',
    ],
    [
      "an abbreviated metric",
      bodyOf(metrics([ERRORS, ["...", "webhook"]])),
      'widget 1 (Functions): the metric ["...","webhook"] is not simulated: write out namespace, name, and pairs of dimension and value',
    ],
    [
      "a search",
      bodyOf(metrics([[{ expression: "SEARCH('x', 'Sum')" }]])),
      "widget 1 (Functions): the expression SEARCH('x', 'Sum') is not simulated: only sums of the widget's ids are",
    ],
    [
      "a sum of unknown ids",
      bodyOf(metrics([[...ERRORS, { id: "a" }], [{ expression: "a + b" }]])),
      "widget 1 (Functions): the expression a + b is not simulated: only sums of the widget's ids are",
    ],
    [
      "a widget too wide",
      bodyOf({ ...metrics([ERRORS]), x: 18 }),
      "widget 1 (Functions): it is wider than the 24 columns allow",
    ],
    [
      "a widget of no height",
      bodyOf({ ...metrics([ERRORS]), height: 0 }),
      "widget 1 (Functions): height is 0, expected a whole number from 1 to 1000",
    ],
  ];
  for (const [what, body, message] of unreadable)
    it(`with ${what} is refused`, async () => {
      expect((await refusal(declare(body))).message).to.equal(`The dashboard slipway-dev is invalid: ${message}.`);
    });

  const empty: [string, object, string][] = [
    [
      "another region",
      metrics([ERRORS], { region: "eu-west-1" }),
      "it shows the region eu-west-1, and the stack is in us-east-1",
    ],
    [
      "a metric that nobody publishes",
      metrics([["AWS/Lambda", "Error", "FunctionName", "fetch"]]),
      "AWS/Lambda Error is no metric that is known: see rehearsal/cloud/cloudWatch/published.ts.",
    ],
    [
      "a metric under another dimension",
      metrics([["AWS/Lambda", "Errors", "Function", "fetch"]]),
      "AWS/Lambda Errors has no value under Function: it is published under FunctionName.",
    ],
    [
      "a metric under some of its dimensions",
      metrics([["AWS/ApplicationELB", "RequestCount", "TargetGroup", "targetgroup/web/0123456789abcdef"]]),
      "AWS/ApplicationELB RequestCount has no value under TargetGroup: it is published under LoadBalancer; or LoadBalancer, TargetGroup.",
    ],
    [
      "a function that does not exist",
      metrics([ERRORS, ["AWS/Lambda", "Errors", "FunctionName", "fetsch"]]),
      'AWS/Lambda Errors of {"FunctionName":"fetsch"}: Function not found: arn:aws:lambda:us-east-1:123456789012:function:fetsch',
    ],
    [
      "a project without a name",
      metrics([["AWS/CodeBuild", "Builds", "ProjectName", ""]]),
      'AWS/CodeBuild Builds of {"ProjectName":""}: ProjectName is empty',
    ],
  ];
  for (const [what, widget, message] of empty)
    it(`of ${what} is refused at the start`, async () => {
      await declare(bodyOf({ type: "text", properties: { markdown: "# dev" } }, widget));
      expect((await refusal(cloud.start())).message).to.equal(
        `The dashboard slipway-dev, widget 2 (Functions): ${message}`,
      );
    });

  it("of an alarm that does not exist is refused at the start", async () => {
    await declare(bodyOf({ type: "alarm", properties: { alarms: [ALARM_ARN] } }));
    expect((await refusal(cloud.start())).message).to.equal(
      `The dashboard slipway-dev, widget 1: it shows the alarm ${ALARM_ARN}, which does not exist`,
    );
  });

  it("has a name that CloudWatch takes, and that no other has", async () => {
    const named = (dashboardName: string) => cloud.declare(TYPE, "dev", { dashboardName, dashboardBody: bodyOf() });
    expect((await refusal(named("dev stack"))).message).to.equal(
      "The dashboard name dev stack has other than letters, digits, _ and -.",
    );
    await named("dev");
    expect((await refusal(named("dev"))).message).to.equal(
      `${TYPE} dev: a dashboard dev exists already: it would be replaced.`,
    );
  });
});
