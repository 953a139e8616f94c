import type { CloudEvent } from "../cloud/events";
import { errorLine } from "./errorLine";
import { expectEqual } from "./scenario";
import type { World } from "./world";

/** What fetch logged when it failed. */
export interface FetchFailure {
  /** `fetch failed` where it tries again, `fetch gave up` where the message is a dead letter. */
  message: string;
  cause: string;
  /** How often the message was handed out. */
  receives: number;
  retryInSeconds?: number;
}

type Log = Extract<CloudEvent, { kind: "log" }>;

/** The failure that an event tells of, if it does. */
function failureOf(world: World, event: CloudEvent): FetchFailure | undefined {
  if (event.kind !== "log" || errorLine(world, event) === undefined) return undefined;
  const entry: FetchFailure = JSON.parse(event.line);
  return entry.message.startsWith("fetch ") ? entry : undefined;
}

/** Fetch's failures since the mark, in order. */
export const fetchFailures = (world: World): FetchFailure[] =>
  world.since().flatMap((event) => failureOf(world, event) ?? []);

/** The last failure of fetch so far. @throws if it has not failed yet */
export function lastFailure(world: World): FetchFailure {
  const last = world.account.events.flatMap((event) => failureOf(world, event) ?? []).at(-1);
  if (last === undefined) throw new Error("Fetch has not failed yet.");
  return last;
}

/** The first failure of fetch after the event at a place, one that happened already or the next to come. @returns its place too */
export async function fetchFailureAfter(world: World, place: number): Promise<[FetchFailure, place: number]> {
  const { events } = world.account;
  const isOne = (event: CloudEvent): event is Log => failureOf(world, event) !== undefined;
  const event = events.slice(place).find(isOne) ?? (await world.account.until(isOne));
  return [failureOf(world, event) as FetchFailure, events.indexOf(event) + 1];
}

/** A message waits twice as long each time, less up to a tenth, and at most a quarter of an hour. @throws Mismatch */
export function expectBackoff({ receives, retryInSeconds = 0 }: FetchFailure): void {
  const longest = Math.min(15 * 60, 15 * 2 ** (receives - 1));
  const isWithin = retryInSeconds > longest * 0.9 - 1 && retryInSeconds <= longest;
  expectEqual(`seconds until attempt ${receives + 1}`, isWithin ? longest : retryInSeconds, longest);
}
