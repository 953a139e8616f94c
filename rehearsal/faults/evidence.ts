import type { CloudEvent } from "../cloud/events";
import type { ServiceState } from "../scenarios/steps/state";

/** An event with its time, in milliseconds since the epoch. */
export interface Happened {
  at: number;
  event: CloudEvent;
}

/** The state of an application's lock at a moment. Times are in milliseconds since the epoch. */
export interface LockSample {
  /** Migrations have a separate lock. */
  name: "deployment" | "migration";
  at: number;
  environment: string;
  /** Id of the execution or deployment by HTTP; empty before the first one. */
  owner: string;
  /** The lock is free after this. */
  until: number;
  /** The service whose starting rollout caused this sample, if any. */
  rollout?: string;
}

/** A record that slipway keeps of its work. */
export interface RecordState {
  id: string;
  state: string;
  /** When it was first seen in an end state; absent if never. */
  endedAt?: number;
}

/** The final state of a stack, in versions. */
export interface StackState {
  environment: string;
  /** Names of the application's pipeline, its services, and the family of its one-off tasks. */
  pipeline: string;
  services: ServiceState[];
  tagged: string;
  /** Versions run by the schedules. */
  schedules: string[];
}

/** What was requested. */
export type Request =
  | { kind: "push"; version: string; commit: string }
  /** @property id absent if the response was an error */
  | { kind: "deployment"; version: string; id?: string; status: number }
  | { kind: "pull request"; position: number; id?: string; status: number };

/** Everything known about a delivery after it has settled or timed out. Times are in milliseconds since the epoch. */
export interface Evidence {
  request: Request;
  /** Whether a function was killed at every attempt: it then cannot report, and CodePipeline fails its action. */
  killedEachTime: boolean;
  began: number;
  /** When everything had settled, or the wait was given up. */
  ended: number;
  /** When everything must have settled. */
  due: number;
  /** What had not settled at the end. */
  unrest: string[];
  happened: Happened[];
  /** Pipeline actions performed by functions, as `pipeline/stage/action`. */
  functionActions: ReadonlySet<string>;
  stacks: StackState[];
  records: RecordState[];
  locks: LockSample[];
}

/** The record of the request; the latest one if the response with its id was lost. */
export const recordOf = ({ request, records }: Evidence): RecordState | undefined =>
  records.find(({ id }) => "id" in request && id === request.id) ?? records.at(-1);

export type EventOf<K extends CloudEvent["kind"]> = Extract<CloudEvent, { kind: K }>;

/** Events of one kind, in order, with their times. */
export const eventsOf = <K extends CloudEvent["kind"]>({ happened }: Pick<Evidence, "happened">, kind: K) =>
  happened.flatMap(({ at, event }) => (event.kind === kind ? [{ at, ...(event as EventOf<K>) }] : []));

/** When each ended execution ended. */
export function executionEnds(evidence: Pick<Evidence, "happened">): Map<string, { at: number; status: string }> {
  const ends = eventsOf(evidence, "pipeline").filter(({ status }) => status !== "InProgress");
  return new Map(ends.map(({ executionId, at, status }) => [executionId, { at, status }]));
}
