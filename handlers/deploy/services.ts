import {
  type Deployment,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  type ECSClient,
  paginateListTasks,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  type Service,
  type Task,
  UpdateServiceCommand,
  type UpdateServiceCommandInput,
} from "@aws-sdk/client-ecs";
import { explain, failure, isException } from "../shared/failure";
import type { DeploymentObservation, ServiceObservation } from "./rollout";
import { type DescribedRevision, nameOf } from "./taskDefinition";

// Limits per call.
const SERVICES = 10;
const TASKS = 100;

/** The existing services, by name. */
export async function observeServices(
  ecs: ECSClient,
  cluster: string,
  names: string[],
): Promise<Map<string, ServiceObservation>> {
  const found = new Map<string, ServiceObservation>();
  for (let start = 0; start < names.length; start += SERVICES) {
    const { services, failures } = await describeServices(ecs, cluster, names.slice(start, start + SERVICES));
    for (const { arn, reason, detail } of failures ?? []) {
      // Missing services are omitted from the result.
      if (reason !== "MISSING") {
        throw failure("JobFailed", `ECS could not describe ${arn}: ${reason}${detail ? `, ${detail}` : ""}`);
      }
    }
    for (const service of services ?? []) {
      found.set(service.serviceName ?? "", observationOf(service));
    }
  }
  return found;
}

async function describeServices(ecs: ECSClient, cluster: string, services: string[]) {
  try {
    return await ecs.send(new DescribeServicesCommand({ cluster, services }));
  } catch (error) {
    if (isException(error, "ClusterNotFoundException")) {
      throw failure("ConfigurationError", `there is no ECS cluster ${cluster}`, error);
    }
    throw error;
  }
}

function observationOf({ status, desiredCount, deployments, events, deploymentConfiguration }: Service) {
  const breaker = deploymentConfiguration?.deploymentCircuitBreaker;
  return {
    status: status ?? "unknown",
    desired: desiredCount ?? 0,
    deployments: (deployments ?? []).map(deploymentOf),
    events: (events ?? []).map(({ message }) => message ?? ""),
    rollsBackItself: breaker?.enable === true && breaker.rollback === true,
  };
}

function deploymentOf(deployment: Deployment): DeploymentObservation {
  return {
    id: deployment.id ?? "",
    primary: deployment.status === "PRIMARY",
    taskDefinition: nameOf(deployment.taskDefinition),
    rolloutState: deployment.rolloutState,
    reason: deployment.rolloutStateReason,
    desired: deployment.desiredCount ?? 0,
    running: deployment.runningCount ?? 0,
    pending: deployment.pendingCount ?? 0,
    failedTasks: deployment.failedTasks ?? 0,
  };
}

/** @param taskDefinition ARN or `family:revision` */
export async function describeTaskDefinition(ecs: ECSClient, taskDefinition: string): Promise<DescribedRevision> {
  const answer = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition, include: ["TAGS"] }));
  if (answer.taskDefinition === undefined) {
    throw failure("ConfigurationError", `ECS returned no task definition ${taskDefinition}`);
  }
  return { definition: answer.taskDefinition, tags: answer.tags ?? [] };
}

/** @returns `family:revision` of the new revision */
export async function registerTaskDefinition(
  ecs: ECSClient,
  registration: RegisterTaskDefinitionCommandInput,
): Promise<string> {
  const { taskDefinition } = await ecs.send(new RegisterTaskDefinitionCommand(registration));
  if (taskDefinition?.taskDefinitionArn === undefined) {
    throw failure("JobFailed", `ECS registered ${registration.family}, but returned no ARN`);
  }
  return nameOf(taskDefinition.taskDefinitionArn);
}

/** @returns the id of the deployment that the update created, or found in place */
export async function updateService(ecs: ECSClient, input: UpdateServiceCommandInput): Promise<string | undefined> {
  const { service } = await ecs.send(new UpdateServiceCommand(input));
  return service?.deployments?.find(({ status }) => status === "PRIMARY")?.id;
}

/**
 * Why a task definition's tasks stopped: ECS's reason for the latest one not stopped by a rollback, and its containers'
 * exit codes. ECS shows stopped tasks for about an hour. Errors are returned as text: this explains another failure.
 */
export async function stoppedTasks(
  ecs: ECSClient,
  cluster: string,
  service: string,
  taskDefinition: string,
): Promise<string | undefined> {
  try {
    const arns: string[] = [];
    const list = { cluster, serviceName: service, desiredStatus: "STOPPED" } as const;
    for await (const { taskArns } of paginateListTasks({ client: ecs, pageSize: TASKS }, list)) {
      arns.push(...(taskArns ?? []));
    }
    const tasks: Task[] = [];
    for (let start = 0; start < arns.length; start += TASKS) {
      const some = arns.slice(start, start + TASKS);
      tasks.push(...((await ecs.send(new DescribeTasksCommand({ cluster, tasks: some }))).tasks ?? []));
    }
    const stopped = tasks
      .filter(({ taskDefinitionArn }) => nameOf(taskDefinitionArn) === taskDefinition)
      .sort((one, other) => timeOf(other) - timeOf(one));
    const telling = stopped.find((task) => !wasScaledIn(task)) ?? stopped[0];
    return telling && describeStop(telling, stopped.length);
  } catch (error) {
    return `the reason why its tasks stopped cannot be read: ${explain(error)}`;
  }
}

/** Stopped by a rollback: its reason is a consequence of the failure, not the cause. */
function wasScaledIn({ stoppedReason }: Task): boolean {
  return stoppedReason?.startsWith("Scaling activity initiated by") === true;
}

function timeOf({ stoppedAt, stoppingAt }: Task): number {
  return (stoppedAt ?? stoppingAt)?.getTime() ?? 0;
}

function describeStop({ stoppedReason, containers }: Task, count: number): string {
  const exits = (containers ?? [])
    // A container that never ran has no exit code, but may have a reason.
    .filter(({ exitCode, reason }) => exitCode !== undefined || reason !== undefined)
    .map(({ name, exitCode, reason }) => {
      const code = exitCode === undefined ? "did not start" : `exited with ${exitCode}`;
      return `container ${name} ${code}${reason ? ` (${reason})` : ""}`;
    });
  return [`stopped tasks: ${count}; reason: ${stoppedReason ?? "no reason given"}`, ...exits].join("; ");
}
