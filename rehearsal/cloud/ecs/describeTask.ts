import type { Container, Task as TaskDescription } from "@aws-sdk/client-ecs";
import type { Task } from "./taskState";

/** A task as DescribeTasks returns it, with tags on request. */
export function describeTask(task: Task, withTags = false): TaskDescription {
  const { options, networkInterface } = task;
  const { definition } = options.revision;
  return {
    taskArn: task.arn,
    clusterArn: options.clusterArn,
    taskDefinitionArn: definition.taskDefinitionArn,
    group:
      options.group ?? (options.service === undefined ? `family:${definition.family}` : `service:${options.service}`),
    startedBy: options.startedBy,
    launchType: "FARGATE",
    platformVersion: "1.4.0",
    platformFamily: "Linux",
    cpu: definition.cpu,
    memory: definition.memory,
    overrides: { containerOverrides: [], inferenceAcceleratorOverrides: [], ...options.overrides },
    lastStatus: task.lastStatus,
    desiredStatus: task.desiredStatus,
    healthStatus: task.health(),
    containers: task.containers.map((_, index) => describeContainer(task, index)),
    attachments:
      networkInterface === undefined
        ? []
        : [
            {
              id: networkInterface.id,
              type: "ElasticNetworkInterface",
              status: task.lastStatus === "STOPPED" ? "DELETED" : "ATTACHED",
              details: [
                { name: "subnetId", value: networkInterface.subnetId },
                { name: "networkInterfaceId", value: networkInterface.id },
                { name: "privateIPv4Address", value: networkInterface.address },
              ],
            },
          ],
    createdAt: new Date(task.createdAt),
    ...dates({ startedAt: task.startedAt, stoppingAt: task.stoppingAt, stoppedAt: task.stoppedAt }),
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    ...(withTags ? { tags: options.tags ?? [] } : {}),
  };
}

function describeContainer({ arn, containers, stopCode, stoppedReason }: Task, index: number): Container {
  const container = containers[index];
  const { definition, resources, process } = container ?? {};
  return {
    containerArn: `${arn.replace(":task/", ":container/")}/${definition?.name}`,
    taskArn: arn,
    name: definition?.name,
    image: definition?.image,
    imageDigest: resources?.image.digest,
    lastStatus: container?.lastStatus,
    healthStatus: container?.health,
    // A container that never ran has a reason instead of an exit code.
    exitCode: container?.exitCode,
    reason: process === undefined && stopCode === "TaskFailedToStart" ? stoppedReason : undefined,
  };
}

function dates<K extends string>(times: Record<K, number | undefined>): Partial<Record<K, Date>> {
  const known = Object.entries<number | undefined>(times).filter(([, time]) => time !== undefined);
  return Object.fromEntries(known.map(([name, time]) => [name, new Date(time ?? 0)])) as Partial<Record<K, Date>>;
}
