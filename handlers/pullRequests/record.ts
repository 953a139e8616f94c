import { createHash } from "node:crypto";

export type PullRequestState = "requested" | "running" | "opened" | "unchanged" | "failed";

/** Where a state may go. The same table is in the task's image (images/gitops-pr/record.ts). */
export const MOVES: Readonly<Record<PullRequestState, readonly PullRequestState[]>> = {
  requested: ["running", "opened", "unchanged", "failed"],
  running: ["opened", "unchanged", "failed"],
  opened: ["requested"],
  unchanged: ["requested"],
  failed: ["requested"],
};

export const STATES = Object.keys(MOVES) as PullRequestState[];

/** Those from which it can only be asked for anew. */
export const ENDED: readonly PullRequestState[] = ["opened", "unchanged", "failed"];

/** What a record's id is a function of. */
export interface Change {
  /** The folder under kustomize/. */
  service: string;
  /** The folder under overlays/. */
  environment: string;
  /** A commit, or else what names the version. */
  revision: string;
}

/** A pull request that is asked for. */
export interface PullRequestRequest extends Change {
  /** The argument of `kustomize edit set image`. */
  image: string;
  /** Where the service's source is: `acme/storefront`. */
  repository: string;
  /** Where its build can be looked at, an https URL. */
  build?: string | undefined;
  buildNumber?: string | undefined;
  /** Who caused the build. */
  actor?: string | undefined;
  /** The pipeline's job that asked. */
  requestedBy?: string | undefined;
}

/** What is found out on the way. */
export interface PullRequestFacts {
  /** Of the pull request. */
  url?: string | undefined;
  /** Why nothing had to change. */
  reason?: string | undefined;
  /** Why it failed; of a requested one, why it is not known whether its task was started. */
  cause?: string | undefined;
  /** The task's ARN. */
  task?: string | undefined;
  /** Of a failed one, `yes` if ECS would not start its task. */
  refused?: "yes" | undefined;
}

/** A pull request as DynamoDB keeps it. Times are ISO 8601 with milliseconds. */
export interface PullRequestRecord extends PullRequestRequest, PullRequestFacts {
  /** 32 hex digits. */
  id: string;
  /** A UUID, another one for every time that it is asked for: what names the task to ECS and the mover to the record. */
  attempt: string;
  state: PullRequestState;
  requestedAt: string;
  updatedAt: string;
}

/** One attempt at a pull request. */
export type PullRequestAttempt = Pick<PullRequestRecord, "id" | "attempt">;

export const PULL_REQUEST_ID = /^[0-9a-f]{32}$/;

/** Milliseconds after which whatever is under way has died: a task ends itself after ten minutes. */
export const DEAD = 3_600_000;

export function idOf({ service, revision, environment }: Change): string {
  return createHash("sha256")
    .update(JSON.stringify([service, revision, environment]))
    .digest("hex")
    .slice(0, 32);
}

export function isEnded({ state }: Pick<PullRequestRecord, "state">): boolean {
  return ENDED.includes(state);
}

/** Tells operators where to find AWS's message. It may name roles and accounts, so API callers do not get it. */
export function inLogUnder(attempt: string): string {
  return `the platform's log has the details under ${attempt}`;
}

/** The states from which one can be reached. */
export function statesBefore(to: PullRequestState): PullRequestState[] {
  return STATES.filter((from) => MOVES[from].includes(to));
}

/** A record of a request, which nobody has written. @param now milliseconds */
export function newRecord(request: PullRequestRequest, attempt: string, now: number): PullRequestRecord {
  const { service, environment, revision, image, repository, build, buildNumber, actor, requestedBy } = request;
  const requestedAt = new Date(now).toISOString();
  return {
    id: idOf(request),
    attempt,
    service,
    environment,
    revision,
    image,
    repository,
    state: "requested",
    requestedAt,
    updatedAt: requestedAt,
    build,
    buildNumber,
    actor,
    requestedBy,
  };
}
