import type {
  Dimension,
  GetMetricDataInput,
  GetMetricDataOutput,
  MetricDataQuery,
  MetricDataResult,
  PutMetricDataInput,
} from "@aws-sdk/client-cloudwatch";
import type { CloudEvent } from "../events";
import { awsError, type Cloud, operation, type Service } from "../service";
import type { Sample } from "./alarm";
import { type Metric, metricOf } from "./metrics";
import type { MetricName } from "./published";
import { isCustom } from "./published";
import { isStatistic, STATISTICS } from "./statistics";

/** Maximum per request. */
const MOST_DATA = 1_000;
const MOST_QUERIES = 500;

type RuleEvent = Extract<CloudEvent, { kind: "rule" | "rule-triggered" }>;

/**
 * PutMetricData, and GetMetricData for what rules have done.
 * @param onPut called for each value
 */
export function createMetricData(
  cloud: Cloud,
  metrics: Record<string, Metric>,
  onPut: (name: MetricName, sample: Sample) => void,
) {
  const history: { at: number; event: RuleEvent }[] = [];

  function put({ Namespace = "", MetricData = [] }: PutMetricDataInput): object {
    if (!isCustom(Namespace))
      throw awsError(
        "InvalidParameterValue",
        'The value AWS/ for parameter Namespace is invalid: it starts with "AWS/".',
      );
    if (MetricData.length > MOST_DATA)
      throw awsError("InvalidParameterValue", `MetricData has ${MetricData.length} entries: at most ${MOST_DATA}.`);
    for (const { MetricName = "", Dimensions, Value, Timestamp } of MetricData) {
      if (typeof Value !== "number")
        throw awsError("NotSimulated", `${MetricName}: of metric data, only those with one Value are simulated.`, 501);
      const name = { namespace: Namespace, metricName: MetricName, dimensions: namesOf(Dimensions) };
      onPut(name, { at: Timestamp === undefined ? cloud.clock.now() : momentOf(Timestamp), value: Value });
    }
    return {};
  }

  function get({ MetricDataQueries = [], StartTime, EndTime }: GetMetricDataInput): GetMetricDataOutput {
    if (MetricDataQueries.length > MOST_QUERIES)
      throw awsError("ValidationError", `MetricDataQueries has more than ${MOST_QUERIES} entries.`);
    const [from, to] = [momentOf(StartTime), momentOf(EndTime)];
    if (!(from < to))
      throw awsError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.");
    return { MetricDataResults: MetricDataQueries.map((query) => resultOf(query, from, to)) };
  }

  function resultOf({ Id, MetricStat }: MetricDataQuery, from: number, to: number): MetricDataResult {
    const { Metric: { Namespace = "", MetricName = "", Dimensions } = {}, Period = 60, Stat = "" } = MetricStat ?? {};
    const name = { namespace: Namespace, metricName: MetricName, dimensions: namesOf(Dimensions) };
    const metric = metrics[metricOf(name)];
    if (Namespace !== "AWS/Events" || metric === undefined || !("counts" in metric) || !isStatistic(Stat))
      throw awsError("NotSimulated", `monitoring:GetMetricData of ${metricOf(name)} (${Stat}) is not simulated.`, 501);
    const periods = new Map<number, number[]>();
    for (const { at, event } of history) {
      const value = at >= from && at < to ? metric.counts(event, name.dimensions) : undefined;
      if (value === undefined) continue;
      const begin = Math.floor(at / (Period * 1000)) * Period * 1000;
      periods.set(begin, [...(periods.get(begin) ?? []), value]);
    }
    // Newest first, unless the request says otherwise.
    const sorted = [...periods].sort(([a], [b]) => b - a);
    return {
      Id,
      Label: MetricName,
      StatusCode: "Complete",
      Timestamps: sorted.map(([begin]) => new Date(begin)),
      Values: sorted.map(([, values]) => STATISTICS[Stat](values)),
    };
  }

  const operations: Service["operations"] = {
    PutMetricData: operation<PutMetricDataInput, object>({
      permissions: ({ Namespace = "" }) => [
        { action: "cloudwatch:PutMetricData", resource: "*", context: { "cloudwatch:namespace": Namespace } },
      ],
      perform: put,
    }),
    GetMetricData: operation<GetMetricDataInput, GetMetricDataOutput>({
      permissions: () => [{ action: "cloudwatch:GetMetricData", resource: "*" }],
      perform: get,
    }),
  };

  return {
    operations,
    /** Records an event for GetMetricData. */
    note(event: CloudEvent): void {
      if (event.kind === "rule" || event.kind === "rule-triggered") history.push({ at: cloud.clock.now(), event });
    },
  };
}

const namesOf = (dimensions: Dimension[] = []): Record<string, string> =>
  Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value]));

/** AWS JSON has seconds since the epoch; calls within the account have dates. */
const momentOf = (time: Date | number | undefined): number =>
  time instanceof Date ? time.getTime() : Number(time) * 1000;
