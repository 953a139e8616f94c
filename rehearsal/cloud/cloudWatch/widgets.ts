import { awsError } from "../service";
import type { MetricName } from "./published";

export interface Widget {
  /** For messages: its position, and its own title if it has one. */
  title: string;
  region?: string;
  metrics: MetricName[];
  /** ARNs */
  alarms: string[];
}

type Fields = Record<string, unknown>;

/** Documented properties of a metric widget that do not concern metrics. */
const METRIC_PROPERTIES = [
  ..."metrics region title view stacked stat period yAxis annotations legend setPeriodToTimeRange".split(" "),
  ..."sparkline trend liveData timezone start end labels table singleValueFullPrecision".split(" "),
];
const METRIC_OPTIONS = "id label stat period visible color yAxis expression region".split(" ");
const STATISTIC = /^(SampleCount|Average|Sum|Minimum|Maximum|IQM|(p|tm|tc|ts|wm)\d{1,3}(\.\d+)?)$/;

/**
 * Parses a dashboard's body.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 * @throws AwsError InvalidParameterInput that names the widget
 */
export function parseWidgets(dashboard: string, body: string): Widget[] {
  const { widgets } = parseBody(dashboard, body);
  if (!Array.isArray(widgets) || widgets.length > 500)
    throw invalid(dashboard, "widgets is no list of at most 500 widgets");
  return widgets.map((widget: unknown, index) => {
    const fields = fieldsOf(widget);
    const title = fieldsOf(fields.properties).title;
    const place = `widget ${index + 1}${typeof title === "string" ? ` (${title})` : ""}`;
    const fault = (message: string) => invalid(dashboard, `${place}: ${message}`);
    checkPlace(fields, fault);
    return { title: place, ...contentOf(fields, fault) };
  });
}

const invalid = (dashboard: string, message: string) =>
  awsError("InvalidParameterInput", `The dashboard ${dashboard} is invalid: ${message}.`);

function parseBody(dashboard: string, body: string): Fields {
  try {
    return fieldsOf(JSON.parse(body));
  } catch (error) {
    throw invalid(dashboard, `its body is no JSON: ${(error as Error).message}`);
  }
}

function checkPlace(widget: Fields, fault: (message: string) => Error): void {
  const limits: [string, number, number][] = [
    ["x", 0, 23],
    ["y", 0, Number.MAX_SAFE_INTEGER],
    ["width", 1, 24],
    ["height", 1, 1000],
  ];
  for (const [name, least, most] of limits) {
    const value = widget[name];
    if (value === undefined) continue;
    if (!Number.isInteger(value) || Number(value) < least || Number(value) > most)
      throw fault(`${name} is ${JSON.stringify(value)}, expected a whole number from ${least} to ${most}`);
  }
  if (Number(widget.x ?? 0) + Number(widget.width ?? 6) > 24) throw fault("it is wider than the 24 columns allow");
}

function contentOf(widget: Fields, fault: (message: string) => Error): Omit<Widget, "title"> {
  const properties = fieldsOf(widget.properties);
  switch (widget.type) {
    case "text":
      if (typeof properties.markdown !== "string" || properties.markdown === "") throw fault("it has no markdown");
      return { metrics: [], alarms: [] };
    case "alarm":
      if (!isListOfText(properties.alarms) || properties.alarms.length > 100)
        throw fault("alarms is no list of at most 100 ARNs");
      return { metrics: [], alarms: properties.alarms };
    case "metric":
      return { region: regionOf(properties, fault), metrics: metricsOf(properties, fault), alarms: [] };
    default:
      throw fault(`the type ${JSON.stringify(widget.type)} is not simulated: only metric, text and alarm are`);
  }
}

function regionOf({ region }: Fields, fault: (message: string) => Error): string {
  if (typeof region !== "string") throw fault("it has no region");
  return region;
}

function metricsOf(properties: Fields, fault: (message: string) => Error): MetricName[] {
  checkKnown(properties, METRIC_PROPERTIES, fault);
  checkStatistic(properties, fault);
  const { metrics } = properties;
  if (!Array.isArray(metrics) || metrics.length === 0) throw fault("it has no metrics");
  const rows = metrics.map((row) => rowOf(row, fault));
  const ids = rows.map(({ options }) => options.id);
  for (const { options } of rows) {
    if (options.expression === undefined) continue;
    const unknown = String(options.expression)
      .split("+")
      .find((id) => !ids.includes(id.trim()));
    if (unknown !== undefined)
      throw fault(`the expression ${options.expression} is not simulated: only sums of the widget's ids are`);
  }
  return rows.flatMap(({ metric }) => (metric === undefined ? [] : [metric]));
}

/** `[namespace, name, dimension, value, …, options]`, or `[{expression, …}]`. */
function rowOf(row: unknown, fault: (message: string) => Error): { metric?: MetricName; options: Fields } {
  const cells: unknown[] = Array.isArray(row) ? row : [];
  const last = cells.at(-1);
  const options = typeof last === "string" ? {} : fieldsOf(last);
  const names = typeof last === "string" ? cells : cells.slice(0, -1);
  checkKnown(options, METRIC_OPTIONS, fault);
  checkStatistic(options, fault);
  if (names.length === 0 && options.expression !== undefined) return { options };
  const isMetric = isListOfText(names) && names.length >= 2 && names.length % 2 === 0;
  // "." and "..." repeat fields of the row before.
  if (!isMetric || names.some((it) => /^\.+$/.test(it)))
    throw fault(
      `the metric ${JSON.stringify(row)} is not simulated: write out namespace, name, and pairs of dimension and value`,
    );
  const [namespace = "", metricName = "", ...pairs] = names;
  const dimensions: Record<string, string> = {};
  for (let index = 0; index < pairs.length; index += 2) dimensions[pairs[index] ?? ""] = pairs[index + 1] ?? "";
  return { metric: { namespace, metricName, dimensions }, options };
}

function checkKnown(fields: Fields, known: string[], fault: (message: string) => Error): void {
  const unknown = Object.keys(fields).filter((it) => !known.includes(it));
  if (unknown.length > 0) throw fault(`${unknown.join(", ")} is not known`);
}

function checkStatistic({ stat }: Fields, fault: (message: string) => Error): void {
  if (stat !== undefined && !STATISTIC.test(String(stat))) throw fault(`the statistic ${String(stat)} is not known`);
}

const isListOfText = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((it) => typeof it === "string");

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
