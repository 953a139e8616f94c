import { type Marker, markerOf } from "./body.ts";
import { branchOf, branchPrefix, type Change } from "./change.ts";
import type { PullRequest } from "./github.ts";

/** The pull requests of one service in one environment, as one change sees them. */
export interface Neighbours {
  /** The open one of this very change. */
  own: PullRequest | undefined;
  /** The last one that was asked for after this change and is open or merged: it stays, and this one is not opened. */
  later: PullRequest | undefined;
  /** The open ones that were asked for before: they are closed. */
  earlier: PullRequest[];
}

/**
 * @param open all open pull requests for the base branch
 * @param merged those that were merged into it lately
 */
export function neighboursOf(change: Change & Marker, open: PullRequest[], merged: PullRequest[]): Neighbours {
  const [prefix, branch] = [branchPrefix(change), branchOf(change)];
  const own = open.find(({ head }) => head === branch);
  const others = (all: PullRequest[]) => all.filter(({ head }) => head.startsWith(prefix) && head !== branch);
  // The same change may have been asked for again later, by another record.
  const asked = own !== undefined && isLater(markOf(own), change) ? markOf(own) : change;
  const [later] = [...others(open), ...others(merged)]
    .filter((it) => isLater(markOf(it), asked))
    .sort((a, b) => (isLater(markOf(a), markOf(b)) ? -1 : 1));
  return { own, later, earlier: others(open).filter((it) => !isLater(markOf(it), asked)) };
}

/** Whether a pull request was asked for after another one. */
export function isLater(one: Marker, other: Marker): boolean {
  const [a, b] = [Date.parse(one.requestedAt), Date.parse(other.requestedAt)];
  return a === b ? one.id > other.id : a > b;
}

/** Somebody may have taken the marker out of the text: then it counts when the pull request was opened. */
export function markOf({ body, createdAt }: PullRequest): Marker {
  return markerOf(body) ?? { requestedAt: createdAt, id: "" };
}
