import { inLogUnder } from "../pullRequests/record";
import { explainTaskEnd } from "../shared/taskEnd";

/**
 * What an event "ECS Task State Change" says of a task, as far as it is used here.
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

/** The end of a task that was to carry out a pull request. */
export interface EndedAttempt {
  /** The record's id. */
  id: string;
  /** The attempt that the task was started for. */
  attempt: string;
  /** Why the record has failed, if it has no result by now: for its readers, without anything that AWS said. */
  cause: string;
  /** ECS's words, for the log. */
  detail: string;
  /** When the task was made, in milliseconds. */
  createdAt?: number;
}

/** `<record's id>/<attempt>`, as the task is started by. */
const STARTED_BY = /^([0-9a-f]{32})\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** @returns `undefined` for a task that goes on, or that was not started for a pull request */
export function endedAttempt(task: TaskStateChange): EndedAttempt | undefined {
  const [, id, attempt] = STARTED_BY.exec(task.startedBy ?? "") ?? [];
  if (task.lastStatus !== "STOPPED" || id === undefined || attempt === undefined) {
    return undefined;
  }
  const { stopCode, stoppedReason, containers = [] } = task;
  // A task records its result before it ends, so one that ends without has died, whatever its exit code is.
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
