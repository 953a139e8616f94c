import { expect } from "chai";
import { createCloudWatch } from "../../../../rehearsal/cloud/cloudWatch";
import { type AlarmState, evaluate, readAlarm } from "../../../../rehearsal/cloud/cloudWatch/alarm";
import { createEventBridge } from "../../../../rehearsal/cloud/eventBridge";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLoadBalancer } from "../../../../rehearsal/cloud/loadBalancer";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createNetwork } from "../../../../rehearsal/cloud/network";
import type { Declaration } from "../../../../rehearsal/cloud/service";
import { createSns } from "../../../../rehearsal/cloud/sns";
import { refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { declareWeb } from "../ecs/containerSupport";
import { declareFunction } from "../lambda/support";
import { ALARM, alarmChanges, MINUTE } from "./support";

const TYPE = "aws:cloudwatch/metricAlarm:MetricAlarm";

const metric = (id: string, metricName: string, more: object = {}) => ({
  id,
  metric: {
    namespace: "AWS/Lambda",
    metricName,
    dimensions: { FunctionName: "fetch" },
    stat: "Sum",
    period: 300,
    ...more,
  },
});
const sumOf = (expression: string) => ({ id: "troubles", expression, label: "Errors and throttles", returnData: true });
const { period: _, ...MATH_ALARM } = ALARM;
const ERRORS = metric("errors", "Errors");
const THROTTLES = metric("throttles", "Throttles");
const MATH = [ERRORS, THROTTLES, sumOf("errors + throttles")];

describe("A CloudWatch alarm", () => {
  let cloud: TestCloud;
  let changed: ReturnType<typeof alarmChanges>;

  beforeEach(async () => {
    cloud = await createTestCloud([
      createCloudWatch,
      createEventBridge,
      createLambda,
      createLoadBalancer,
      createLogs,
      createNetwork,
      createSns,
    ]);
    changed = alarmChanges(cloud);
  });
  afterEach(() => cloud.close());

  const declareAlarm = (inputs: Record<string, unknown>) =>
    cloud.declare(TYPE, "trouble", { name: "trouble", ...inputs });

  it("on a function's errors and throttles goes off for an error", async () => {
    const { invoke } = await declareFunction(cloud, "fetch", "exports.handler = async () => { throw 'no'; }");
    await declareAlarm({ ...MATH_ALARM, metricQueries: MATH });
    await cloud.start();
    expect((await changed())?.state).to.equal("OK");
    await invoke();
    expect(await changed()).to.deep.equal({
      kind: "alarm",
      alarm: "trouble",
      state: "ALARM",
      reason: "Threshold Crossed: 1 out of the last 1 datapoints [1] was greater than the threshold (0).",
    });
    expect((await changed())?.state).to.equal("OK");
  });

  it("on a function's errors and throttles stays OK for a success", async () => {
    const { invoke } = await declareFunction(cloud, "fetch", "exports.handler = async () => {}");
    await declareAlarm({ ...MATH_ALARM, metricQueries: MATH });
    await cloud.start();
    expect((await changed())?.state).to.equal("OK");
    await invoke();
    expect(await changed(6)).to.equal(undefined);
  });

  it("on a rule goes off when the rule is triggered, and names its topic's subscribers a short subject", async () => {
    const topic = String((await cloud.declare("aws:sns/topic:Topic", "notices", { name: "notices" })).outputs.arn);
    const mail = { topic, protocol: "email", endpoint: "platform@example.com" };
    await cloud.declare("aws:sns/topicSubscription:TopicSubscription", "mail", mail);
    const eventPattern = JSON.stringify({ source: ["aws.codepipeline"], detail: { state: ["FAILED"] } });
    await cloud.declare("aws:cloudwatch/eventRule:EventRule", "failures", { name: "dev-failures", eventPattern });
    await cloud.declare("aws:cloudwatch/eventTarget:EventTarget", "failures", {
      rule: "dev-failures",
      targetId: "notices",
      arn: topic,
    });
    const name = `pipelines-${"x".repeat(100)}`;
    await declareAlarm({
      ...ALARM,
      name,
      namespace: "AWS/Events",
      metricName: "TriggeredRules",
      dimensions: { RuleName: "dev-failures" },
      statistic: "Sum",
      alarmActions: [topic],
    });
    await cloud.start();
    expect((await changed())?.state).to.equal("OK");
    const send = (state: string) => {
      const entry = { Source: "aws.codepipeline", DetailType: "x", Detail: JSON.stringify({ state }) };
      return cloud.call({ kind: "aws", service: "codepipeline.amazonaws.com" }, "events", "PutEvents", {
        Entries: [entry],
      });
    };
    await send("SUCCEEDED");
    expect(await changed(6)).to.equal(undefined);
    const called = cloud.until((event): event is typeof event => event.kind === "rule");
    await send("FAILED");
    await called;
    expect((await changed())?.state).to.equal("ALARM");
    const subjects = cloud.events.flatMap((event) => (event.kind === "notice" ? [event.subject] : []));
    expect(subjects.at(-1)).to.equal(`ALARM: "pipelines-${"x".repeat(52)}..." in US East (N. Virginia)`);
    expect(subjects.at(-1)?.length).to.equal(99);
  });

  describe("on the targets of a load balancer", () => {
    let dimensions: Record<string, string>;
    let targetGroup: string;
    const suffixOf = (arn: string) => arn.split(/:(?:loadbalancer\/)?/).at(-1) ?? "";
    const unhealthy = (of: Record<string, string>) =>
      declareAlarm({
        ...ALARM,
        period: 60,
        evaluationPeriods: 2,
        namespace: "AWS/ApplicationELB",
        metricName: "UnHealthyHostCount",
        dimensions: of,
        statistic: "Maximum",
      });

    beforeEach(async () => {
      const web = await declareWeb(cloud);
      targetGroup = web.targetGroupArn;
      dimensions = { TargetGroup: suffixOf(targetGroup), LoadBalancer: suffixOf(web.loadBalancerArn) };
    });

    it("goes off for an unhealthy one after two periods, and ends when it is gone", async () => {
      await unhealthy(dimensions);
      await cloud.start();
      expect((await changed())?.state).to.equal("OK");
      const ask = (operation: string) =>
        cloud.call({ kind: "operator" }, "elasticloadbalancing", operation, {
          TargetGroupArn: targetGroup,
          Targets: [{ Id: "10.0.0.250", Port: 8080 }],
        });
      // Nothing has this address: its health checks time out.
      await ask("RegisterTargets");
      expect(await changed(1)).to.equal(undefined);
      expect(await changed()).to.deep.equal({
        kind: "alarm",
        alarm: "trouble",
        state: "ALARM",
        reason: "Threshold Crossed: 2 out of the last 2 datapoints [1, 1] was greater than the threshold (0).",
      });
      await ask("DeregisterTargets");
      expect((await changed())?.state).to.equal("OK");
    });

    it("is refused at the start where there is no such group", async () => {
      await unhealthy({ ...dimensions, TargetGroup: "targetgroup/other/0123456789abcdef" });
      expect((await refusal(cloud.start())).message).to.match(
        /^The alarm trouble cannot measure AWS\/ApplicationELB UnHealthyHostCount of \{.*\}: Target groups '.*targetgroup\/other\/0123456789abcdef' not found$/,
      );
    });

    it("is refused at the start where another load balancer is named", async () => {
      await unhealthy({ ...dimensions, LoadBalancer: "app/other/0123456789abcdef" });
      expect((await refusal(cloud.start())).message).to.match(
        /: The load balancer app\/other\/0123456789abcdef sends nothing to targetgroup\/web-[0-9a-f]{7}\/[0-9a-f]{16}$/,
      );
    });

    it("is refused at the start where the load balancer is not named", async () => {
      await unhealthy({ TargetGroup: dimensions.TargetGroup ?? "" });
      expect((await refusal(cloud.start())).message).to.match(
        /: AWS\/ApplicationELB UnHealthyHostCount has no value under TargetGroup: it is published under LoadBalancer, TargetGroup\.$/,
      );
    });
  });

  it("on a rule that does not exist is refused at the start", async () => {
    await declareAlarm({
      ...ALARM,
      namespace: "AWS/Events",
      metricName: "TriggeredRules",
      dimensions: { RuleName: "dev-failures" },
      statistic: "Sum",
    });
    expect((await refusal(cloud.start())).message).to.match(
      /^The alarm trouble cannot measure AWS\/Events TriggeredRules of \{"RuleName":"dev-failures"\}: Rule dev-failures does not exist/,
    );
  });

  it("on the throttles of a function that does not exist is refused at the start", async () => {
    await declareFunction(cloud, "fetch", "exports.handler = async () => {}");
    const other = metric("throttles", "Throttles", { dimensions: { FunctionName: "fetsch" } });
    await declareAlarm({ ...MATH_ALARM, metricQueries: [ERRORS, other, sumOf("errors + throttles")] });
    expect((await refusal(cloud.start())).message).to.equal(
      'The alarm trouble cannot measure AWS/Lambda Throttles of {"FunctionName":"fetsch"}: ' +
        "Function not found: arn:aws:lambda:us-east-1:123456789012:function:fetsch",
    );
  });

  const mistakes: [string, object[], string][] = [
    [
      "a product",
      [ERRORS, THROTTLES, sumOf("errors * throttles")],
      "the expression errors * throttles is not simulated.",
    ],
    [
      "an id that is not there",
      [ERRORS, sumOf("errors + throttles")],
      "the expression errors + throttles is not simulated.",
    ],
    [
      "two expressions",
      [ERRORS, sumOf("errors"), { id: "more", expression: "errors" }],
      'metricQueries with other than one expression: ["errors","troubles","more"] is not simulated.',
    ],
    [
      "no expression",
      [ERRORS, THROTTLES],
      'metricQueries with other than one expression: ["errors","throttles"] is not simulated.',
    ],
    [
      "a metric's own data",
      [{ ...ERRORS, returnData: true }, sumOf("errors")],
      'returnData of other than the expression: ["errors","troubles"] is not simulated.',
    ],
    [
      "different periods",
      [ERRORS, metric("throttles", "Throttles", { period: 60 }), sumOf("errors + throttles")],
      "an alarm on different periods: 300, 60 is not simulated.",
    ],
    [
      "an unknown statistic",
      [metric("errors", "Errors", { stat: "p99" }), sumOf("errors")],
      "statistic p99 is not simulated.",
    ],
    [
      "an unknown metric",
      [metric("errors", "Duration"), sumOf("errors")],
      "the metric AWS/Lambda Duration is not simulated.",
    ],
  ];
  for (const [what, metricQueries, message] of mistakes)
    it(`of ${what} is refused by name`, async () => {
      const error = await refusal(declareAlarm({ ...MATH_ALARM, metricQueries }));
      expect(error.message).to.equal(`${TYPE} trouble: ${message}`);
    });

  it("of one metric beside metric math is refused by name", async () => {
    const error = await refusal(declareAlarm({ ...ALARM, metricQueries: MATH }));
    expect(error.message).to.equal(`${TYPE} trouble: one metric beside metricQueries is not simulated.`);
  });
});

describe("What an alarm makes of a sum", () => {
  const NOW = 10 * MINUTE;
  const cases: { what: string; expression?: string; errors: number[]; throttles: number[]; state: AlarmState }[] = [
    { what: "of two values above the threshold together", errors: [1], throttles: [1], state: "ALARM" },
    { what: "of two values at the threshold", errors: [1], throttles: [0], state: "OK" },
    { what: "of several values of each", errors: [1, 0], throttles: [0, 1], state: "ALARM" },
    { what: "without one of its values", errors: [], throttles: [2], state: "INSUFFICIENT_DATA" },
    {
      what: "whose missing values are filled",
      expression: "FILL(errors, 0) + FILL(throttles,0)",
      errors: [],
      throttles: [2],
      state: "ALARM",
    },
    { what: "of nothing but filled values", expression: "FILL(errors, 0)", errors: [], throttles: [], state: "OK" },
  ];
  for (const { what, expression = "errors + throttles", errors, throttles, state } of cases)
    it(`${what}: ${state}`, async () => {
      const inputs = {
        ...MATH_ALARM,
        name: "alarm",
        threshold: 1,
        treatMissingData: "missing",
        metricQueries: [ERRORS, THROTTLES, sumOf(expression)],
      };
      const declaration: Declaration = { urn: "urn", type: TYPE, name: "alarm", inputs };
      const cloud = await createTestCloud([]);
      const alarm = readAlarm(cloud, declaration);
      await cloud.close();
      const samples = [errors, throttles].map((values) => values.map((value) => ({ at: NOW, value })));
      expect(evaluate(alarm, samples, NOW, "OK").state).to.equal(state);
    });
});
