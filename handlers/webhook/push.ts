import type { TrackedBranch } from "../webhook";

const ZEROS = "0".repeat(40);

export interface Push {
  repository: string;
  branch: string;
  commit: string;
  /** ISO 8601. */
  pushedAt: string;
}

export type PushVerdict =
  | { kind: "deliver"; push: Push; sources: TrackedBranch[] }
  | { kind: "ignore"; reason: string }
  | { kind: "malformed"; reason: string };

/**
 * What to do about a push event.
 * @param payload the parsed body of a `push` event, of which nothing is known yet
 * @param now milliseconds; stands in for the time of the push where GitHub gives none
 */
export function decidePush(payload: unknown, sources: TrackedBranch[], now: number): PushVerdict {
  const { ref, after, deleted, repository } = object(payload);
  const { full_name: name, pushed_at: pushedAt } = object(repository);
  if (typeof ref !== "string" || !ref.startsWith("refs/")) {
    return { kind: "malformed", reason: "not a push: ref is missing or no reference" };
  }
  if (typeof after !== "string" || !/^[0-9a-f]{40}$/.test(after)) {
    return { kind: "malformed", reason: "not a push: after is missing or no commit" };
  }
  if (typeof name !== "string" || name === "") {
    return { kind: "malformed", reason: "not a push: repository.full_name is missing" };
  }
  if (!ref.startsWith("refs/heads/")) {
    return { kind: "ignore", reason: `${ref} is not a branch` };
  }
  const branch = ref.slice("refs/heads/".length);
  if (deleted === true || after === ZEROS) {
    return { kind: "ignore", reason: `branch ${branch} was deleted` };
  }
  // GitHub takes repository names in any case: the configuration may spell one otherwise than GitHub does.
  const ofRepository = sources.filter((source) => source.repository.toLowerCase() === name.toLowerCase());
  const tracking = ofRepository.filter((source) => source.branch === branch);
  if (tracking.length === 0) {
    const what = ofRepository.length === 0 ? `repository ${name}` : `branch ${branch} of ${name}`;
    return { kind: "ignore", reason: `${what} is not tracked` };
  }
  const push = { repository: name, branch, commit: after, pushedAt: isoTime(pushedAt, now) };
  return { kind: "deliver", push, sources: tracking };
}

/** GitHub gives `pushed_at` in push events as epoch seconds, in most others as ISO 8601, and by its schema it may be null. */
function isoTime(pushedAt: unknown, now: number): string {
  const time =
    typeof pushedAt === "number" ? pushedAt * 1_000 : typeof pushedAt === "string" ? Date.parse(pushedAt) : Number.NaN;
  // Outside this range a date has no ISO form, and toISOString throws.
  return new Date(Math.abs(time) <= 8.64e15 ? time : now).toISOString();
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
