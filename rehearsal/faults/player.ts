import { type AccountName, type AccountOptions, type OpenAccount, openAccount } from "./accounts";
import { type DeliveryKind, deliveries } from "./deliveries";
import { enumerateFaults } from "./enumerate";
import type { Fault } from "./fault";
import { violationsOf } from "./invariants";
import { type Played, playUnder } from "./playing";
import type { Combination, Result, Verdict } from "./result";

/** A delivery without a fault, to compare the others with. */
export interface Recording {
  delivery: string;
  outcome: string;
  violations: string[];
  /** Its duration in simulated milliseconds. */
  took: number;
  /** The faults that can be injected into it. */
  faults: Fault[];
}

/** Plays deliveries one after another, in one account until an invariant is violated. */
export interface Player {
  /** The open account. */
  readonly account: AccountName | undefined;
  record(delivery: string): Promise<Recording>;
  play(combination: Combination, recording: Recording): Promise<Result>;
  close(): Promise<void>;
}

const NOT_PLAYED = "the delivery could not be played";

/** Deliveries per account: its recorded history grows. */
const LONGEST_USE = 60;

export function createPlayer(options: AccountOptions = {}): Player {
  let open: OpenAccount | undefined;
  let uses = 0;

  async function accountFor({ account }: DeliveryKind): Promise<OpenAccount> {
    if (open?.name === account && uses < LONGEST_USE) {
      uses += 1;
      return open;
    }
    await close();
    open = await openAccount(account, options);
    uses = 1;
    return open;
  }

  async function close(): Promise<void> {
    const closing = open;
    open = undefined;
    await closing?.context.close();
  }

  async function playOnce(combination: Combination, recording: Recording): Promise<Omit<Result, "seconds">> {
    const kind = kindOf(combination.delivery);
    try {
      const played = await playUnder(await accountFor(kind), kind, [combination.fault], recording.took);
      const violations = violationsOf(played.evidence);
      const verdict = verdictOf(played, violations, recording);
      if (violations.length > 0) await close();
      return { ...combination, verdict, outcome: played.outcome, violations };
    } catch (error) {
      await close();
      const message = error instanceof Error ? error.message : String(error);
      return {
        ...combination,
        verdict: "broken",
        outcome: "",
        violations: [`${NOT_PLAYED}: ${message}`],
      };
    }
  }

  return {
    get account() {
      return open?.name;
    },
    async record(delivery) {
      const kind = kindOf(delivery);
      const account = await accountFor(kind);
      const { evidence, outcome, calls } = await playUnder(account, kind, []);
      const concerned = calls.filter(({ principal }) => kind.concerns(account.context, principal));
      return {
        delivery,
        outcome,
        violations: violationsOf(evidence),
        took: evidence.ended - evidence.began,
        faults: enumerateFaults(concerned, kind.depth),
      };
    },
    async play(combination, recording) {
      const began = performance.now();
      const seconds = () => (performance.now() - began) / 1000;
      const first = await playOnce(combination, recording);
      if (first.verdict !== "broken") return { ...first, seconds: seconds() };
      const second = await playOnce(combination, recording);
      // The rehearsal itself failed, perhaps on a busy machine; this says nothing about slipway.
      if (first.violations[0]?.startsWith(NOT_PLAYED)) return { ...second, seconds: seconds() };
      return { ...first, again: second.verdict === "broken", seconds: seconds() };
    },
    close,
  };
}

function verdictOf({ fired, outcome }: Played, violations: string[], recording: Recording): Verdict {
  if (violations.length > 0) return "broken";
  if (!fired) return "not met";
  return outcome === recording.outcome ? "held" : "failed safely";
}

/** @throws for an unknown name */
function kindOf(name: string): DeliveryKind {
  const kind = deliveries.find((it) => it.name === name);
  if (kind === undefined)
    throw new Error(`${name} is no delivery; allowed: ${deliveries.map((it) => it.name).join(", ")}`);
  return kind;
}
