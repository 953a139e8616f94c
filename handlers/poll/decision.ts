import type { ArchiveHead } from "../fetch/decision";
import type { Forge, TrackedBranch } from "../shared/forge";
import { type EnqueuedHeads, headKey } from "./state";

/** A branch whose head is compared with the archive that was delivered last. */
export interface PolledSource extends TrackedBranch {
  /** The archive's key, such as `storefront/source.zip`. */
  key: string;
}

/** What is asked of one repository: all its branches at once. */
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
  /** The head is named by no SHA-1: pipelines and images are named by 40 digits. */
  | { kind: "unsupported" };

/**
 * What to do about a branch's head.
 * @param head the commit that the branch is at; `undefined` if there is no such branch
 * @param archive what was fetched last; `undefined` before the first delivery
 * @param enqueued what polls have enqueued before
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
  // Once another archive has come, the branch has been elsewhere since: its return is another push.
  if (last !== undefined && last.commit === head && last.over === archive?.versionId) {
    return { kind: "waiting" };
  }
  // The same for whoever finds the same: two polls at once enqueue it under one deduplication id.
  const delivery = `poll-${archive?.versionId ?? "first"}-${head}`;
  return { kind: "missed", commit: head, ...(archive?.commit && { before: archive.commit }), delivery };
}

/** The state after what was enqueued now, without the branches that are no longer tracked. */
export function enqueuedAfter(sources: TrackedBranch[], before: EnqueuedHeads, now: EnqueuedHeads): EnqueuedHeads {
  const keys = sources.map(headKey);
  return Object.fromEntries(Object.entries({ ...before, ...now }).filter(([key]) => keys.includes(key)));
}
