import type { Change, Malformed } from "./adapter";

const ZEROS = "0".repeat(40);

/** GitHub's push event format, also sent by GitLab and Gitee: one reference for each event. */
export interface ReferenceUpdate {
  /** `refs/heads/main` */
  ref: unknown;
  /** The reference's new commit; zeros if it was deleted. */
  after: unknown;
  /** The reference's previous commit; zeros if it is new. */
  before: unknown;
  /** GitLab signals it only by the zeros. */
  deleted?: unknown;
  repository: unknown;
  /** The field that should hold the repository's name. */
  repositoryField: string;
  /** ISO 8601. */
  pushedAt: string;
}

/** Parses such an event: a push to a branch, or the reason why it is not one. */
export function readUpdate({ ref, after, before, repository, ...update }: ReferenceUpdate): Change[] | Malformed {
  if (typeof ref !== "string" || !ref.startsWith("refs/")) {
    return malformed("ref is missing or is not a reference");
  }
  if (!isCommit(after)) {
    return malformed("after is missing or is not a commit");
  }
  if (typeof repository !== "string" || repository === "") {
    return malformed(`${update.repositoryField} is missing`);
  }
  if (!ref.startsWith("refs/heads/")) {
    return [{ kind: "ignore", reason: `${ref} is not a branch` }];
  }
  const branch = ref.slice("refs/heads/".length);
  if (update.deleted === true || after === ZEROS) {
    return [{ kind: "ignore", reason: `branch ${branch} was deleted` }];
  }
  return [
    { kind: "push", push: { repository, branch, commit: after, ...formerly(before), pushedAt: update.pushedAt } },
  ];
}

/** The branch's commit before a push. It shows which of two pushes is newer, in whatever order they arrive. */
export function formerly(before: unknown): { before?: string } {
  return isCommit(before) && before !== ZEROS ? { before } : {};
}

export function malformed(reason: string): Malformed {
  return { kind: "malformed", reason: `not a push: ${reason}` };
}

export function isCommit(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{40}$/.test(value);
}

/**
 * The time of a push that the forge does not date, in ISO 8601. Fetch drops pushes that are older than the archive. The
 * time of receipt is later than that of all earlier pushes, so none is lost. The drawback: a redelivery counts as a new
 * push, even if the branch has moved on since.
 * @param now milliseconds
 */
export function timeOfReceipt(now: number): string {
  return new Date(now).toISOString();
}

/**
 * A time from the payload in ISO 8601, but never later than the receipt. Otherwise, a forge with a fast clock, or
 * anyone who knows the secret, could make fetch drop all pushes until that time.
 * @param time epoch seconds, or a text with a date
 * @param now milliseconds
 */
export function isoTime(time: unknown, now: number): string {
  const milliseconds =
    typeof time === "number" ? time * 1_000 : typeof time === "string" ? Date.parse(time) : Number.NaN;
  // The lower limit is the earliest valid Date: below it, toISOString throws.
  return milliseconds >= -8.64e15 && milliseconds <= now ? new Date(milliseconds).toISOString() : timeOfReceipt(now);
}

/** The fields of an object; none if the value is not an object. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
