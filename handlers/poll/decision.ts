import type { ArchiveHead } from "../fetch/decision";
import type { Forge, TrackedBranch } from "../shared/forge";
import { type EnqueuedHeads, headKey } from "./state";

/** A branch whose head is compared with the latest archive. */
export interface PolledSource extends TrackedBranch {
  /** The archive's key, such as `storefront/source.zip`. */
  key: string;
}

/** One repository with all its branches, polled together. */
export interface PolledRepository {
  forge: Forge;
  repository: string;
  sources: PolledSource[];
}

export function repositoriesOf(sources: PolledSource[]): PolledRepository[] {
  const repositories: PolledRepository[] = [];
  for (const source of sources) {
    const { forge, repository } = source;
    const known = repositories.find((it) => it.forge === forge && it.repository === repository);
    if (known === undefined) {
      repositories.push({ forge, repository, sources: [source] });
    } else {
      known.sources.push(source);
    }
  }
  return repositories;
}

export type HeadVerdict =
  /** The head is neither delivered nor enqueued by an earlier poll. */
  | { kind: "missed"; commit: string; before?: string; delivery: string }
  | { kind: "delivered" | "waiting" }
  | { kind: "gone" }
  /** The head is not a SHA-1: pipelines and images require 40 digits. */
  | { kind: "unsupported" };

/**
 * Decides what to do about a branch's head.
 * @param head the branch's commit; `undefined` if there is no such branch
 * @param archive the latest archive; `undefined` before the first delivery
 * @param enqueued heads enqueued by earlier polls
 */
export function decideHead(
  source: TrackedBranch,
  head: string | undefined,
  archive: Pick<ArchiveHead, "commit" | "versionId"> | undefined,
  enqueued: EnqueuedHeads,
): HeadVerdict {
  if (head === undefined) {
    return { kind: "gone" };
  }
  if (!/^[0-9a-f]{40}$/.test(head)) {
    return { kind: "unsupported" };
  }
  if (head === archive?.commit) {
    return { kind: "delivered" };
  }
  const last = enqueued[headKey(source)];
  // If another archive has arrived, the branch has moved since: its return to this commit is a new push.
  if (last !== undefined && last.commit === head && last.over === archive?.versionId) {
    return { kind: "waiting" };
  }
  // Deterministic: two concurrent polls use the same deduplication id.
  const delivery = `poll-${archive?.versionId ?? "first"}-${head}`;
  return { kind: "missed", commit: head, ...(archive?.commit && { before: archive.commit }), delivery };
}

/** The state including the heads just enqueued, without branches that are no longer tracked. */
export function enqueuedAfter(sources: TrackedBranch[], before: EnqueuedHeads, now: EnqueuedHeads): EnqueuedHeads {
  const keys = sources.map(headKey);
  return Object.fromEntries(Object.entries({ ...before, ...now }).filter(([key]) => keys.includes(key)));
}
