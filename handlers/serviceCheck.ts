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
import { clientSettings } from "./clientSettings";
import { log } from "./log";

/** The metric that this function publishes, with the dimensions ClusterName and ServiceName. */
export const MISSING_TASKS = { namespace: "slipway", metricName: "MissingTasks" } as const;

/** The tag of a task definition's image before the first delivery. No image has it. */
export const NO_IMAGE = "none";

export interface ServiceCheckOptions {
  /** The cluster's name. */
  cluster: string;
  services: CheckedService[];
}

export interface CheckedService {
  service: string;
  /** Whether the program sets the service's count. Such a service wants tasks before it has an image. */
  countedByProgram: boolean;
}

interface CheckContext {
  ecs: ECSClient;
  cluster: string;
  /** When the check fell due, in milliseconds since the epoch. */
  now: number;
}

/** What DescribeServices and DescribeTasks take at a time. */
const SERVICES = 10;
const TASKS = 100;

/** Milliseconds. A task that crashes soon after its start runs now and then, and does no work. */
const STEADY = 60_000;

/**
 * Called by EventBridge every minute. Publishes for each service how many of its tasks are missing: the desired ones, less
 * those that have been running for a minute. The number is 0 during a rollout and before the first delivery.
 *
 * ECS has no such metric without Container Insights. The load balancer knows no workers, and deregisters targets that have
 * crashed.
 *
 * Needs:
 * - ecs:DescribeServices on the services
 * - ecs:ListTasks on *, with ecs:cluster, and ecs:DescribeTasks on the cluster's tasks
 * - ecs:DescribeTaskDefinition on *, if the program sets the count of a service
 * - cloudwatch:PutMetricData on *, with cloudwatch:namespace
 *
 * @throws the error of AWS. The metric is missing then, which its alarm reports
 */
export function createServiceCheck(
  options: ServiceCheckOptions,
): (event: Pick<ScheduledEvent, "time">) => Promise<void> {
  const ecs = new ECSClient(clientSettings(3, 5));
  const cloudWatch = new CloudWatchClient(clientSettings(3, 5));
  return async ({ time }) => {
    const context: CheckContext = { ecs, cluster: options.cluster, now: Date.parse(time) };
    const data: MetricDatum[] = [];
    for (let start = 0; start < options.services.length; start += SERVICES) {
      data.push(...(await check(context, options.services.slice(start, start + SERVICES))));
    }
    if (data.length > 0) {
      await cloudWatch.send(new PutMetricDataCommand({ Namespace: MISSING_TASKS.namespace, MetricData: data }));
    }
  };
}

async function check(context: CheckContext, checked: CheckedService[]): Promise<MetricDatum[]> {
  const { ecs, cluster, now } = context;
  const names = checked.map(({ service }) => service);
  const { services = [], failures = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: names }));
  for (const { arn, reason } of failures) {
    log("warn", "service not checked: ECS does not describe it", { service: arn, cause: reason });
  }
  const data: MetricDatum[] = [];
  for (const service of services) {
    const { serviceName = "" } = service;
    const countedByProgram = checked.some((it) => it.service === serviceName && it.countedByProgram);
    const missing = await missingTasks(context, service, countedByProgram);
    if (missing > 0) {
      log("warn", "tasks are missing", { service: serviceName, desired: service.desiredCount, missing });
    }
    data.push({
      MetricName: MISSING_TASKS.metricName,
      Dimensions: [
        { Name: "ClusterName", Value: cluster },
        { Name: "ServiceName", Value: serviceName },
      ],
      Timestamp: new Date(now),
      Unit: "Count",
      Value: missing,
    });
  }
  return data;
}

async function missingTasks(context: CheckContext, service: Service, countedByProgram: boolean): Promise<number> {
  const { desiredCount = 0, runningCount = 0, serviceName = "" } = service;
  if (desiredCount === 0 || isRollingOut(service)) {
    return 0;
  }
  const running = runningCount < desiredCount ? runningCount : await steadyTasks(context, serviceName);
  const missing = Math.max(0, desiredCount - running);
  if (missing > 0 && countedByProgram && !(await isDelivered(context, service))) {
    return 0;
  }
  return missing;
}

/** A rollout that failed is over: its state is FAILED if ECS had nothing to go back to, or could not. */
function isRollingOut({ deployments = [] }: Service): boolean {
  return deployments.length > 1 || deployments.some(({ rolloutState }) => rolloutState === "IN_PROGRESS");
}

/** How many of a service's tasks have been running for a minute. */
async function steadyTasks({ ecs, cluster, now }: CheckContext, serviceName: string): Promise<number> {
  const arns: string[] = [];
  for await (const { taskArns } of paginateListTasks({ client: ecs }, { cluster, serviceName })) {
    arns.push(...(taskArns ?? []));
  }
  let steady = 0;
  for (let start = 0; start < arns.length; start += TASKS) {
    const { tasks = [] } = await ecs.send(
      new DescribeTasksCommand({ cluster, tasks: arns.slice(start, start + TASKS) }),
    );
    steady += tasks.filter(
      ({ lastStatus, startedAt }) =>
        lastStatus === "RUNNING" && startedAt !== undefined && startedAt.getTime() <= now - STEADY,
    ).length;
  }
  return steady;
}

async function isDelivered({ ecs }: CheckContext, { taskDefinition }: Service): Promise<boolean> {
  const described = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
  const containers = described.taskDefinition?.containerDefinitions ?? [];
  return !containers.some(({ image }) => image?.endsWith(`:${NO_IMAGE}`));
}
