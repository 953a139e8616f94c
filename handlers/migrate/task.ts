import { createHash } from "node:crypto";
import { type ConflictException, DescribeTasksCommand, type ECSClient, RunTaskCommand } from "@aws-sdk/client-ecs";
import { explain, failure, isException } from "../shared/failure";
import { isShortage, privateTask, reasonsOf } from "../shared/runTask";
import type { TaskObservation } from "./decision";
import type { TaskRun } from "./state";

/**
 * - started: the task's id
 * - shortage: there is no capacity for it, and nothing has run
 */
export type TaskStart = { kind: "started"; task: string } | { kind: "shortage"; cause: string };

/**
 * Starts the task, or finds it if it was already started: the client token is derived from the revision, and each
 * migration has its own.
 * @param ended how many tasks of this migration ended for lack of capacity, before their container ran
 * @throws Failure with ECS's reasons if it rejects the task
 */
export async function startTask(ecs: ECSClient, run: TaskRun, ended: number): Promise<TaskStart> {
  const { tasks, failures } = await ecs.send(commandOf(run, ended)).catch((error: unknown) => {
    if (error instanceof Error && isShortage(error.message)) {
      return { tasks: [], failures: [{ reason: explain(error) }] };
    }
    if (isException(error, "ConflictException")) {
      const others = (error as ConflictException).resourceIds?.join(", ") ?? "an unnamed task";
      const what = `ECS has already started ${others} for ${run.taskDefinition} with other parameters`;
      throw failure("JobFailed", `${what}: check how it ended, then start the pipeline again`, error);
    }
    throw error;
  });
  // ECS answers 200 even if it could not start the task.
  const arn = tasks?.[0]?.taskArn;
  if (arn === undefined) {
    const why = reasonsOf(failures);
    if (isShortage(why)) {
      return { kind: "shortage", cause: why };
    }
    throw failure("JobFailed", `ECS did not start ${run.taskDefinition} in cluster ${run.cluster}: ${why}`);
  }
  return { kind: "started", task: arn.slice(arn.lastIndexOf("/") + 1) };
}

function commandOf(
  { cluster, taskDefinition, container, command, subnets, securityGroup, startedBy }: TaskRun,
  ended: number,
) {
  const name = ended === 0 ? taskDefinition : `${taskDefinition} ${ended}`;
  return new RunTaskCommand({
    cluster,
    taskDefinition,
    ...privateTask(subnets, securityGroup),
    overrides: { containerOverrides: [{ name: container, command }] },
    startedBy,
    // At most 64 characters, which a family's name may exceed.
    clientToken: createHash("sha256").update(`migration ${name}`).digest("hex"),
  });
}

/** @returns `undefined` if ECS does not show the task */
export async function observeTask(ecs: ECSClient, cluster: string, id: string): Promise<TaskObservation | undefined> {
  const { tasks, failures } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [id] }));
  const [task] = tasks ?? [];
  if (task === undefined) {
    const other = failures?.find(({ reason }) => reason !== "MISSING");
    if (other !== undefined) {
      throw failure("JobFailed", `ECS could not describe task ${id}: ${other.reason}${detailOf(other.detail)}`);
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
