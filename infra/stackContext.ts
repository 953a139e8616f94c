import type * as pulumi from "@pulumi/pulumi";
import type { Account } from "./partition";

/** What everything that runs in the stack has in common. */
export interface StackContext {
  account: Account;
  /** Name of the environment. */
  environment: string;
  /** Days after which the events of every log group are deleted. */
  logRetentionDays: number;
  /** SNS topic that alarms and notices go to. */
  topicArn: pulumi.Input<string>;
  /** Takes in what the dashboard shows, as it is made. */
  monitored: Monitored;
}

export interface Monitored {
  alarmArns: pulumi.Output<string>[];
  functionNames: pulumi.Output<string>[];
}
