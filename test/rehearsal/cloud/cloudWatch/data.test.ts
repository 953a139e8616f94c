import type { GetMetricDataOutput } from "@aws-sdk/client-cloudwatch";
import { expect } from "chai";
import { createEventBridge } from "../../../../rehearsal/cloud/eventBridge";
import type { Sns } from "../../../../rehearsal/cloud/sns";
import { refusal } from "../../../refusal";
import type { TestCloud } from "../../support";
import { ALARM, type AlarmCloud, createAlarmCloud, MINUTE } from "./support";

const OPERATOR = { kind: "operator" } as const;

describe("CloudWatch's metric data", () => {
  let cloud: TestCloud;
  let sns: Sns;
  let topic: string;
  let changed: AlarmCloud["changed"];

  beforeEach(async () => {
    ({ cloud, sns, topic, changed } = await createAlarmCloud([createEventBridge]));
  });
  afterEach(() => cloud.close());

  const declareAlarm = () =>
    cloud.declare("aws:cloudwatch/metricAlarm:MetricAlarm", "missing", {
      name: "missing",
      ...ALARM,
      namespace: "slipway",
      metricName: "MissingTasks",
      dimensions: { Service: "web" },
      statistic: "Minimum",
      period: 60,
      evaluationPeriods: 2,
      treatMissingData: "missing",
      alarmActions: [topic],
      okActions: [topic],
      insufficientDataActions: [topic],
    });
  const put = (value: number, Value = "web", Namespace = "slipway") =>
    cloud.call(OPERATOR, "monitoring", "PutMetricData", {
      Namespace,
      MetricData: [
        {
          MetricName: "MissingTasks",
          Dimensions: [{ Name: "Service", Value }],
          Value: value,
          // In the middle of the minute that the next evaluation ends.
          Timestamp: new Date(cloud.clock.now() + MINUTE / 2),
        },
      ],
    });
  /** A value each minute. @returns what the topic was told, by state */
  async function pass(...values: (number | undefined)[]): Promise<string[]> {
    const before = sns.deliveries.length;
    for (const value of values) {
      if (value !== undefined) await put(value);
      await changed(1);
    }
    return sns.deliveries.slice(before).map(({ message }) => JSON.parse(message).NewStateValue);
  }

  it("raises an alarm once every period breaches, and not by another service's values", async () => {
    await declareAlarm();
    await cloud.start();
    expect(await pass(0, 0)).to.deep.equal(["OK"]);
    await put(1, "worker");
    expect(await pass(1, 0, 1)).to.deep.equal([]);
    expect(await pass(1)).to.deep.equal(["ALARM"]);
    expect(await pass(0)).to.deep.equal(["OK"]);
  });

  it("leaves a new alarm silent, and is missed when it stops", async () => {
    await declareAlarm();
    await cloud.start();
    expect(await pass(undefined, undefined, undefined)).to.deep.equal([]);
    expect(await pass(0)).to.deep.equal(["OK"]);
    expect(await pass(undefined, undefined)).to.deep.equal(["INSUFFICIENT_DATA"]);
    expect(await pass(0)).to.deep.equal(["OK"]);
  });

  it("is put into no namespace of AWS's", async () => {
    const error = await refusal(put(1, "web", "AWS/ECS"));
    expect([error.name, error.message]).to.deep.equal([
      "InvalidParameterValue",
      'The value AWS/ for parameter Namespace is invalid: it starts with "AWS/".',
    ]);
  });

  it("says by the minute how often a rule was triggered, the newest first", async () => {
    const rule = { name: "stock", scheduleExpression: "rate(2 minutes)" };
    await cloud.declare("aws:cloudwatch/eventRule:EventRule", "stock", rule);
    // However many targets it calls, a rule is triggered once.
    for (const targetId of ["stock", "again"])
      await cloud.declare("aws:cloudwatch/eventTarget:EventTarget", targetId, { rule: "stock", targetId, arn: topic });
    await cloud.start();
    const begin = cloud.clock.now();
    for (let minute = 0; minute < 5; minute++) {
      await cloud.clock.turn(MINUTE);
      await new Promise(setImmediate);
    }
    const Metric = {
      Namespace: "AWS/Events",
      MetricName: "TriggeredRules",
      Dimensions: [{ Name: "RuleName", Value: "stock" }],
    };
    const { MetricDataResults: [result] = [] } = await cloud.call<object, GetMetricDataOutput>(
      OPERATOR,
      "monitoring",
      "GetMetricData",
      {
        StartTime: new Date(begin),
        EndTime: new Date(cloud.clock.now() + 1),
        MetricDataQueries: [{ Id: "stock", MetricStat: { Metric, Period: 60, Stat: "Sum" } }],
      },
    );
    const minute = (at: number) => new Date(Math.floor(at / MINUTE) * MINUTE);
    expect([result?.Id, result?.Timestamps, result?.Values]).to.deep.equal([
      "stock",
      [minute(begin + 4 * MINUTE), minute(begin + 2 * MINUTE)],
      [1, 1],
    ]);
  });
});
