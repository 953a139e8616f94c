import { createRandom } from "../random";
import type { Recording } from "./player";
import { type Combination, nameOf } from "./result";

/** Which combinations are played. */
export interface Choice {
  /** Part of a combination's name. */
  only?: string | undefined;
  /** How many at most. */
  sample?: number | undefined;
  seed: number;
}

/** Combinations of recorded deliveries, those of one delivery together. */
export function chooseCombinations(recordings: Recording[], { only, sample, seed }: Choice): Combination[] {
  const all = recordings.flatMap(({ delivery, faults }) => faults.map((fault) => ({ delivery, fault })));
  const named = only === undefined ? all : all.filter((it) => nameOf(it).includes(only));
  // A name in full means this one: #1 and #10 begin alike.
  const exact = named.filter((it) => nameOf(it) === only);
  const wanted = exact.length > 0 ? exact : named;
  if (sample === undefined || sample >= wanted.length) return wanted;
  const chosen = new Set(shuffled(wanted, createRandom(seed)).slice(0, sample));
  return wanted.filter((it) => chosen.has(it));
}

function shuffled<T>(items: T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
