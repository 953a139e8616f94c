import type { EventBridgeEvent } from "aws-lambda";
import type { TaskStateChange } from "../pullRequestTasks/decision";
import type { TaskObservation } from "./decision";

export type { TaskStateChange } from "../pullRequestTasks/decision";

export type TaskStateChangeEvent = EventBridgeEvent<"ECS Task State Change", TaskStateChange>;

/** The task as an up-to-date DescribeTasks would show it. */
export function observationOf({
  lastStatus,
  stopCode,
  stoppedReason,
  containers = [],
}: TaskStateChange): TaskObservation {
  return {
    lastStatus,
    stopCode,
    stoppedReason,
    containers: containers.map(({ name, exitCode, reason }) => ({ name, exitCode, reason })),
  };
}

export function taskIdOf({ taskArn }: TaskStateChange): string {
  return taskArn.slice(taskArn.lastIndexOf("/") + 1);
}
