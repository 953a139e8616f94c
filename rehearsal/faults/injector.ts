import type { ArrivingCall, FaultKind, Injected, Injector } from "../cloud/injection";
import type { Fault } from "./fault";

/** A counted call, and the faults that can be injected into it. */
export interface CountedCall {
  /** Name of the calling role or service. */
  principal: string;
  service: string;
  operation: string;
  /** Number of this call by this principal to this operation, from 1. */
  number: number;
  /** Whether a simulated AWS service made it with the role. */
  internal: boolean;
  redeliverable: boolean;
  hasEarlierAnswer: boolean;
}

/** Injects the armed faults. Created before the account; can be rearmed any number of times. */
export interface Faults extends Injector {
  /** Drops earlier faults and restarts counting at 1. */
  arm(faults: Fault[]): void;
  /** Calls since it was armed, without an SDK's retries. */
  readonly calls: readonly CountedCall[];
  /** The armed faults that have had no effect. */
  unfired(): Fault[];
  /** Called for each performed call. */
  onPerformed(listener: (call: ArrivingCall) => void): void;
}

/** These affect all attempts of an SDK at a call: otherwise its second attempt would hide them from the program. */
const LASTING: ReadonlySet<FaultKind> = new Set<FaultKind>(["throttle", "500", "denied", "reset"]);

/** `storefront-deploy-role-1a2b3c4` from its ARN; other principals have no ARN. */
const nameOf = (principal: string): string => principal.split("/").at(-1) ?? principal;

export function createFaults(armed: Fault[] = []): Faults {
  let faults = armed;
  let fired = new Set<Fault>();
  let calls: CountedCall[] = [];
  let counts = new Map<string, number>();
  /** Faults of calls that the SDK may retry, by the SDK's id; undefined for a call without one. */
  let seen = new Map<string, Fault | undefined>();
  const listeners: ((call: ArrivingCall) => void)[] = [];

  function count(key: string): number {
    const next = (counts.get(key) ?? 0) + 1;
    counts.set(key, next);
    return next;
  }

  function note(call: ArrivingCall): void {
    const { service, operation, sender, hasEarlierAnswer } = call;
    const principal = nameOf(call.principal);
    calls.push({
      principal,
      service,
      operation,
      number: count(`${principal} ${service} ${operation}`),
      internal: sender === undefined,
      redeliverable: sender?.redeliver !== undefined,
      hasEarlierAnswer,
    });
  }

  /** Each fault counts the calls that it matches: its `who` may match several roles. */
  function meeting({ principal, service, operation, sender }: ArrivingCall): Fault | undefined {
    const met = faults.filter((fault, index) => {
      const isMeant =
        fault.service === service &&
        fault.operation === operation &&
        (nameOf(principal).includes(fault.who) || sender?.name.includes(fault.who) === true);
      if (!isMeant) return false;
      const number = count(`fault ${index}`);
      return number >= fault.from && number <= fault.to;
    });
    return met[0];
  }

  const injected = (fault: Fault): Injected => ({ kind: fault.kind, fired: () => fired.add(fault) });

  return {
    arm(next) {
      faults = next;
      fired = new Set();
      calls = [];
      counts = new Map();
      seen = new Map();
    },
    get calls() {
      return calls;
    },
    unfired: () => faults.filter((it) => !fired.has(it)),
    onPerformed: (listener) => listeners.push(listener),
    performed(call) {
      for (const listener of listeners) listener(call);
    },
    faultOf(call) {
      const { invocation } = call;
      if (invocation !== undefined && seen.has(invocation)) {
        const fault = seen.get(invocation);
        return fault !== undefined && LASTING.has(fault.kind) ? injected(fault) : undefined;
      }
      note(call);
      const fault = meeting(call);
      if (invocation !== undefined) seen.set(invocation, fault);
      return fault && injected(fault);
    },
  };
}
