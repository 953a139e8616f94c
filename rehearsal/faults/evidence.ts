import type { CloudEvent } from "../cloud/events";
import type { ServiceState } from "../scenarios/steps/state";

/** Something that happened, and when, in milliseconds since the epoch. */
export interface Happened {
  at: number;
  event: CloudEvent;
}

/** How a lock of the application was, seen at a moment. Times are in milliseconds since the epoch. */
export interface LockSample {
  /** The one of its migrations is another. */
  name: "deployment" | "migration";
  at: number;
  environment: string;
  /** Id of the execution or of the deployment by HTTP; empty before the first one. */
  owner: string;
  /** The lock is free from then on. */
  until: number;
  /** The service whose rollout was beginning, if that is why the lock was looked at. */
  rollout?: string;
}

/** A record that slipway keeps of what it does. */
export interface RecordState {
  id: string;
  state: string;
  /** When it was first seen in an end state; absent if it never was. */
  endedAt?: number;
}

/** How a stack is in the end, in versions. */
export interface StackState {
  environment: string;
  /** Names of the application's pipeline, its services, and the family of its one-off tasks. */
  pipeline: string;
  services: ServiceState[];
  tagged: string;
  /** Versions that the schedules run. */
  schedules: string[];
}

/** What was asked for. */
export type Request =
  | { kind: "push"; version: string; commit: string }
  /** @property id absent if the answer was an error */
  | { kind: "deployment"; version: string; id?: string; status: number }
  | { kind: "pull request"; position: number; id?: string; status: number };

/** All that is known of a delivery that has come to rest, or has not. Times are in milliseconds since the epoch. */
export interface Evidence {
  request: Request;
  /** Whether a function was killed at each of its attempts: then it cannot report, and CodePipeline fails its action. */
  killedEachTime: boolean;
  began: number;
  /** When everything had come to rest, or was given up. */
  ended: number;
  /** By when everything must have come to rest. */
  due: number;
  /** What had not come to rest when it was given up. */
  unrest: string[];
  happened: Happened[];
  /** Actions of pipelines that functions do, as `pipeline/stage/action`. */
  functionActions: ReadonlySet<string>;
  stacks: StackState[];
  records: RecordState[];
  locks: LockSample[];
}

/** The record of what was asked for; the latest one if the answer with its id was lost. */
export const recordOf = ({ request, records }: Evidence): RecordState | undefined =>
  records.find(({ id }) => "id" in request && id === request.id) ?? records.at(-1);

export type EventOf<K extends CloudEvent["kind"]> = Extract<CloudEvent, { kind: K }>;

/** Events of one kind, in order, each with its time. */
export const eventsOf = <K extends CloudEvent["kind"]>({ happened }: Pick<Evidence, "happened">, kind: K) =>
  happened.flatMap(({ at, event }) => (event.kind === kind ? [{ at, ...(event as EventOf<K>) }] : []));

/** When each execution ended that did. */
export function executionEnds(evidence: Pick<Evidence, "happened">): Map<string, { at: number; status: string }> {
  const ends = eventsOf(evidence, "pipeline").filter(({ status }) => status !== "InProgress");
  return new Map(ends.map(({ executionId, at, status }) => [executionId, { at, status }]));
}
