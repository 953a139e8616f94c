import type { Clock } from "../clock";
import { createRandom } from "../random";

/** The longest time for which a read may show what was before a write, in milliseconds. */
export const LONGEST_LAG = 5_000;

/** One page in four is empty, and never more than two in a row. */
const EMPTY_SHARE = 0.25;
const EMPTY_IN_A_ROW = 2;

/** How far reads are behind writes. */
export interface Consistency {
  /** For how long the next write is not seen, in milliseconds. */
  lag(): number;
  /** Whether the next page is empty although there is more to read. */
  emptyPage(): boolean;
  /**
   * Runs a synchronous read that shows each thing as it was before the latest write of it, whenever that was.
   * @returns its output, and whether anything was shown so
   */
  readStale<O>(read: () => O): { output: O; stale: boolean };
  /** Whether a read is to show what was before the latest write. Called for each thing that has such a view. */
  showsFormer(): boolean;
}

/**
 * The consistency of an account: strict without a seed. With one, the same calls in the same order get the same answers.
 */
export function createConsistency(seed: number | undefined): Consistency {
  let reading: { stale: boolean } | undefined;
  const forced: Pick<Consistency, "readStale" | "showsFormer"> = {
    readStale(read) {
      const state = { stale: false };
      reading = state;
      try {
        return { output: read(), stale: state.stale };
      } finally {
        reading = undefined;
      }
    },
    showsFormer() {
      if (reading !== undefined) reading.stale = true;
      return reading !== undefined;
    },
  };
  if (seed === undefined) return { lag: () => 0, emptyPage: () => false, ...forced };
  const lags = createRandom(seed);
  const pages = createRandom(seed + 1);
  let inARow = 0;
  return {
    ...forced,
    lag: () => Math.round(lags() * LONGEST_LAG),
    emptyPage() {
      inARow = inARow < EMPTY_IN_A_ROW && pages() < EMPTY_SHARE ? inARow + 1 : 0;
      return inARow > 0;
    },
  };
}

/** What reads show of things that were just written. */
export interface StaleViews<V> {
  /**
   * Keeps the present view for reads of the next seconds. Called before the write.
   * @param view undefined for a thing that does not exist yet
   */
  keep(key: string, view: V | undefined): void;
  /** What a read shows in place of the present; undefined if it shows the present. */
  of(key: string): { view: V | undefined } | undefined;
}

export function createStaleViews<V>({
  clock,
  consistency,
}: {
  clock: Pick<Clock, "now">;
  consistency: Pick<Consistency, "lag" | "showsFormer">;
}): StaleViews<V> {
  const views = new Map<string, { view: V | undefined; until: number }>();
  // What was before the latest write, however long ago that was.
  const former = new Map<string, { view: V | undefined }>();

  function of(key: string): { view: V | undefined } | undefined {
    const before = former.get(key);
    if (before !== undefined && consistency.showsFormer()) return before;
    const kept = views.get(key);
    if (kept === undefined || clock.now() < kept.until) return kept;
    views.delete(key);
    return undefined;
  }

  return {
    of,
    keep(key, view) {
      former.set(key, { view });
      const lag = consistency.lag();
      // A second write within the lag of the first: reads still show what was before both.
      const seen = of(key) ?? { view };
      if (lag > 0) views.set(key, { ...seen, until: clock.now() + lag });
    },
  };
}
