import type {
  DescribeTasksCommandInput,
  DescribeTasksCommandOutput,
  ListTasksCommandInput,
  ListTasksCommandOutput,
  StopTaskCommandInput,
  StopTaskCommandOutput,
  Tag,
  Task as TaskDescription,
} from "@aws-sdk/client-ecs";
import type { StaleViews } from "../consistency";
import { type AnyOperation, awsError, type Cloud, operation } from "../service";
import type { Clusters } from "./clusters";
import { describeTask } from "./describeTask";
import type { Task } from "./taskState";

type Answer<T> = Omit<T, "$metadata">;

/** Stopped tasks stay visible for an hour. */
const STOPPED_TASKS = 60 * 60_000;

const LIST_LIMIT = 100;

export interface TaskOperationsOptions {
  clusters: Clusters;
  tasks: ReadonlyMap<string, Task>;
  /** Stale views of recently started or stopped tasks. */
  stale: StaleViews<TaskDescription>;
}

/** A description, with its tags only on request. */
export function shown<T extends { tags?: Tag[] | undefined }>({ tags, ...described }: T, include: string[]) {
  return include.includes("TAGS") ? { ...described, tags } : described;
}

/** The operations on running and stopped tasks. */
export function taskOperations(
  cloud: Cloud,
  { clusters, tasks, stale }: TaskOperationsOptions,
): Record<string, AnyOperation> {
  const visible = (): Task[] =>
    [...tasks.values()].filter(
      ({ stoppedAt }) => stoppedAt === undefined || stoppedAt > cloud.clock.now() - STOPPED_TASKS,
    );

  /** A task as reads see it; undefined if not visible yet. */
  function viewOf(task: Task): TaskDescription | undefined {
    const kept = stale.of(task.arn);
    return kept === undefined ? describeTask(task, true) : kept.view;
  }

  const listTasks = operation<ListTasksCommandInput, Answer<ListTasksCommandOutput>>({
    permissions: ({ cluster }) => [
      {
        action: "ecs:ListTasks",
        resource: clusters.member("container-instance", cluster, "*"),
        context: clusters.context(cluster),
      },
    ],
    perform: ({
      cluster,
      serviceName,
      family,
      startedBy,
      desiredStatus = "RUNNING",
      maxResults = LIST_LIMIT,
      nextToken = "0",
    }) => {
      const { arn } = clusters.find(cluster);
      const arns = visible()
        .filter(({ options }) => options.clusterArn === arn)
        .filter((task) => viewOf(task)?.desiredStatus === desiredStatus)
        .filter(({ options }) => serviceName === undefined || options.service === serviceName.split("/").at(-1))
        .filter(({ options }) => family === undefined || options.revision.definition.family === family)
        .filter(({ options }) => startedBy === undefined || options.startedBy === startedBy)
        .map((task) => task.arn);
      const next = Number(nextToken) + maxResults;
      return {
        taskArns: arns.slice(Number(nextToken), next),
        ...(next < arns.length ? { nextToken: String(next) } : {}),
      };
    },
  });

  const describeTasks = operation<DescribeTasksCommandInput, Answer<DescribeTasksCommandOutput>>({
    permissions: ({ cluster, tasks: references = [] }) =>
      references.map((reference) => ({
        action: "ecs:DescribeTasks",
        resource: clusters.member("task", cluster, reference),
        context: clusters.context(cluster),
      })),
    perform: ({ cluster, tasks: references = [], include = [] }) => {
      clusters.find(cluster);
      if (references.length > 100)
        throw awsError("InvalidParameterException", "Tasks cannot contain more than 100 elements.");
      const found = visible().flatMap((task) => viewOf(task) ?? []);
      const arns = references.map((reference) => clusters.member("task", cluster, reference));
      return {
        tasks: found.filter(({ taskArn = "" }) => arns.includes(taskArn)).map((it) => shown(it, include)),
        failures: arns
          .filter((arn) => !found.some(({ taskArn }) => taskArn === arn))
          .map((arn) => ({ arn, reason: "MISSING" })),
      };
    },
  });

  const stopTask = operation<StopTaskCommandInput, Answer<StopTaskCommandOutput>>({
    permissions: ({ cluster, task = "" }) => [
      {
        action: "ecs:StopTask",
        resource: clusters.member("task", cluster, task),
        context: clusters.context(cluster),
      },
    ],
    perform: ({ cluster, task: reference = "", reason = "Task stopped by user" }) => {
      clusters.find(cluster);
      const task = visible().find(({ arn }) => arn === clusters.member("task", cluster, reference));
      if (task === undefined) throw awsError("InvalidParameterException", "The referenced task was not found.");
      stale.keep(task.arn, describeTask(task, true));
      task.stop("UserInitiated", reason);
      return { task: describeTask(task) };
    },
  });

  return { ListTasks: listTasks, DescribeTasks: describeTasks, StopTask: stopTask };
}
