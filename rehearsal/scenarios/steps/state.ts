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

/** A service as ECS has it once nothing changes any more. */
export interface ServiceState {
  name: string;
  /** Of the image that its task definition runs; the image itself if no pushed version is known to be in it. */
  version: string;
  desired: number;
  running: number;
  pending: number;
  /** Of each of its deployments: while one is under way there are two. */
  rollouts: string[];
}

/** A rule of the application's schedules, with the version of the image that its tasks run. */
export type ScheduleState = Omit<ScheduleRule, "digest"> & { version: string };

/** All that deliveries change in a stack. */
export interface DeliveryState {
  /** The version that has the environment's tag. */
  tagged: string;
  services: ServiceState[];
  schedules: ScheduleState[];
}

/** How many tasks the stack files want of each service. Not read off the program: a mistake there is to be missed. */
const counts: Record<string, number> = { web: 2, worker: 1 };

/** Each service runs what it is said to: a version by service. */
export const servicesAt = (versions: Record<string, string>): ServiceState[] =>
  Object.entries(versions).map(([name, version]) => {
    const count = counts[name] ?? 0;
    return { name, version, desired: count, running: count, pending: 0, rollouts: ["COMPLETED"] };
  });

/** Services that were declared, and not delivered to yet. */
export const servicesNotDelivered: ServiceState[] = Object.keys(counts).map((name) => ({
  name,
  version: "storefront:none",
  desired: 0,
  running: 0,
  pending: 0,
  rollouts: ["COMPLETED"],
}));

/** Schedules run a version. @param schedules what its schedules.yaml asks for, by name */
export const schedulesAt = (version: string, schedules = usualSchedules): ScheduleState[] =>
  schedules.map((it) => ({ ...it, version }));

/** Everything is at one version, as a delivery leaves it. */
export const at = (version: string, schedules = usualSchedules): DeliveryState => ({
  tagged: version,
  services: servicesAt({ web: version, worker: version }),
  schedules: schedulesAt(version, schedules),
});

/** How everything is just now, in versions. */
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

/** How a service is just now, with its image's digest. */
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

/** @throws Mismatch if what is expected of the things that deliveries change is not exactly so */
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

/** As a step: everything of a stack is at one version, as a delivery leaves it. */
export const isAt = (version: string, stack?: string): Step => ({
  title: `services, schedules and tag${stack === undefined ? "" : ` of ${stack}`} are at ${version}`,
  async run(context) {
    await expectState(context, at(version), stack);
    return undefined;
  },
});
