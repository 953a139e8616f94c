import * as cloudwatch from "@pulumi/aws/cloudwatch";
import type * as pulumi from "@pulumi/pulumi";
import type { StackContext } from "../stackContext";

export interface AlarmArgs {
  stack: StackContext;
  /** What happened and what to do about it, for the recipients of the notification. */
  description: string;
  /** CloudWatch namespace and its metrics. Several metrics are added up. */
  namespace: string;
  metrics: [string, ...string[]];
  /** `Sum` of events, `Maximum` of a level, or `Minimum` of a level that must not stay high. */
  statistic: "Sum" | "Maximum" | "Minimum";
  dimensions: Record<string, pulumi.Input<string>>;
  /** The alarm is raised when the sum or level exceeds this. Default: 0. */
  threshold?: number;
  /** For how many periods the threshold must be exceeded. Default: 1. */
  periods?: number;
  /** Seconds. Default: 300. */
  periodSeconds?: number;
  /** Whether the topic is also notified when the alarm ends. Default: yes. */
  tellsEnd?: boolean;
  /**
   * Whether the topic is notified when all periods lack data. Default: no. A new alarm has no data, and sends nothing;
   * with `breaching`, it would.
   */
  tellsSilence?: boolean;
}

/** An alarm that is raised when a metric exceeds a threshold within a period. */
export function createAlarm(name: string, args: AlarmArgs, opts: pulumi.CustomResourceOptions): void {
  const { environment, topicArn, monitored } = args.stack;
  const alarm = new cloudwatch.MetricAlarm(
    name,
    {
      // Alarms of two stacks differ only by Pulumi's suffix.
      alarmDescription: `In ${environment}: ${args.description}`,
      ...measure(args),
      comparisonOperator: "GreaterThanThreshold",
      threshold: args.threshold ?? 0,
      evaluationPeriods: args.periods ?? 1,
      // A function that is never invoked has no metrics.
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
    // CloudWatch requires ids to start with a lower-case letter.
    id: metric.toLowerCase(),
    metric: { namespace, metricName: metric, stat: statistic, dimensions, period },
  }));
  // Without FILL, a missing metric would leave the sum without a value.
  const expression = queries.map(({ id }) => `FILL(${id}, 0)`).join(" + ");
  return { metricQueries: [{ id: "total", label: metrics.join(" + "), expression, returnData: true }, ...queries] };
}
