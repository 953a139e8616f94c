import { ECRClient } from "@aws-sdk/client-ecr";
import { ECSClient } from "@aws-sdk/client-ecs";
import type { DeploymentContext, DeploymentRequest, Outcome } from "../../../handlers/deploy/context";
import { advance } from "../../../handlers/deploy/deployment";
import { type DeploymentState, decodeState, encodeState } from "../../../handlers/deploy/state";
import type { RecordOptions } from "../../../handlers/shared/records/context";
import { type Endpoint, startEndpoint } from "../../callbacks/endpoint";
import { TABLE } from "../../callbacks/table";
import { capture } from "../output";
import { CLUSTER, createEcs, type Ecs, IMAGE } from "./ecs";

/** When every deployment of these tests begins. */
export const START = Date.parse("2026-01-05T10:00:00Z");

export const RECORDS: RecordOptions = {
  table: TABLE,
  queueUrl: "https://sqs.us-east-1.amazonaws.com/123456789012/storefront-requests",
  pipeline: "dev-storefront",
};

const REQUEST: DeploymentRequest = { id: "11111111-2222-3333-4444-555555555555", image: IMAGE, version: "v2" };

/** A deployment of version v2, the ECS that it happens in, and its clock. */
export interface DeploymentWorld {
  endpoint: Endpoint;
  ecs: Ecs;
  context: DeploymentContext;
  request: DeploymentRequest;
  /** Milliseconds. */
  now: number;
  /** What each step so far has left to the next. */
  states: DeploymentState[];
  /** @param delivered whether the services run a delivered image already; @param count tasks from the first delivery on */
  setUp(names: string[], options?: { delivered?: boolean; count?: number }): void;
  /** One step from any state. */
  once(state: DeploymentState | undefined): Promise<Outcome>;
  /** One step further, through a continuation token. */
  step(): Promise<Outcome>;
  steps(count: number): Promise<Outcome>;
  /** What an operation was asked so far. */
  inputsOf(operation: string): Record<string, unknown>[];
  /** Task definition and desired count of each service. */
  running(): (string | number | undefined)[][];
}

/** Gives each test of a suite a world of its own, with an endpoint that the real SDK calls. */
export function useDeployment(): DeploymentWorld {
  const world = {
    states: [] as DeploymentState[],
    now: START,
    setUp(names, { delivered = true, count = 2 } = {}) {
      world.ecs = createEcs(world.endpoint, names, delivered);
      const client = {
        endpoint: world.endpoint.url,
        region: "us-east-1",
        credentials: { accessKeyId: "id", secretAccessKey: "key" },
        maxAttempts: 1,
      };
      world.context = {
        ecs: new ECSClient(client),
        ecr: new ECRClient(client),
        now: () => world.now,
        options: {
          application: "storefront",
          cluster: CLUSTER,
          services: names.map((service) => ({ service, container: "app", taskDefinition: `${service}:1`, count })),
          deadlineMinutes: 30,
          records: RECORDS,
        },
      };
    },
    once: async (state) => (await capture(() => advance(world.context, world.request, state))).value,
    async step() {
      const state = world.states.at(-1);
      const outcome = await world.once(state && decodeState(encodeState(state)));
      if (outcome.kind === "underWay") {
        world.states.push(outcome.state);
      }
      return outcome;
    },
    async steps(count) {
      let outcome = await world.step();
      for (let done = 1; done < count; done += 1) {
        outcome = await world.step();
      }
      return outcome;
    },
    inputsOf: (operation) =>
      world.endpoint.requests.filter((it) => it.operation === operation).map(({ input }) => input),
    running: () => Object.values(world.ecs.services).map((it) => [it.taskDefinition?.split("/")[1], it.desiredCount]),
  } as DeploymentWorld;
  beforeEach(async () => {
    world.endpoint = await startEndpoint();
    world.request = REQUEST;
    world.states = [];
    world.now = START;
  });
  afterEach(() => world.endpoint.close());
  return world;
}
