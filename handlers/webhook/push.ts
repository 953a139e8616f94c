import type { TrackedBranch } from "../shared/forge";
import type { Change, Malformed, Push } from "./adapter";

/** A push, and the applications that track its branch. */
export interface TrackedPush {
  push: Push;
  sources: TrackedBranch[];
}

export type PushVerdict =
  | { kind: "deliver"; pushes: TrackedPush[] }
  | { kind: "ignore"; reason: string }
  /** The payload names another repository than the one whose secret signed it. */
  | { kind: "foreign"; reason: string }
  | Malformed;

/**
 * Selects the pushes to tracked branches, or says why no push qualifies.
 * @param repository the one whose secret signed the request: pushes to any other are rejected
 * @param sources tracked branches of that repository
 */
export function decidePush(read: Change[] | Malformed, repository: string, sources: TrackedBranch[]): PushVerdict {
  if (!Array.isArray(read)) {
    return read;
  }
  const pushes: TrackedPush[] = [];
  const reasons: string[] = [];
  for (const change of read) {
    if (change.kind === "push" && !isSameRepository(change.push.repository, repository)) {
      const reason = `the payload names repository ${change.push.repository}, but this path and its secret belong to ${repository}`;
      return { kind: "foreign", reason };
    }
    const tracked = change.kind === "push" ? track(change.push, sources) : change.reason;
    if (typeof tracked === "string") {
      reasons.push(tracked);
    } else {
      pushes.push(tracked);
    }
  }
  return pushes.length > 0 ? { kind: "deliver", pushes } : { kind: "ignore", reason: summary(reasons) };
}

/** One push may change hundreds of references. */
function summary(reasons: string[]): string {
  const named = reasons.slice(0, 3);
  const others = reasons.length - named.length;
  return [...named, ...(others > 0 ? [`${others} more`] : [])].join("; ") || "the push changes no reference";
}

/** The push with the applications that track its branch, or why none does. */
function track(push: Push, sources: TrackedBranch[]): TrackedPush | string {
  const tracking = sources.filter((source) => source.branch === push.branch);
  return tracking.length > 0
    ? { push, sources: tracking }
    : `branch ${push.branch} of ${push.repository} is not tracked`;
}

/** Forges ignore the case of repository names, so the configuration may use another spelling. */
function isSameRepository(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
