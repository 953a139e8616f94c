import { createHash } from "node:crypto";
import type { Recording } from "./player";
import { type Combination, nameOf } from "./result";

/** Which combinations are played. */
export interface Choice {
  /** Part of a combination's name. */
  only?: string | undefined;
  /** Maximum number. */
  sample?: number | undefined;
  seed: number;
}

/** Combinations of recorded deliveries, grouped by delivery. */
export function chooseCombinations(recordings: Recording[], { only, sample, seed }: Choice): Combination[] {
  const all = recordings.flatMap(({ delivery, faults }) => faults.map((fault) => ({ delivery, fault })));
  const named = only === undefined ? all : all.filter((it) => nameOf(it).includes(only));
  // A full name selects only this one: #1 is a prefix of #10.
  const exact = named.filter((it) => nameOf(it) === only);
  const wanted = exact.length > 0 ? exact : named;
  if (sample === undefined || sample >= wanted.length) return wanted;
  const chosen = new Set(
    wanted
      .map((it) => ({ it, place: placeOf(it, seed) }))
      .sort((a, b) => a.place.localeCompare(b.place))
      .slice(0, sample)
      .map(({ it }) => it),
  );
  return wanted.filter((it) => chosen.has(it));
}

/** Depends only on the name: the number of polls during the recording does not affect the choice. */
const placeOf = (combination: Combination, seed: number): string =>
  createHash("sha256")
    .update(`${seed} ${nameOf(combination)}`)
    .digest("hex");
