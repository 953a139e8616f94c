import type { MetricAlarmArgs } from "@pulumi/aws/cloudwatch/metricAlarm";
import type { Unwrap } from "@pulumi/pulumi";
import type { MetricName } from "./published";
import { isStatistic, type Statistic } from "./statistics";

/** One metric of an alarm; the alarm's value is their sum. */
export interface Term extends MetricName {
  /** Its name in an expression; undefined if the alarm has a single metric. */
  id?: string;
  statistic: Statistic;
  /** Seconds. */
  period: number;
  /** The value for a period without data, as in `FILL(errors, 0)`. If undefined, the sum of that period is missing. */
  fill?: number;
}

type Query = NonNullable<Unwrap<MetricAlarmArgs>["metricQueries"]>[number];

/** The expression of an alarm, as its notices show it. */
export interface Expression {
  Expression: string;
  Id: string;
  Label?: string | undefined;
}

/** The expression among the metrics of an alarm. */
export function expressionOf(queries: Query[]): Expression | undefined {
  const [found] = queries.flatMap(({ id, expression, label }) =>
    expression === undefined ? [] : [{ Expression: expression, Id: id, Label: label }],
  );
  return found;
}

/**
 * Parses metric math: metrics, and one expression that sums their ids or `FILL(id, number)`.
 * @param fault creates the error for anything else
 */
export function readTerms(queries: Query[], fault: (field: string, value: unknown) => Error): Term[] {
  const metrics = queries.filter((it) => it.metric !== undefined);
  const [expression, ...others] = queries.filter((it) => it.metric === undefined);
  if (expression?.expression === undefined || others.length > 0)
    throw fault("metricQueries with other than one expression:", JSON.stringify(queries.map((it) => it.id)));
  const returned = queries.filter((it) => it.returnData === true);
  if (returned.length !== 1 || returned[0] !== expression)
    throw fault("returnData of other than the expression:", JSON.stringify(returned.map((it) => it.id)));
  return expression.expression.split("+").map((text) => {
    const [, filled, fill, plain] = /^(?:FILL\((\w+), *(\d+)\)|(\w+))$/.exec(text.trim()) ?? [];
    const metric = metrics.find((it) => it.id === (filled ?? plain))?.metric;
    if (metric === undefined) throw fault("the expression", expression.expression);
    return { ...termOf(metric, fill === undefined ? undefined : Number(fill), fault), id: filled ?? plain };
  });
}

function termOf(
  metric: NonNullable<Query["metric"]>,
  fill: number | undefined,
  fault: (field: string, value: unknown) => Error,
): Term {
  const { namespace, metricName, dimensions = {}, stat, period, unit } = metric;
  if (namespace === undefined) throw fault("a metric without", "namespace");
  if (unit !== undefined) throw fault("unit", unit);
  if (!isStatistic(stat)) throw fault("statistic", stat);
  return { namespace, metricName, dimensions, statistic: stat, period, fill };
}
