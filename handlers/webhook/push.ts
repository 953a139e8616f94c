import type { Forge, TrackedBranch } from "../forge";
import type { Change, Malformed, Push } from "./adapter";

/** A push, and who tracks its branch. */
export interface TrackedPush {
  push: Push;
  sources: TrackedBranch[];
}

export type PushVerdict = { kind: "deliver"; pushes: TrackedPush[] } | { kind: "ignore"; reason: string } | Malformed;

/** What to do about what a delivery tells: the pushes that somebody tracks, or why there is none. */
export function decidePush(read: Change[] | Malformed, forge: Forge, sources: TrackedBranch[]): PushVerdict {
  if (!Array.isArray(read)) {
    return read;
  }
  const pushes: TrackedPush[] = [];
  const reasons: string[] = [];
  for (const change of read) {
    const tracked = change.kind === "push" ? track(change.push, forge, sources) : change.reason;
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
  const told = reasons.slice(0, 3);
  const others = reasons.length - told.length;
  return [...told, ...(others > 0 ? [`${others} more`] : [])].join("; ") || "the push changes no reference";
}

/** Who tracks the pushed branch, or why nobody does. */
function track(push: Push, forge: Forge, sources: TrackedBranch[]): TrackedPush | string {
  // Forges take repository names in any case: the configuration may spell one otherwise than the forge does.
  const ofRepository = sources.filter(
    (source) => source.forge === forge && source.repository.toLowerCase() === push.repository.toLowerCase(),
  );
  const tracking = ofRepository.filter((source) => source.branch === push.branch);
  if (tracking.length > 0) {
    return { push, sources: tracking };
  }
  const what =
    ofRepository.length === 0 ? `repository ${push.repository}` : `branch ${push.branch} of ${push.repository}`;
  return `${what} is not tracked`;
}
