import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { ECSClient } from "@aws-sdk/client-ecs";
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";

export interface ScheduledTasksOptions {
  environment: string;
  /** The cluster's ARN. */
  cluster: string;
  /** The SNS topic that notices go to. */
  topicArn: string;
  applications: ScheduledApplication[];
}

/** An application with schedules. */
export interface ScheduledApplication {
  application: string;
  /** What the names of its rules begin with: `<environment>-<application>--`. */
  prefix: string;
}

export interface ScheduledTasksContext {
  cloudWatch: CloudWatchClient;
  ecs: ECSClient;
  events: EventBridgeClient;
  options: ScheduledTasksOptions;
}

/** How ECS names what started a task: this, and the rule's name. */
export const STARTED_BY_RULE = "events-rule/";
