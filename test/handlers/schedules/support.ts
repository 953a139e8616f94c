import { ECRClient } from "@aws-sdk/client-ecr";
import { ECSClient } from "@aws-sdk/client-ecs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { decodeState, encodeState, type SchedulesState } from "../../../handlers/schedules/state";
import { apply, prepare, type SchedulesContext, type SchedulesOutcome } from "../../../handlers/schedules/update";
import { type Endpoint, startEndpoint } from "../../callbacks/endpoint";
import { IMAGE } from "../deploy/ecs";
import { capture } from "../output";
import { createSchedulesWorld, options, type SchedulesWorld } from "./world";

/** A schedules.yaml with schedules of these names, each every hour. */
export const file = (...names: string[]) =>
  [
    "timeZone: UTC",
    ...(names.length === 0 ? ["schedules: []"] : ["schedules:"]),
    ...names.map((name) => `  - { name: ${name}, rate: 1 hour, command: [node, ${name}.js] }`),
  ].join("\n");

/** A schedule of {@link file}, as the world sums it up. */
export const runs = (name: string, revision: number) => `rate(1 hour), ENABLED, node ${name}.js in ${revision}`;

const CHANGES = ["RegisterTaskDefinition", "TagResource", "PutRule", "PutTargets", "RemoveTargets", "DeleteRule"];

/** Updates of schedules, the AWS that they happen in, and its clock. */
export interface SchedulesUpdates {
  endpoint: Endpoint;
  world: SchedulesWorld;
  /** Milliseconds. */
  now: number;
  /** What was logged, parsed. */
  lines: Record<string, unknown>[];
  /** The first step of the update that a job asks for. */
  first(job: string, image?: string): Promise<SchedulesOutcome>;
  /** The second step, through a continuation token. */
  second(state: SchedulesState, image?: string): Promise<SchedulesOutcome>;
  /** What a step leaves to the next. */
  stateOf(step: Promise<SchedulesOutcome>): Promise<SchedulesState>;
  /** Both steps. */
  deliver(job: string, image?: string): Promise<{ state: SchedulesState; summary: string }>;
  /** The operations so far that change something. */
  changes(): string[];
}

/** Gives each test of a suite an AWS of its own, with an endpoint that the real SDK calls. */
export function useSchedules(): SchedulesUpdates {
  let context: SchedulesContext;
  const updates = {
    first: (id, image = IMAGE) => logged(() => prepare(context, { id, image, version: "v2" })),
    second: (state, image = IMAGE) =>
      logged(() => apply(context, { id: "later", image, version: "v2" }, decodeState(encodeState(state)))),
    async stateOf(step) {
      const outcome = await step;
      if (outcome.kind !== "underWay") {
        throw new Error(`the update ended: ${outcome.summary}`);
      }
      return outcome.state;
    },
    async deliver(job, image) {
      const state = await updates.stateOf(updates.first(job, image));
      return { state, summary: (await updates.second(state, image)).summary };
    },
    changes: () =>
      updates.endpoint.requests.map(({ operation }) => operation).filter((operation) => CHANGES.includes(operation)),
  } as SchedulesUpdates;

  async function logged<T>(work: () => Promise<T>): Promise<T> {
    const { value, lines } = await capture(() => work().catch((error: Error) => error));
    updates.lines.push(...lines);
    if (value instanceof Error) {
      throw value;
    }
    return value;
  }

  beforeEach(async () => {
    updates.endpoint = await startEndpoint();
    updates.world = createSchedulesWorld(updates.endpoint);
    updates.now = Date.parse("2026-01-05T10:00:00Z");
    updates.lines = [];
    const client = {
      endpoint: updates.endpoint.url,
      region: "us-east-1",
      credentials: { accessKeyId: "id", secretAccessKey: "key" },
      maxAttempts: 1,
    };
    context = {
      ecr: new ECRClient(client),
      ecs: new ECSClient(client),
      events: new EventBridgeClient(client),
      options,
      now: () => updates.now,
    };
  });
  afterEach(() => updates.endpoint.close());
  return updates;
}
