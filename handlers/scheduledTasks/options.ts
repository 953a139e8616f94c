import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { ECSClient } from "@aws-sdk/client-ecs";
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";

export interface ScheduledTasksOptions {
  environment: string;
  /** The cluster's ARN. */
  cluster: string;
  /** The SNS topic for notices. */
  topicArn: string;
  applications: ScheduledApplication[];
}

/** An application with schedules. */
export interface ScheduledApplication {
  application: string;
  /** Prefix of its rules' names: `<environment>-<application>--`. */
  prefix: string;
}

export interface ScheduledTasksContext {
  cloudWatch: CloudWatchClient;
  ecs: ECSClient;
  events: EventBridgeClient;
  options: ScheduledTasksOptions;
}

/** Prefix of a task's `startedBy`; the rule's name follows. */
export const STARTED_BY_RULE = "events-rule/";
