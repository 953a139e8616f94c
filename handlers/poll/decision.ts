import type { Forge, TrackedBranch } from "../forge";
import type { BranchHeads } from "./references";
import { headKey, type PolledHeads, type PollState } from "./state";

/** What is asked of one repository: all its branches at once. */
export interface PolledRepository {
  forge: Forge;
  repository: string;
  sources: TrackedBranch[];
}

export function repositoriesOf(sources: TrackedBranch[]): PolledRepository[] {
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
  | { kind: "moved"; source: TrackedBranch; commit: string; delivery: string }
  | { kind: "unchanged"; source: TrackedBranch }
  | { kind: "gone"; source: TrackedBranch }
  /** The head is named by no SHA-1: pipelines and images are named by 40 digits. */
  | { kind: "unsupported"; source: TrackedBranch };

/** What each application of a repository is to be given, seeing where the branches are and what was enqueued last. */
export function decideHeads(sources: TrackedBranch[], state: PollState, heads: BranchHeads): HeadVerdict[] {
  return sources.map((source) => {
    const commit = heads.get(source.branch);
    const previous = state.heads[headKey(source)];
    if (commit === undefined) {
      return { kind: "gone", source };
    }
    if (!/^[0-9a-f]{40}$/.test(commit)) {
      return { kind: "unsupported", source };
    }
    return commit === previous
      ? { kind: "unchanged", source }
      : { kind: "moved", source, commit, delivery: deliveryOf(previous, commit, state.version) };
  });
}

/**
 * The same for whoever finds the same move in the same state: a poll that is repeated, or two at once, enqueue it under one
 * deduplication id. The state's version keeps apart a branch that moves there, back and there again within SQS's five minutes.
 */
function deliveryOf(previous: string | undefined, commit: string, version: string | undefined): string {
  return `poll-${previous ?? "first"}-${commit}${version === undefined ? "" : `-${version}`}`;
}

/** The state after these moves, without the branches that are no longer tracked. */
export function headsAfter(sources: TrackedBranch[], before: PolledHeads, moved: PolledHeads): PolledHeads {
  const keys = sources.map(headKey);
  return Object.fromEntries(Object.entries({ ...before, ...moved }).filter(([key]) => keys.includes(key)));
}
