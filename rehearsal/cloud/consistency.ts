import type { Clock } from "../clock";
import { createRandom } from "../random";

/** The longest time for which reads may be stale after a write, in milliseconds. */
export const LONGEST_LAG = 5_000;

/** One page in four is empty, and never more than two in a row. */
const EMPTY_SHARE = 0.25;
const EMPTY_IN_A_ROW = 2;

/** How far reads lag behind writes. */
export interface Consistency {
  /** How long the next write stays invisible, in milliseconds. */
  lag(): number;
  /** Whether the next page is empty although more follows. */
  emptyPage(): boolean;
  /**
   * Runs a synchronous read that shows each thing as it was before its latest write, however long ago.
   * @returns its output, and whether any of it was stale
   */
  readStale<O>(read: () => O): { output: O; stale: boolean };
  /** Whether a read should show the state before the latest write. Called for each thing that has such a view. */
  showsFormer(): boolean;
}

/** The consistency of an account: strict without a seed. With one, the same calls in the same order return the same. */
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

/** What reads show of recently written things. */
export interface StaleViews<V> {
  /**
   * Keeps the current view for reads of the next seconds. Called before the write.
   * @param view undefined for a thing that does not exist yet
   */
  keep(key: string, view: V | undefined): void;
  /** The stale view that a read shows; undefined if it shows the current one. */
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
  // The state before the latest write, however long ago.
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
      // A second write within the lag of the first: reads still show the state before both.
      const seen = of(key) ?? { view };
      if (lag > 0) views.set(key, { ...seen, until: clock.now() + lag });
    },
  };
}
