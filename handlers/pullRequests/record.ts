import { createHash } from "node:crypto";
import {
  type Change,
  expiryOf,
  type Item,
  type PullRequestRecord,
  type PullRequestRequest,
  type PullRequestState,
  textsOf,
} from "../../images/gitops-pr/pullRequestRecord";

/** The hash key of the index of all records, newest first. */
export const LIST = "all";

/** Final states: the only transition is a new request. */
export const ENDED: readonly PullRequestState[] = ["opened", "unchanged", "failed"];

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

/** A record as it is stored. */
export function itemOf(record: PullRequestRecord): Item {
  return { ...textsOf(record), list: { S: LIST }, expires: expiryOf(record.updatedAt) };
}
