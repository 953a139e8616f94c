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

/** What makes a pull request, and the date in its marker, count. */
export interface Trust {
  /** The login of the token's user. Everybody who may write to the repository may open pull requests like its own. */
  bot: string;
  /** Milliseconds. Everybody who may write to the repository may change markers, too. */
  now: number;
}

/**
 * @param open all open pull requests for the base branch
 * @param merged those that were merged into it lately
 */
export function neighboursOf(
  change: Change & Marker,
  { open, merged }: { open: PullRequest[]; merged: PullRequest[] },
  trust: Trust,
): Neighbours {
  const branch = branchOf(change);
  const own = open.find(({ head }) => head === branch);
  const others = (all: PullRequest[]) => ofSameOverlay(change, all).filter(({ head }) => head !== branch);
  const isBots = ({ author }: PullRequest) => author === trust.bot;
  const mark = (it: PullRequest) => markOf(it, trust);
  // The same change may have been asked for again later, by another record.
  const asked = own !== undefined && isBots(own) && isLater(mark(own), change) ? mark(own) : change;
  const [later] = [...others(open), ...others(merged)]
    .filter((it) => isBots(it) && isLater(mark(it), asked))
    .sort((a, b) => (isLater(mark(a), mark(b)) ? -1 : 1));
  return { own, later, earlier: others(open).filter((it) => !isLater(mark(it), asked)) };
}

/** Whether a pull request was asked for after another one. */
export function isLater(one: Marker, other: Marker): boolean {
  const [a, b] = [Date.parse(one.requestedAt), Date.parse(other.requestedAt)];
  return a === b ? one.id > other.id : a > b;
}

/** When a pull request was asked for. Without a marker that can be trusted, it counts when it was opened. */
export function markOf({ author, body, createdAt }: PullRequest, { bot, now }: Trust): Marker {
  const marker = author === bot ? markerOf(body) : undefined;
  return marker !== undefined && Date.parse(marker.requestedAt) <= now ? marker : { requestedAt: createdAt, id: "" };
}

/** Pull requests that look as if they were about the same overlay, and why they or their markers do not count. */
export function distrusted(
  change: Change,
  all: PullRequest[],
  { bot, now }: Trust,
): { pullRequest: PullRequest; why: string }[] {
  return ofSameOverlay(change, all).flatMap((pullRequest) => {
    const { author, body } = pullRequest;
    const { requestedAt = "" } = markerOf(body) ?? {};
    if (author !== bot) {
      return [{ pullRequest, why: `${author || "a deleted user"} has opened it, not ${bot}` }];
    }
    return Date.parse(requestedAt) > now ? [{ pullRequest, why: `its date is in the future: ${requestedAt}` }] : [];
  });
}

function ofSameOverlay(change: Change, all: PullRequest[]): PullRequest[] {
  const prefix = branchPrefix(change);
  return all.filter(({ head }) => head.startsWith(prefix));
}
