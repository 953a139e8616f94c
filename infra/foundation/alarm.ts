import * as cloudwatch from "@pulumi/aws/cloudwatch";
import type * as pulumi from "@pulumi/pulumi";
import type { StackContext } from "../stackContext";

export interface AlarmArgs {
  stack: StackContext;
  /** What happened and what to do about it, for who gets the mail. */
  description: string;
  /** CloudWatch namespace and metrics of it. Several are added up. */
  namespace: string;
  metrics: [string, ...string[]];
  /** `Sum` of events, `Maximum` of a level, or `Minimum` of one that must not last. */
  statistic: "Sum" | "Maximum" | "Minimum";
  dimensions: Record<string, pulumi.Input<string>>;
  /** What the sum or level has to exceed. Default: 0. */
  threshold?: number;
  /** How many periods it has to last. Default: 1. */
  periods?: number;
  /** Seconds. Default: 300. */
  periodSeconds?: number;
  /** Whether its end is told as well. Default: it is. */
  tellsEnd?: boolean;
  /**
   * Whether the topic is notified when there is no data in any of the periods. Default: it is not. A new alarm has no data
   * and sends no notice; with `breaching` it would.
   */
  tellsSilence?: boolean;
}

/** An alarm on what exceeds a threshold within a period. */
export function createAlarm(name: string, args: AlarmArgs, opts: pulumi.CustomResourceOptions): void {
  const { environment, topicArn, monitored } = args.stack;
  const alarm = new cloudwatch.MetricAlarm(
    name,
    {
      // Alarms of two stacks differ by Pulumi's suffix alone.
      alarmDescription: `In ${environment}: ${args.description}`,
      ...measure(args),
      comparisonOperator: "GreaterThanThreshold",
      threshold: args.threshold ?? 0,
      evaluationPeriods: args.periods ?? 1,
      // A function that nobody calls has no metric at all.
      treatMissingData: args.tellsSilence === true ? "missing" : "notBreaching",
      alarmActions: [topicArn],
      okActions: args.tellsEnd === false ? [] : [topicArn],
      ...(args.tellsSilence === true ? { insufficientDataActions: [topicArn] } : {}),
    },
    opts,
  );
  monitored.alarmArns.push(alarm.arn);
}

const PERIOD = 300;

function measure(args: AlarmArgs): Partial<cloudwatch.MetricAlarmArgs> {
  const { namespace, metrics, statistic, dimensions, periodSeconds: period = PERIOD } = args;
  const [metricName, ...others] = metrics;
  if (others.length === 0) return { namespace, metricName, statistic, dimensions, period };
  const queries = metrics.map((metric) => ({
    // CloudWatch wants a small letter first.
    id: metric.toLowerCase(),
    metric: { namespace, metricName: metric, stat: statistic, dimensions, period },
  }));
  // A sum has no value where one of its parts has none.
  const expression = queries.map(({ id }) => `FILL(${id}, 0)`).join(" + ");
  return { metricQueries: [{ id: "total", label: metrics.join(" + "), expression, returnData: true }, ...queries] };
}
