import { createHash } from "node:crypto";
import { type ConflictException, DescribeTasksCommand, type ECSClient, RunTaskCommand } from "@aws-sdk/client-ecs";
import { failure, isException } from "../failure";
import { privateTask, reasonsOf } from "../runTask";
import type { TaskObservation } from "./decision";
import type { TaskRun } from "./state";

/**
 * Starts the task, or finds it if it was started before: the client token is a function of the revision, of which each
 * migration has one of its own.
 * @returns the task's id
 * @throws Failure with ECS's reasons if it does not start one
 */
export async function startTask(ecs: ECSClient, run: TaskRun): Promise<string> {
  const { tasks, failures } = await ecs.send(commandOf(run)).catch((error: unknown) => {
    if (isException(error, "ConflictException")) {
      const others = (error as ConflictException).resourceIds?.join(", ") ?? "a task that it does not name";
      const what = `ECS has started ${others} for ${run.taskDefinition} already, with other parameters`;
      throw failure("JobFailed", `${what}: see how that ended, then start the pipeline again`, error);
    }
    throw error;
  });
  // ECS answers 200 for a task that it could not start.
  const arn = tasks?.[0]?.taskArn;
  if (arn === undefined) {
    const why = reasonsOf(failures);
    throw failure("JobFailed", `ECS did not start ${run.taskDefinition} in cluster ${run.cluster}: ${why}`);
  }
  return arn.slice(arn.lastIndexOf("/") + 1);
}

function commandOf({ cluster, taskDefinition, container, command, subnets, securityGroup, startedBy }: TaskRun) {
  return new RunTaskCommand({
    cluster,
    taskDefinition,
    ...privateTask(subnets, securityGroup),
    overrides: { containerOverrides: [{ name: container, command }] },
    startedBy,
    // At most 64 characters, which a family's name alone may exceed.
    clientToken: createHash("sha256").update(`migration ${taskDefinition}`).digest("hex"),
  });
}

/** @returns `undefined` if ECS does not show the task */
export async function observeTask(ecs: ECSClient, cluster: string, id: string): Promise<TaskObservation | undefined> {
  const { tasks, failures } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [id] }));
  const [task] = tasks ?? [];
  if (task === undefined) {
    const other = failures?.find(({ reason }) => reason !== "MISSING");
    if (other !== undefined) {
      throw failure("JobFailed", `ECS does not describe task ${id}: ${other.reason}${detailOf(other.detail)}`);
    }
    return undefined;
  }
  return {
    lastStatus: task.lastStatus ?? "unknown",
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    containers: (task.containers ?? []).map(({ name, exitCode, reason }) => ({ name: name ?? "", exitCode, reason })),
  };
}

function detailOf(detail: string | undefined): string {
  return detail ? `, ${detail}` : "";
}
