import type { CloudEvent } from "../../cloud/events";
import { expectEqual } from "../scenario";
import type { ScenarioContext } from "../scenarioContext";
import { errorLine } from "./errorLine";

/** Fetch's log entry about a failure. */
export interface FetchFailure {
  /** `fetch failed` if it will retry, `fetch gave up` if the message goes to the dead-letter queue. */
  message: string;
  cause: string;
  /** How often the message was received. */
  receives: number;
  retryInSeconds?: number;
}

type Log = Extract<CloudEvent, { kind: "log" }>;

/** The failure reported by an event, if any. */
function failureOf(context: ScenarioContext, event: CloudEvent): FetchFailure | undefined {
  if (event.kind !== "log" || errorLine(context, event) === undefined) return undefined;
  const entry: FetchFailure = JSON.parse(event.line);
  return entry.message.startsWith("fetch ") ? entry : undefined;
}

/** Fetch's failures since the mark, in order. */
export const fetchFailures = (context: ScenarioContext): FetchFailure[] =>
  context.since().flatMap((event) => failureOf(context, event) ?? []);

/** The latest failure of fetch. @throws if there is none */
export function lastFailure(context: ScenarioContext): FetchFailure {
  const last = context.account.events.flatMap((event) => failureOf(context, event) ?? []).at(-1);
  if (last === undefined) throw new Error("Fetch has not failed yet.");
  return last;
}

/** The first failure of fetch after a position in the events, past or future. @returns its position too */
export async function fetchFailureAfter(
  context: ScenarioContext,
  place: number,
): Promise<[FetchFailure, place: number]> {
  const { events } = context.account;
  const isOne = (event: CloudEvent): event is Log => failureOf(context, event) !== undefined;
  const event = events.slice(place).find(isOne) ?? (await context.account.until(isOne));
  return [failureOf(context, event) as FetchFailure, events.indexOf(event) + 1];
}

/** The delay doubles each time, less up to a tenth, to at most a quarter of an hour. @throws Mismatch */
export function expectBackoff({ receives, retryInSeconds = 0 }: FetchFailure): void {
  const longest = Math.min(15 * 60, 15 * 2 ** (receives - 1));
  const isWithin = retryInSeconds > longest * 0.9 - 1 && retryInSeconds <= longest;
  expectEqual(`seconds until attempt ${receives + 1}`, isWithin ? longest : retryInSeconds, longest);
}
