import { type Fault, formatFault } from "./fault";

/** A delivery under one fault. */
export interface Combination {
  delivery: string;
  fault: Fault;
}

/**
 * - held: the result is the same as without the fault
 * - failed safely: the result differs, and no invariant was violated
 * - broken: an invariant was violated
 * - not met: the call was not made, or the fault had nothing to act on
 */
export type Verdict = "held" | "failed safely" | "broken" | "not met";

export interface Result extends Combination {
  verdict: Verdict;
  outcome: string;
  /** Sentences with the invariants' names. */
  violations: string[];
  /** Whether it was also broken when replayed in another account; absent if not replayed. */
  again?: boolean;
  /** Real time. */
  seconds: number;
}

/** `push storefront-deploy-role-1a2b3c4:ecs:UpdateService#2=answer-lost`, as `--only` finds it. */
export const nameOf = ({ delivery, fault }: Combination): string => `${delivery} ${formatFault(fault)}`;

/** The command that replays it. */
export const commandOf = (combination: Combination): string => `npm run faults -- --only '${nameOf(combination)}'`;
