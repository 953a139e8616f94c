import type { DescribeServicesResponse } from "@aws-sdk/client-ecs";
import { expectSame, type Step } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import {
  digestOf,
  type RunningService,
  type ScheduleRule,
  schedulesOf,
  servicesOf,
  taggedDigest,
  usualSchedules,
} from "./delivered";
import { asOperator } from "./operator";
import { versionsByDigest } from "./versions";

/** A service as ECS describes it once it is stable. */
export interface ServiceState {
  name: string;
  /** Of its task definition's image; the image itself if no pushed version is known to be in it. */
  version: string;
  desired: number;
  running: number;
  pending: number;
  /** Of each of its deployments: two while one is in progress. */
  rollouts: string[];
}

/** A rule of the application's schedules, with the version of its tasks' image. */
export type ScheduleState = Omit<ScheduleRule, "digest"> & { version: string };

/** All the state of a stack that deliveries change. */
export interface DeliveryState {
  /** The version with the environment's tag. */
  tagged: string;
  services: ServiceState[];
  schedules: ScheduleState[];
}

/** Number of tasks per service in the stack files. Not derived from the program, so that a mistake there is noticed. */
const counts: Record<string, number> = { web: 2, worker: 1 };

/** Each service runs its given version. */
export const servicesAt = (versions: Record<string, string>): ServiceState[] =>
  Object.entries(versions).map(([name, version]) => {
    const count = counts[name] ?? 0;
    return { name, version, desired: count, running: count, pending: 0, rollouts: ["COMPLETED"] };
  });

/** Declared services before their first delivery. */
export const servicesNotDelivered: ServiceState[] = Object.keys(counts).map((name) => ({
  name,
  version: "storefront:none",
  desired: 0,
  running: 0,
  pending: 0,
  rollouts: ["COMPLETED"],
}));

/** Schedules run a version. @param schedules from its schedules.yaml, by name */
export const schedulesAt = (version: string, schedules = usualSchedules): ScheduleState[] =>
  schedules.map((it) => ({ ...it, version }));

/** Everything is at one version, as after a delivery. */
export const at = (version: string, schedules = usualSchedules): DeliveryState => ({
  tagged: version,
  services: servicesAt({ web: version, worker: version }),
  schedules: schedulesAt(version, schedules),
});

/** The current state, in versions. */
export async function readState(context: ScenarioContext, stack?: string): Promise<DeliveryState> {
  const versions = await versionsByDigest(context);
  const versionOf = (digest: string) => versions.get(digest) ?? digest;
  const services: ServiceState[] = [];
  for (const service of servicesOf(context, stack)) {
    const { image, ...state } = await readService(context, service);
    services.push({ name: service.name, version: versionOf(image), ...state });
  }
  const rules = await schedulesOf(context, stack);
  const tagged = await taggedDigest(context, stackOf(context, stack).environment);
  return {
    tagged: tagged === undefined ? "nothing" : versionOf(tagged),
    services,
    schedules: rules.map(({ digest, ...rule }) => ({ ...rule, version: versionOf(digest) })),
  };
}

/** The current state of a service, with its image's digest. */
export async function readService(context: ScenarioContext, { cluster, serviceName }: RunningService) {
  const { services = [] } = await asOperator<DescribeServicesResponse>(context, "ecs", "DescribeServices", {
    cluster,
    services: [serviceName],
  });
  const [{ taskDefinition, desiredCount, runningCount, pendingCount, deployments = [] } = {}] = services;
  return {
    image: await digestOf(context, taskDefinition),
    desired: Number(desiredCount),
    running: Number(runningCount),
    pending: Number(pendingCount),
    rollouts: deployments.map(({ rolloutState }) => String(rolloutState)),
  };
}

/** @throws Mismatch if the state that deliveries change is not exactly as expected */
export async function expectState(
  context: ScenarioContext,
  expected: Partial<DeliveryState>,
  stack?: string,
): Promise<void> {
  const { environment } = stackOf(context, stack);
  const actual = await readState(context, stack);
  for (const [what, state] of Object.entries(expected))
    expectSame(`${what} of ${environment}`, actual[what as keyof DeliveryState], state);
}

/** A step: everything of a stack is at one version, as after a delivery. */
export const isAt = (version: string, stack?: string): Step => ({
  title: `services, schedules and tag${stack === undefined ? "" : ` of ${stack}`} are at ${version}`,
  async run(context) {
    await expectState(context, at(version), stack);
    return undefined;
  },
});
