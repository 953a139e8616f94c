import { FAULT_KINDS, type FaultKind } from "../cloud/injection";
import type { Fault } from "./fault";
import type { CountedCall } from "./injector";

/** Logs are not part of a delivery, and pollers repeat their calls. */
const LEFT_OUT = /^(logs (PutLogEvents|CreateLogStream)|sqs ReceiveMessage)$/;

const READ = /^(Describe|List|Get|Head|BatchGet|BatchCheck|Query)/;

/** Further calls of an operation repeat what earlier ones have shown. */
const READS = 2;
const WRITES = 6;

/**
 * The faults worth injecting into a recorded call. The first call of an operation gets every kind that a program can
 * distinguish: a lost read has no effect, and only a denial or an internal error ends calls of AWS's own services.
 * Later calls get those that leave something half done.
 */
function kindsFor({ internal, operation, redeliverable, hasEarlierAnswer, service, number }: CountedCall): FaultKind[] {
  if (internal) return ["denied", "500"];
  const again = (...kinds: FaultKind[]) => (redeliverable ? kinds : []);
  const stale: FaultKind[] =
    hasEarlierAnswer || (service === "ecs" && !/TaskDefinition/.test(operation)) ? ["stale-read"] : [];
  if (READ.test(operation))
    return number === 1
      ? ["throttle", "500", "denied", "kill-before", ...again("twice", "twice-late"), ...stale]
      : ["denied", "kill-before", ...stale];
  return number === 1
    ? FAULT_KINDS.filter((kind) => kind !== "stale-read" && (redeliverable || !kind.startsWith("twice")))
    : ["500", "denied", "answer-lost", "kill-after", ...again("twice")];
}

/** Maximum number of Lambda's attempts per event. */
export const ATTEMPTS = 3;

/** A process killed at each attempt is not restarted. */
function killedEachTime({ internal, redeliverable, operation, number }: CountedCall): FaultKind[] {
  if (internal || !redeliverable || number > 1) return [];
  return [READ.test(operation) ? "kill-before" : "kill-after"];
}

/** @param depth maximum number of distinct calls of an operation */
function isDistinct({ internal, operation, number }: CountedCall, depth: number): boolean {
  return number <= Math.min(depth, internal ? 1 : READ.test(operation) ? READS : WRITES);
}

/** Every fault to inject into a delivery, from its recorded calls. */
export function enumerateFaults(calls: readonly CountedCall[], depth = WRITES): Fault[] {
  return calls
    .filter(({ service, operation }) => !LEFT_OUT.test(`${service} ${operation}`))
    .filter((call) => isDistinct(call, depth))
    .flatMap((call) => {
      const { principal: who, service, operation, number } = call;
      const faults = (kinds: FaultKind[], to: number): Fault[] =>
        kinds.map((kind) => ({ who, service, operation, from: number, to, kind }));
      return [...faults(kindsFor(call), number), ...faults(killedEachTime(call), ATTEMPTS)];
    });
}
