import * as sns from "@pulumi/aws/sns";
import * as pulumi from "@pulumi/pulumi";

export interface AlertsArgs {
  /** Email addresses to notify; each must confirm the subscription that SNS sends. */
  emails: string[];
}

/** The stack's topic for alarms and notices. */
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
