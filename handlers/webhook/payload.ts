import type { Change, Malformed } from "./adapter";

const ZEROS = "0".repeat(40);

/** The part of a push event that GitHub began, and GitLab and Gitee send too: one reference for each event. */
export interface ReferenceUpdate {
  /** `refs/heads/main` */
  ref: unknown;
  /** The commit that the reference is at now; zeros if it is gone. */
  after: unknown;
  /** The commit that it was at before; zeros if it is new. */
  before: unknown;
  /** GitLab says it by the zeros alone. */
  deleted?: unknown;
  repository: unknown;
  /** Where the repository's name was looked for. */
  repositoryField: string;
  /** ISO 8601. */
  pushedAt: string;
}

/** Reads such an event: a push to a branch, or why it is none. */
export function readUpdate({ ref, after, before, repository, ...update }: ReferenceUpdate): Change[] | Malformed {
  if (typeof ref !== "string" || !ref.startsWith("refs/")) {
    return malformed("ref is missing or no reference");
  }
  if (!isCommit(after)) {
    return malformed("after is missing or no commit");
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

/** The branch's commit before a push. It shows which of two pushes is newer, whatever the order of their webhooks. */
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
 * The time of a push that the forge does not date, in ISO 8601. Fetch drops a push that is older than what it has: one that
 * has the time of its receipt is younger than all that were received before it, so none is lost. What it costs: a delivery
 * that is sent again by hand or after a failure counts as a push of that moment, even if its branch has moved on since.
 * @param now milliseconds
 */
export function timeOfReceipt(now: number): string {
  return new Date(now).toISOString();
}

/**
 * A time of the payload in ISO 8601, or that of the receipt. A forge whose clock is fast, or who has found the secret out,
 * would have all pushes dropped that follow until that time has come: it cannot be later than the receipt.
 * @param time epoch seconds, or a text with a date
 * @param now milliseconds
 */
export function isoTime(time: unknown, now: number): string {
  const milliseconds =
    typeof time === "number" ? time * 1_000 : typeof time === "string" ? Date.parse(time) : Number.NaN;
  // Before this one a date has no ISO form, and toISOString throws.
  return milliseconds >= -8.64e15 && milliseconds <= now ? new Date(milliseconds).toISOString() : timeOfReceipt(now);
}

/** The fields of what should be an object: none if it is something else. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
