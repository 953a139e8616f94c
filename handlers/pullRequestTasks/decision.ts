import { inLogUnder } from "../pullRequests/record";
import { explainTaskEnd } from "../shared/taskEnd";

/**
 * The fields used from an event "ECS Task State Change".
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
 */
export interface TaskStateChange {
  taskArn: string;
  lastStatus: string;
  startedBy?: string;
  /** ISO 8601 */
  createdAt?: string;
  stopCode?: string;
  stoppedReason?: string;
  containers?: { name: string; exitCode?: number; reason?: string }[];
}

/** The end of a pull request's task. */
export interface EndedAttempt {
  /** The record's id. */
  id: string;
  /** The attempt that the task was started for. */
  attempt: string;
  /** Why the record has failed, if it has no result yet. For API callers, without AWS's message. */
  cause: string;
  /** ECS's message, for the log. */
  detail: string;
  /** When the task was created, in milliseconds. */
  createdAt?: number;
}

/** `<record's id>/<attempt>`, the task's `startedBy`. */
const STARTED_BY = /^([0-9a-f]{32})\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** @returns `undefined` if the task has not stopped, or was not started for a pull request */
export function endedAttempt(task: TaskStateChange): EndedAttempt | undefined {
  const [, id, attempt] = STARTED_BY.exec(task.startedBy ?? "") ?? [];
  if (task.lastStatus !== "STOPPED" || id === undefined || attempt === undefined) {
    return undefined;
  }
  const { stopCode, stoppedReason, containers = [] } = task;
  // A task records its result before it ends, so one without a result has died, whatever its exit code.
  const cause = `the task ended without a result: ${whyEnded(task)}; ${inLogUnder(attempt)}`;
  const detail = explainTaskEnd({ stopCode, stoppedReason, containers });
  return { id, attempt, cause, detail, ...(task.createdAt !== undefined && { createdAt: Date.parse(task.createdAt) }) };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html */
function whyEnded({ stopCode, containers = [] }: TaskStateChange): string {
  const { exitCode, reason = "" } = containers[0] ?? {};
  if (stopCode === "TaskFailedToStart") {
    return "it could not start";
  }
  if (stopCode === "UserInitiated") {
    return "somebody stopped it";
  }
  if (reason.startsWith("OutOfMemoryError")) {
    return "it ran out of memory";
  }
  return exitCode === undefined ? "AWS stopped it" : `its program exited with ${exitCode}`;
}
