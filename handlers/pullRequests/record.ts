import { createHash } from "node:crypto";

export type PullRequestState = "requested" | "running" | "opened" | "unchanged" | "failed";

/** The allowed transitions. The task's image has the same table (images/gitops-pr/record.ts). */
export const MOVES: Readonly<Record<PullRequestState, readonly PullRequestState[]>> = {
  requested: ["running", "opened", "unchanged", "failed"],
  running: ["opened", "unchanged", "failed"],
  opened: ["requested"],
  unchanged: ["requested"],
  failed: ["requested"],
};

export const STATES = Object.keys(MOVES) as PullRequestState[];

/** Final states: the only transition is a new request. */
export const ENDED: readonly PullRequestState[] = ["opened", "unchanged", "failed"];

/** The fields that determine a record's id. */
export interface Change {
  /** The folder under kustomize/. */
  service: string;
  /** The folder under overlays/. */
  environment: string;
  /** A commit, or another name of the version. */
  revision: string;
}

/** A request for a pull request. */
export interface PullRequestRequest extends Change {
  /** The argument of `kustomize edit set image`. */
  image: string;
  /** The service's source repository: `acme/storefront`. */
  repository: string;
  /** URL of its build, https. */
  build?: string | undefined;
  buildNumber?: string | undefined;
  /** Who caused the build. */
  actor?: string | undefined;
  /** The pipeline job that requested it. */
  requestedBy?: string | undefined;
}

/** Results of the task. */
export interface PullRequestFacts {
  /** The pull request's URL. */
  url?: string | undefined;
  /** Why nothing had to change. */
  reason?: string | undefined;
  /** Why it failed; if only requested, why it is unknown whether its task was started. */
  cause?: string | undefined;
  /** The task's ARN. */
  task?: string | undefined;
  /** For a failed record, `yes` if ECS rejected its task. */
  refused?: "yes" | undefined;
}

/** A pull request as stored in DynamoDB. Times are ISO 8601 with milliseconds. */
export interface PullRequestRecord extends PullRequestRequest, PullRequestFacts {
  /** 32 hex digits. */
  id: string;
  /** A UUID, new for each request: identifies the task to ECS, and the writer to the record. */
  attempt: string;
  state: PullRequestState;
  requestedAt: string;
  updatedAt: string;
}

/** One attempt at a pull request. */
export type PullRequestAttempt = Pick<PullRequestRecord, "id" | "attempt">;

export const PULL_REQUEST_ID = /^[0-9a-f]{32}$/;

/** Milliseconds after which an unfinished record is dead: a task stops itself after ten minutes. */
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

/** The states with a transition to this one. */
export function statesBefore(to: PullRequestState): PullRequestState[] {
  return STATES.filter((from) => MOVES[from].includes(to));
}

/** A record of a request, not yet stored. @param now milliseconds */
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
