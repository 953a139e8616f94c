import { CloudWatchClient, type MetricDatum, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  paginateListTasks,
  type Service,
} from "@aws-sdk/client-ecs";
import type { ScheduledEvent } from "aws-lambda";
import { clientSettings } from "../shared/clientSettings";
import { log } from "../shared/log";

/** The metric that this function publishes, with the dimensions ClusterName and ServiceName. */
export const MISSING_TASKS = { namespace: "slipway", metricName: "MissingTasks" } as const;

/** The image tag in task definitions before the first delivery. No image has it. */
export const NO_IMAGE = "none";

/** Minutes between two checks. */
export const CHECK_MINUTES = 2;

export interface ServiceCheckOptions {
  /** The cluster's name. */
  cluster: string;
  /** The services' names. Lists of names, because Lambda's environment is limited to 4 KB. */
  services: string[];
  /** The services whose count the program sets. They have a desired count before they have an image. */
  countedByProgram: string[];
}

interface CheckContext {
  ecs: ECSClient;
  cluster: string;
  /** When the check was due, in milliseconds since the epoch. */
  now: number;
}

/** Limits of DescribeServices and DescribeTasks per call. */
const SERVICES = 10;
const TASKS = 100;

/** Prefix of the group of a service's tasks; the service's name follows. */
const SERVICE = "service:";

/** Milliseconds. A task that crashes soon after each start is running at times, but does no work. */
const STEADY = 60_000;

/** Milliseconds. Slipway's own rollouts end well before this, by rollback if necessary. */
const LONGEST_ROLLOUT = 2 * 60 * 60_000;

/**
 * Called by EventBridge every two minutes. Publishes how many tasks each service is missing: the desired count minus
 * those that have been running for a minute. The number is 0 during a rollout and before the first delivery.
 *
 * ECS has no such metric without Container Insights. The load balancer does not know workers, and deregisters crashed
 * targets.
 *
 * Needs:
 * - ecs:DescribeServices on the services
 * - ecs:ListTasks on *, with ecs:cluster, and ecs:DescribeTasks on the cluster's tasks
 * - ecs:DescribeTaskDefinition on *, if the program sets the count of a service
 * - cloudwatch:PutMetricData on *, with cloudwatch:namespace
 *
 * @throws AWS's error. The metric is then missing, which its alarm reports
 */
export function createServiceCheck(
  options: ServiceCheckOptions,
): (event: Pick<ScheduledEvent, "time">) => Promise<void> {
  const ecs = new ECSClient(clientSettings(3, 5));
  const cloudWatch = new CloudWatchClient(clientSettings(3, 5));
  return async ({ time }) => {
    const context: CheckContext = { ecs, cluster: options.cluster, now: Date.parse(time) };
    const services = await describeServices(context, options.services);
    const steady = services.some((it) => mayHaveAll(it, context.now)) ? await steadyTasks(context) : {};
    const data: MetricDatum[] = [];
    for (const service of services) {
      const countedByProgram = options.countedByProgram.includes(service.serviceName ?? "");
      data.push(datumOf(context, service, await missingTasks(context, service, { steady, countedByProgram })));
    }
    if (data.length > 0) {
      await cloudWatch.send(new PutMetricDataCommand({ Namespace: MISSING_TASKS.namespace, MetricData: data }));
    }
  };
}

async function describeServices({ ecs, cluster }: CheckContext, checked: string[]): Promise<Service[]> {
  const described: Service[] = [];
  for (let start = 0; start < checked.length; start += SERVICES) {
    const names = checked.slice(start, start + SERVICES);
    const { services, failures = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: names }));
    for (const { arn, reason } of failures) {
      log("warn", "service not checked: ECS could not describe it", { service: arn, cause: reason });
    }
    described.push(...(services ?? []));
  }
  return described;
}

function datumOf({ cluster, now }: CheckContext, service: Service, missing: number): MetricDatum {
  const { serviceName = "", desiredCount } = service;
  if (missing > 0) {
    log("warn", "tasks are missing", { service: serviceName, desired: desiredCount, missing });
  }
  return {
    MetricName: MISSING_TASKS.metricName,
    Dimensions: [
      { Name: "ClusterName", Value: cluster },
      { Name: "ServiceName", Value: serviceName },
    ],
    Timestamp: new Date(now),
    Unit: "Count",
    Value: missing,
  };
}

/** Whether all tasks of a service seem to run: only then their running time matters. */
const mayHaveAll = ({ desiredCount = 0, runningCount = 0, ...service }: Service, now: number): boolean =>
  desiredCount > 0 && runningCount >= desiredCount && !isRollingOut(service, now);

interface Known {
  /** How many tasks of each service have been running for a minute. */
  steady: Record<string, number>;
  countedByProgram: boolean;
}

async function missingTasks(context: CheckContext, service: Service, known: Known): Promise<number> {
  const { desiredCount = 0, runningCount = 0, serviceName = "" } = service;
  if (desiredCount === 0 || isRollingOut(service, context.now)) {
    return 0;
  }
  const running = runningCount >= desiredCount ? (known.steady[serviceName] ?? 0) : runningCount;
  const missing = Math.max(0, desiredCount - running);
  if (missing > 0 && known.countedByProgram && !(await isDelivered(context, service))) {
    return 0;
  }
  return missing;
}

/**
 * A failed rollout has ended: its state is FAILED if ECS had no target for a rollback, or could not roll back. Some
 * never end: ECS's circuit breaker does not count tasks that start and then exit soon.
 */
function isRollingOut({ deployments = [] }: Pick<Service, "deployments">, now: number): boolean {
  const begun = deployments.find(({ status }) => status === "PRIMARY")?.createdAt?.getTime() ?? now;
  if (now - begun > LONGEST_ROLLOUT) {
    return false;
  }
  return deployments.length > 1 || deployments.some(({ rolloutState }) => rolloutState === "IN_PROGRESS");
}

/** How many tasks of each of the cluster's services have been running for a minute. */
async function steadyTasks({ ecs, cluster, now }: CheckContext): Promise<Record<string, number>> {
  const arns: string[] = [];
  for await (const { taskArns } of paginateListTasks({ client: ecs }, { cluster })) {
    arns.push(...(taskArns ?? []));
  }
  const steady: Record<string, number> = {};
  for (let start = 0; start < arns.length; start += TASKS) {
    const { tasks = [] } = await ecs.send(
      new DescribeTasksCommand({ cluster, tasks: arns.slice(start, start + TASKS) }),
    );
    for (const { group = "", lastStatus, startedAt } of tasks) {
      if (group.startsWith(SERVICE) && lastStatus === "RUNNING" && startedAt && startedAt.getTime() <= now - STEADY) {
        const service = group.slice(SERVICE.length);
        steady[service] = (steady[service] ?? 0) + 1;
      }
    }
  }
  return steady;
}

async function isDelivered({ ecs }: CheckContext, { taskDefinition }: Service): Promise<boolean> {
  const described = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
  const containers = described.taskDefinition?.containerDefinitions ?? [];
  return !containers.some(({ image }) => image?.endsWith(`:${NO_IMAGE}`));
}
