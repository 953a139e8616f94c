import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as sns from "@pulumi/aws/sns";
import * as pulumi from "@pulumi/pulumi";

export interface AlertsArgs {
  /** Addresses that are told; each has to confirm the subscription that SNS mails it. */
  emails: string[];
}

/** Where alarms go: one topic for the stack. */
export class Alerts extends pulumi.ComponentResource {
  readonly topicArn: pulumi.Output<string>;

  constructor(name: string, args: AlertsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Alerts", name, {}, opts);
    const topic = new sns.Topic(`${name}-alerts`, {}, { parent: this });
    for (const email of args.emails)
      new sns.TopicSubscription(
        `${name}-alerts-${email}`,
        { topic: topic.arn, protocol: "email", endpoint: email },
        { parent: this },
      );
    this.topicArn = topic.arn;
    this.registerOutputs({ topicArn: this.topicArn });
  }
}

export interface AlarmArgs {
  /** What happened and what to do about it, for who gets the mail. */
  description: string;
  /** CloudWatch namespace and metric. */
  namespace: string;
  metric: string;
  /** `Sum` of events, or `Maximum` of a level. */
  statistic: "Sum" | "Maximum";
  dimensions: Record<string, pulumi.Input<string>>;
  /** SNS topic that is told when the alarm goes off, and when it ends. */
  topicArn: pulumi.Input<string>;
}

/** An alarm on anything but zero within five minutes. */
export function createAlarm(name: string, args: AlarmArgs, opts: pulumi.CustomResourceOptions): void {
  new cloudwatch.MetricAlarm(
    name,
    {
      alarmDescription: args.description,
      namespace: args.namespace,
      metricName: args.metric,
      statistic: args.statistic,
      dimensions: args.dimensions,
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      period: 300,
      evaluationPeriods: 1,
      // A function that nobody calls has no metric at all.
      treatMissingData: "notBreaching",
      alarmActions: [args.topicArn],
      okActions: [args.topicArn],
    },
    opts,
  );
}
