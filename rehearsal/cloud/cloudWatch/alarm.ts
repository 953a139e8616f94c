import type { MetricAlarmArgs } from "@pulumi/aws/cloudwatch/metricAlarm";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import type { Cloud, Declaration } from "../service";

export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

export interface Alarm {
  name: string;
  arn: string;
  description?: string;
  namespace: string;
  metricName: string;
  dimensions: Record<string, string>;
  statistic: keyof typeof STATISTICS;
  comparisonOperator: keyof typeof COMPARISONS;
  threshold: number;
  /** Seconds. */
  period: number;
  evaluationPeriods: number;
  datapointsToAlarm: number;
  treatMissingData: string;
  actionsEnabled: boolean;
  actions: Record<AlarmState, string[]>;
}

/** A value of a metric at a moment (milliseconds since the epoch). */
export interface Sample {
  at: number;
  value: number;
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

const STATISTICS = {
  Sum: sum,
  Maximum: (values: number[]) => Math.max(...values),
  Minimum: (values: number[]) => Math.min(...values),
  Average: (values: number[]) => sum(values) / values.length,
  SampleCount: (values: number[]) => values.length,
};

const COMPARISONS = {
  GreaterThanThreshold: { holds: (a: number, b: number) => a > b, words: "greater than" },
  GreaterThanOrEqualToThreshold: { holds: (a: number, b: number) => a >= b, words: "greater than or equal to" },
  LessThanThreshold: { holds: (a: number, b: number) => a < b, words: "less than" },
  LessThanOrEqualToThreshold: { holds: (a: number, b: number) => a <= b, words: "less than or equal to" },
};

const ALARM_INPUTS: (keyof MetricAlarmArgs)[] = [
  "name",
  "alarmDescription",
  "namespace",
  "metricName",
  "dimensions",
  "statistic",
  "comparisonOperator",
  "threshold",
  "period",
  "evaluationPeriods",
  "datapointsToAlarm",
  "treatMissingData",
  "actionsEnabled",
  "alarmActions",
  "okActions",
  "insufficientDataActions",
  "tags",
  "region",
];

/** @throws where the alarm is of a shape that is not understood */
export function readAlarm(cloud: Cloud, declaration: Declaration): Alarm {
  const inputs = inputsOf<Unwrap<MetricAlarmArgs>>(declaration, ALARM_INPUTS);
  const name = cloud.physicalName(declaration, inputs.name);
  const fault = (field: string, value: unknown) =>
    new Error(`${declaration.type} ${declaration.name}: ${field} ${value} is not simulated.`);
  const {
    statistic = "",
    comparisonOperator = "",
    namespace,
    metricName,
    threshold,
    period,
    evaluationPeriods,
  } = inputs;
  if (!isKeyOf(STATISTICS, statistic)) throw fault("statistic", statistic);
  if (!isKeyOf(COMPARISONS, comparisonOperator)) throw fault("comparisonOperator", comparisonOperator);
  if (namespace === undefined || metricName === undefined) throw fault("an alarm without", "namespace and metricName");
  if (threshold === undefined || period === undefined || evaluationPeriods === undefined)
    throw fault("an alarm without", "threshold, period and evaluationPeriods");
  return {
    name,
    arn: cloud.arn("cloudwatch", `alarm:${name}`),
    description: inputs.alarmDescription,
    namespace,
    metricName,
    dimensions: inputs.dimensions ?? {},
    statistic,
    comparisonOperator,
    threshold,
    period,
    evaluationPeriods,
    datapointsToAlarm: inputs.datapointsToAlarm ?? evaluationPeriods,
    treatMissingData: inputs.treatMissingData ?? "missing",
    actionsEnabled: inputs.actionsEnabled ?? true,
    actions: {
      ALARM: (inputs.alarmActions ?? []).map(String),
      OK: (inputs.okActions ?? []).map(String),
      INSUFFICIENT_DATA: (inputs.insufficientDataActions ?? []).map(String),
    },
  };
}

const isKeyOf = <T extends object>(table: T, key: string): key is keyof T & string => Object.hasOwn(table, key);

/**
 * What the last evaluation periods say, counted back from `now` (milliseconds).
 * @param current what a metric without data keeps, where `treatMissingData` is `ignore`
 */
export function evaluate(
  alarm: Alarm,
  samples: Sample[],
  now: number,
  current: AlarmState,
): { state: AlarmState; reason: string } {
  const { evaluationPeriods, datapointsToAlarm, threshold, treatMissingData } = alarm;
  const { holds, words } = COMPARISONS[alarm.comparisonOperator];
  const datapoints = Array.from({ length: evaluationPeriods }, (_, index) => datapoint(alarm, samples, now, index));
  const present = datapoints.filter((it) => it !== undefined);
  const missing = evaluationPeriods - present.length;
  const crossed = present.filter((it) => holds(it, threshold)).length;
  const breaching = crossed + (treatMissingData === "breaching" ? missing : 0);
  const last = `the last ${evaluationPeriods} datapoints`;

  if (breaching >= datapointsToAlarm)
    return {
      state: "ALARM",
      reason: `Threshold Crossed: ${breaching} out of ${last} [${present.join(", ")}] was ${words} the threshold (${threshold}).`,
    };
  if (present.length === 0 && treatMissingData === "ignore")
    return { state: current, reason: `None of ${last} was there, which leaves the alarm as it is.` };
  if (present.length === 0 && treatMissingData === "missing")
    return { state: "INSUFFICIENT_DATA", reason: `Insufficient Data: none of ${last} was there.` };
  return {
    state: "OK",
    reason: `Threshold not crossed: ${crossed} out of ${last} [${present.join(", ")}] was ${words} the threshold (${threshold}).`,
  };
}

/** The statistic of one period, 0 being the latest; undefined where the metric has no data in it. */
function datapoint(alarm: Alarm, samples: Sample[], now: number, index: number): number | undefined {
  const end = now - index * alarm.period * 1000;
  const values = samples.filter(({ at }) => at > end - alarm.period * 1000 && at <= end).map((it) => it.value);
  return values.length === 0 ? undefined : STATISTICS[alarm.statistic](values);
}
