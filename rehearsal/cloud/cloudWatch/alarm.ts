import type { MetricAlarmArgs } from "@pulumi/aws/cloudwatch/metricAlarm";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import type { Cloud, Declaration } from "../service";
import { type Expression, expressionOf, readTerms, type Term } from "./metricMath";
import { isStatistic, STATISTICS } from "./statistics";

export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

export interface Alarm {
  name: string;
  arn: string;
  description?: string;
  /** Their sum is compared with the threshold. */
  terms: Term[];
  /** Undefined for an alarm on one metric. */
  expression?: Expression | undefined;
  /** Time of declaration, in milliseconds since the epoch. */
  updatedAt: number;
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
  "metricQueries",
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

/** @throws if the alarm's shape is not simulated */
export function readAlarm(cloud: Cloud, declaration: Declaration): Alarm {
  const inputs = inputsOf<Unwrap<MetricAlarmArgs>>(declaration, ALARM_INPUTS);
  const name = cloud.physicalName(declaration, inputs.name);
  const fault = (field: string, value: unknown) =>
    new Error(`${declaration.type} ${declaration.name}: ${field} ${value} is not simulated.`);
  const { comparisonOperator = "", threshold, evaluationPeriods } = inputs;
  if (!Object.hasOwn(COMPARISONS, comparisonOperator)) throw fault("comparisonOperator", comparisonOperator);
  if (threshold === undefined || evaluationPeriods === undefined)
    throw fault("an alarm without", "threshold and evaluationPeriods");
  const terms = termsOf(inputs, fault);
  const periods = [...new Set(terms.map((it) => it.period))];
  const [period] = periods;
  if (period === undefined || periods.length > 1) throw fault("an alarm on different periods:", periods.join(", "));
  return {
    name,
    arn: cloud.arn("cloudwatch", `alarm:${name}`),
    description: inputs.alarmDescription,
    terms,
    expression: expressionOf(inputs.metricQueries ?? []),
    updatedAt: cloud.clock.now(),
    comparisonOperator: comparisonOperator as Alarm["comparisonOperator"],
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

function termsOf(inputs: Unwrap<MetricAlarmArgs>, fault: (field: string, value: unknown) => Error): Term[] {
  const { metricQueries, namespace, metricName, statistic = "", dimensions = {}, period } = inputs;
  if (metricQueries !== undefined && metricQueries.length > 0) {
    const single = [metricName, namespace, inputs.dimensions, inputs.statistic, period].some((it) => it !== undefined);
    if (single) throw fault("one metric beside", "metricQueries");
    return readTerms(metricQueries, fault);
  }
  if (!isStatistic(statistic)) throw fault("statistic", statistic);
  if (namespace === undefined || metricName === undefined || period === undefined)
    throw fault("an alarm without", "namespace, metricName and period");
  return [{ namespace, metricName, dimensions, statistic, period }];
}

/**
 * Evaluates the last evaluation periods, counted back from `now` (milliseconds).
 * @param samples by term
 * @param current the state to keep without data if `treatMissingData` is `ignore`
 */
export function evaluate(
  alarm: Alarm,
  samples: Sample[][],
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

/** The value of one period, 0 being the latest; undefined if missing. */
function datapoint(alarm: Alarm, samples: Sample[][], now: number, index: number): number | undefined {
  const end = now - index * alarm.period * 1000;
  const begin = end - alarm.period * 1000;
  const parts = alarm.terms.map(({ statistic, fill }, term) => {
    const values = (samples[term] ?? []).filter(({ at }) => at > begin && at <= end).map((it) => it.value);
    return values.length === 0 ? fill : STATISTICS[statistic](values);
  });
  return parts.reduce((total, part) => (total === undefined || part === undefined ? undefined : total + part), 0);
}
