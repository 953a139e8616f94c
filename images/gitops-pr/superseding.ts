import { type Marker, markerOf } from "./body.ts";
import { branchOf, branchPrefix, type Change } from "./change.ts";
import type { PullRequest } from "./github.ts";

/** The pull requests for one service in one environment, relative to one change. */
export interface Neighbours {
  /** The open pull request of this change. */
  own: PullRequest | undefined;
  /** The latest open or merged pull request that was requested after this change. It stays; this change gets none. */
  later: PullRequest | undefined;
  /** The open ones that were requested earlier; they are closed. */
  earlier: PullRequest[];
}

/** Decides which pull requests and marker dates to trust. */
export interface Trust {
  /** Login of the token's user. Anyone with write access can open pull requests that look like its own. */
  bot: string;
  /** Milliseconds. Later dates are ignored: anyone with write access can edit markers. */
  now: number;
}

/**
 * @param open all open pull requests for the base branch
 * @param merged recently merged pull requests for the base branch
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
  // Another record may have requested the same change later.
  const asked = own !== undefined && isBots(own) && isLater(mark(own), change) ? mark(own) : change;
  const [later] = [...others(open), ...others(merged)]
    .filter((it) => isBots(it) && isLater(mark(it), asked))
    .sort((a, b) => (isLater(mark(a), mark(b)) ? -1 : 1));
  return { own, later, earlier: others(open).filter((it) => !isLater(mark(it), asked)) };
}

/** Whether a pull request was requested after another one. */
export function isLater(one: Marker, other: Marker): boolean {
  const [a, b] = [Date.parse(one.requestedAt), Date.parse(other.requestedAt)];
  return a === b ? one.id > other.id : a > b;
}

/** When a pull request was requested. Without a trusted marker, this is when it was opened. */
export function markOf({ author, body, createdAt }: PullRequest, { bot, now }: Trust): Marker {
  const marker = author === bot ? markerOf(body) : undefined;
  return marker !== undefined && Date.parse(marker.requestedAt) <= now ? marker : { requestedAt: createdAt, id: "" };
}

/** Pull requests that seem to be for the same overlay, and why they or their markers are ignored. */
export function distrusted(
  change: Change,
  all: PullRequest[],
  { bot, now }: Trust,
): { pullRequest: PullRequest; why: string }[] {
  return ofSameOverlay(change, all).flatMap((pullRequest) => {
    const { author, body } = pullRequest;
    const { requestedAt = "" } = markerOf(body) ?? {};
    if (author !== bot) {
      return [{ pullRequest, why: `it was opened by ${author || "a deleted user"}, not by ${bot}` }];
    }
    return Date.parse(requestedAt) > now ? [{ pullRequest, why: `its date is in the future: ${requestedAt}` }] : [];
  });
}

function ofSameOverlay(change: Change, all: PullRequest[]): PullRequest[] {
  const prefix = branchPrefix(change);
  return all.filter(({ head }) => head.startsWith(prefix));
}
