import { isShortage } from "../shared/runTask";
import { explainTaskEnd, type TaskEnd } from "../shared/taskEnd";

/** A task as ECS shows it. */
export interface TaskObservation extends TaskEnd {
  lastStatus: string;
}

export interface MigrationObservation {
  /** The container whose exit code decides. */
  container: string;
  /** Seconds since the task was started. */
  elapsed: number;
  /** Absent if ECS does not show the task. */
  task?: TaskObservation | undefined;
}

export type MigrationVerdict =
  | { kind: "waiting"; progress: string }
  | { kind: "succeeded" }
  /** There was no capacity for the task: its container never ran, so it may be started again. */
  | { kind: "shortage"; cause: string }
  | { kind: "failed"; cause: string };

/**
 * How long ECS may not show a task that it has started, in seconds: its reads are eventually consistent.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
 */
const UNSEEN = 300;

/** Evaluates the migration's task: it succeeded only if the container exited with 0 by itself. */
export function decideMigration({ container, elapsed, task }: MigrationObservation): MigrationVerdict {
  if (task === undefined) {
    return elapsed < UNSEEN
      ? { kind: "waiting", progress: "not shown by ECS yet" }
      : {
          kind: "failed",
          cause:
            "ECS no longer shows it (ECS removes a task about an hour after it has stopped): how it ended is unknown",
        };
  }
  if (task.lastStatus !== "STOPPED") {
    return { kind: "waiting", progress: task.lastStatus };
  }
  const { stopCode, containers } = task;
  const own = containers.find(({ name }) => name === container);
  // A task stopped from outside may also exit with 0 without having finished.
  if (own?.exitCode === 0 && (stopCode === undefined || stopCode === "EssentialContainerExited")) {
    return { kind: "succeeded" };
  }
  if (stopCode === "TaskFailedToStart" && own?.exitCode === undefined && isShortage(task.stoppedReason ?? "")) {
    return { kind: "shortage", cause: task.stoppedReason ?? "" };
  }
  return {
    kind: "failed",
    cause: explainTaskEnd(task, own === undefined ? `it has no container ${container}` : undefined),
  };
}
