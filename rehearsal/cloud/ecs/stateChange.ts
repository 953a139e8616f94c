import type { Container, Task as TaskDescription } from "@aws-sdk/client-ecs";
import { stateOf } from "../network/state";
import type { Cloud } from "../service";
import { sendServiceEvent } from "../serviceEvent";
import { describeTask } from "./describeTask";
import type { Task } from "./taskState";

/**
 * Sends "ECS Task State Change" whenever the task's last status changes: task and containers as in DescribeTasks, but
 * without health, which these events lack.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
 */
export function createStateChanges(cloud: Cloud): (task: Task) => void {
  let sent: Task["lastStatus"] | undefined;
  let version = 0;
  return (task) => {
    if (task.lastStatus === sent) return;
    sent = task.lastStatus;
    version += 1;
    sendServiceEvent(cloud, {
      source: "aws.ecs",
      detailType: "ECS Task State Change",
      resources: [task.arn],
      detail: { ...detailOf(cloud, task), updatedAt: new Date(cloud.clock.now()), version },
    });
  };
}

/** Dates become ISO 8601 when the detail becomes JSON. */
function detailOf(cloud: Cloud, task: Task): object {
  const { networkInterface } = task;
  const { healthStatus: _, attachments = [], containers = [], ...described }: TaskDescription = describeTask(task);
  const zone = stateOf(cloud).subnets.get(task.options.subnetId)?.zone;
  return {
    ...described,
    availabilityZone: zone,
    attachments: attachments.map((it) => ({ ...it, type: "eni" })),
    containers: containers.map(({ healthStatus: _, ...container }: Container) => ({
      ...container,
      networkInterfaces:
        networkInterface === undefined
          ? []
          : [{ attachmentId: networkInterface.id, privateIpv4Address: networkInterface.address }],
    })),
  };
}
