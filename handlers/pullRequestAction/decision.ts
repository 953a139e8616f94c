import type { PullRequestRecord } from "../../images/gitops-pr/pullRequestRecord";
import { lapseOf } from "../pullRequests/lapse";
import { isEnded } from "../pullRequests/record";
import { isStalled } from "../pullRequests/start";

export interface ActionObservation {
  /** The action's image, as an argument of `kustomize edit set image`. */
  image: string;
  /** The action's requester id. */
  requestedBy: string;
  /** Whether the action has already found or created its record. */
  follows: boolean;
  /** Seconds since the action started. */
  elapsed: number;
  /** Milliseconds. */
  now: number;
  record: PullRequestRecord | undefined;
}

export type ActionStep =
  /** Check again. @property follows whether the action waits for this record's end */
  | { kind: "wait"; follows: boolean; progress: string }
  /** Start the record's task, or find it. */
  | { kind: "launch"; record: PullRequestRecord }
  /** Record that the task has died. */
  | { kind: "lapse"; record: PullRequestRecord; cause: string }
  | { kind: "succeeded"; summary: string }
  | { kind: "failed"; cause: string };

/** Seconds that a pull request may take. Its task stops itself after ten minutes. */
export const DEADLINE = 3_600;

/**
 * Whether to request an existing record again, once for each requester. Its result may be outdated, because another
 * revision may have changed the overlay since. The task checks that, and opens no second pull request.
 */
export function isAskedAgain(record: PullRequestRecord, requestedBy: string): boolean {
  return isEnded(record) && record.requestedBy !== requestedBy;
}

/** Decides an action's next step from its record. */
export function decideAction(observation: ActionObservation): ActionStep {
  const { image, requestedBy, follows, now, record } = observation;
  if (record === undefined) {
    return { kind: "failed", cause: "its record was deleted in the meantime" };
  }
  const isOther = record.image !== image;
  if (isOther && follows) {
    return { kind: "failed", cause: `it was requested again in the meantime with another image, ${record.image}` };
  }
  const cause = lapseOf(record, now);
  if (cause !== undefined) {
    return { kind: "lapse", record, cause };
  }
  if (!follows && isAskedAgain(record, requestedBy)) {
    return { kind: "wait", follows: false, progress: `${record.state} for another requester; requesting it again` };
  }
  if (isOther) {
    return { kind: "wait", follows, progress: `the same revision is ${record.state} with ${record.image}` };
  }
  return decideByState(observation, record);
}

function decideByState(observation: ActionObservation, record: PullRequestRecord): ActionStep {
  const { follows, elapsed, now } = observation;
  switch (record.state) {
    case "opened":
      return {
        kind: "succeeded",
        summary: `${record.url ?? "a pull request without an address"}${earlierRequest(observation)}`,
      };
    case "unchanged":
      return {
        kind: "succeeded",
        summary: `unchanged: ${record.reason ?? "no reason given"}${earlierRequest(observation)}`,
      };
    case "failed":
      return { kind: "failed", cause: record.cause ?? "no cause is recorded" };
    case "requested":
    case "running": {
      const progress = progressOf(record);
      if (elapsed >= DEADLINE) {
        return { kind: "failed", cause: `it did not end within an hour; it is ${progress}` };
      }
      return follows && isStalled(record, now) ? { kind: "launch", record } : { kind: "wait", follows: true, progress };
    }
  }
}

/** `running, task 0123…` */
export function progressOf({ state, task, cause }: PullRequestRecord): string {
  if (task !== undefined) {
    return `${state}, task ${task.slice(task.lastIndexOf("/") + 1)}`;
  }
  return cause === undefined ? state : `${state}, start not confirmed: ${cause}`;
}

function earlierRequest({ record, requestedBy }: ActionObservation): string {
  return record === undefined || record.requestedBy === requestedBy ? "" : `, as requested at ${record.requestedAt}`;
}
