import type * as pulumi from "@pulumi/pulumi";
import type { Account } from "./partition";

/** Shared by all resources of the stack. */
export interface StackContext {
  account: Account;
  /** Name of the environment. */
  environment: string;
  /** Retention of all log groups, in days. */
  logRetentionDays: number;
  /** SNS topic of alarms and notices. */
  topicArn: pulumi.Input<string>;
  /** Collects what the dashboard shows, as resources are created. */
  monitored: Monitored;
}

export interface Monitored {
  alarmArns: pulumi.Output<string>[];
  functionNames: pulumi.Output<string>[];
}
