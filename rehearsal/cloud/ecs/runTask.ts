import { isDeepStrictEqual } from "node:util";
import type { RunTaskCommandInput, RunTaskCommandOutput } from "@aws-sdk/client-ecs";
import { type AnyOperation, awsError, type Cloud, operation, type Permission } from "../service";
import type { Clusters } from "./clusters";
import { describeTask } from "./describeTask";
import { overridden } from "./overrides";
import type { TaskHost } from "./startup";
import { startTask } from "./task";
import type { Revision, TaskDefinitions } from "./taskDefinition";
import { tagging } from "./taskDefinitionOperations";
import type { Task, TaskOptions } from "./taskState";

/**
 * A client token refers to the tasks that it started for this long, and at most this long after they end.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
 */
const TOKEN_LIFETIME = 24 * 60 * 60_000;
const TOKEN_LIFETIME_AFTER_END = 60 * 60_000;

interface Remembered {
  request: object;
  tasks: Task[];
  until: number;
}

interface RunTaskOptions {
  host: TaskHost;
  clusters: Clusters;
  taskDefinitions: TaskDefinitions;
  /** Called for every started task. */
  onTask(task: Task): void;
}

/** RunTask on Fargate: tasks without a service, which run until they end. */
export function createRunTask({ host, clusters, taskDefinitions, onTask }: RunTaskOptions): AnyOperation {
  const { cloud, network } = host;
  const tokens = new Map<string, Remembered>();
  let placed = 0;

  /** @throws AwsError ConflictException if the token belongs to another request */
  function remembered({ clientToken, ...request }: RunTaskCommandInput): Task[] | undefined {
    const known = tokens.get(clientToken ?? "");
    if (known === undefined || isOver(known, cloud.clock.now())) return undefined;
    if (!isDeepStrictEqual(known.request, request)) throw conflict(known.tasks.map(({ arn }) => arn));
    return known.tasks;
  }

  function remember({ clientToken, ...request }: RunTaskCommandInput, tasks: Task[]): void {
    if (clientToken !== undefined)
      tokens.set(clientToken, { request, tasks, until: cloud.clock.now() + TOKEN_LIFETIME });
  }

  /** @throws AwsError for a cluster, task definition, network or override that RunTask rejects */
  function optionsOf(input: RunTaskCommandInput): Omit<TaskOptions, "subnetId"> & { subnets: string[] } {
    const { arn: clusterArn } = clusters.find(input.cluster);
    const revision = revisionOf(taskDefinitions, input.taskDefinition);
    const { subnets = [], securityGroups = [], assignPublicIp } = awsvpcOf(input);
    for (const [kind, ids] of [
      ["subnet", subnets],
      ["security group", securityGroups],
    ] as const)
      checkNetwork(kind, network.missing(kind, ids));
    const { overrides, tags = [], propagateTags } = input;
    return {
      revision: overrides === undefined ? revision : overridden(revision, overrides),
      clusterArn,
      ...(input.startedBy === undefined ? {} : { startedBy: input.startedBy }),
      ...(input.group === undefined ? {} : { group: input.group }),
      overrides: overrides ?? {},
      tags: [...tags, ...(propagateTags === "TASK_DEFINITION" ? revision.tags : [])],
      subnets,
      securityGroups,
      assignPublicIp: assignPublicIp === "ENABLED",
      onChange: () => {},
    };
  }

  return operation<RunTaskCommandInput, Omit<RunTaskCommandOutput, "$metadata">>({
    permissions: (input) => permissionsFor(cloud, clusters, taskDefinitions, input),
    perform: (input) => {
      check(input);
      const earlier = remembered(input);
      if (earlier !== undefined) return { tasks: earlier.map((task) => describeTask(task)), failures: [] };
      const { subnets, ...options } = optionsOf(input);
      const tasks: Task[] = [];
      const failures: NonNullable<RunTaskCommandOutput["failures"]> = [];
      for (let index = 0; index < (input.count ?? 1); index++) {
        const subnetId = subnets[placed++ % subnets.length] ?? "";
        if (network.hasRoom(subnetId, tasks.filter((task) => task.options.subnetId === subnetId).length))
          tasks.push(startTask(host, { ...options, subnetId }));
        else
          failures.push({
            arn: options.clusterArn,
            reason: "Capacity is unavailable at this time. Please try again later or in a different availability zone",
          });
      }
      for (const task of tasks) onTask(task);
      if (tasks.length > 0) remember(input, tasks);
      return { tasks: tasks.map((task) => describeTask(task)), failures };
    },
  });
}

const conflict = (resourceIds: string[]) =>
  awsError(
    "ConflictException",
    `The RunTask request could not be processed due to conflicts. The provided clientToken is already in use with a different RunTask request. The resourceIds are the existing task ARNs which are already associated with the clientToken: ${resourceIds.join(", ")}`,
    400,
    { resourceIds },
  );

function isOver({ until, tasks }: Remembered, now: number): boolean {
  return until <= now || tasks.every(({ stoppedAt }) => (stoppedAt ?? now) + TOKEN_LIFETIME_AFTER_END <= now);
}

/** The caller passes the tasks' roles. */
function permissionsFor(
  cloud: Cloud,
  clusters: Clusters,
  taskDefinitions: TaskDefinitions,
  { cluster, taskDefinition = "", overrides = {}, tags = [] }: RunTaskCommandInput,
): Permission[] {
  const definition = taskDefinitions.known(taskDefinition)?.definition;
  const roles = [
    overrides.executionRoleArn ?? definition?.executionRoleArn,
    overrides.taskRoleArn ?? definition?.taskRoleArn,
  ];
  return [
    {
      action: "ecs:RunTask",
      resource: cloud.arn("ecs", `task-definition/${taskDefinition.split("/").at(-1)}`),
      context: clusters.context(cluster),
    },
    ...tagging(clusters.member("task", cluster, "*"), tags, "RunTask"),
    ...[...new Set(roles)]
      .filter((arn) => arn !== undefined)
      .map((arn) => ({
        action: "iam:PassRole",
        resource: arn,
        context: { "iam:PassedToService": "ecs-tasks.amazonaws.com" },
      })),
  ];
}

// Fields that have no effect in a rehearsal, and fields that are simulated.
const SIMULATED = [
  "cluster",
  "taskDefinition",
  "launchType",
  "networkConfiguration",
  "overrides",
  "clientToken",
  "startedBy",
  "group",
  "count",
  "tags",
  "propagateTags",
  "platformVersion",
  "enableECSManagedTags",
  "referenceId",
];

function check(input: RunTaskCommandInput): void {
  const { launchType, count = 1, clientToken = "", startedBy = "" } = input;
  const other = Object.entries(input).find(([field, value]) => value !== undefined && !SIMULATED.includes(field));
  if (other !== undefined)
    throw awsError(
      "NotSimulated",
      `ecs:RunTask with ${other[0]} is not simulated: add it in rehearsal/cloud/ecs/runTask.ts.`,
      501,
    );
  if (launchType !== "FARGATE")
    throw awsError("NotSimulated", `ecs:RunTask with launchType ${launchType} is not simulated: only FARGATE is.`, 501);
  if (!(count >= 1 && count <= 10))
    throw awsError("InvalidParameterException", "Count must be between 1 and 10 inclusive.");
  if (!/^[\x21-\x7e]{0,64}$/.test(clientToken))
    throw awsError("InvalidParameterException", "Client token must be at most 64 printable ASCII characters.");
  if (!/^[\w/-]{0,128}$/.test(startedBy))
    throw awsError(
      "InvalidParameterException",
      `Invalid startedBy: ${startedBy}: only letters, numbers, - / and _ are allowed.`,
    );
}

function revisionOf(taskDefinitions: TaskDefinitions, reference = ""): Revision {
  const revision = taskDefinitions.known(reference);
  if (revision === undefined) throw awsError("ClientException", "TaskDefinition not found.");
  if (revision.definition.status !== "ACTIVE") throw awsError("ClientException", "TaskDefinition is inactive");
  return revision;
}

function awsvpcOf({ networkConfiguration }: RunTaskCommandInput) {
  const awsvpc = networkConfiguration?.awsvpcConfiguration;
  if (awsvpc === undefined)
    throw awsError(
      "InvalidParameterException",
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    );
  if (!awsvpc.subnets?.length) throw awsError("InvalidParameterException", "subnets can not be empty.");
  return awsvpc;
}

function checkNetwork(kind: "subnet" | "security group", missing: string | undefined): void {
  if (missing === undefined) return;
  const [what, code] =
    kind === "subnet"
      ? [`The subnet ID '${missing}' does not exist`, "InvalidSubnetID.NotFound"]
      : [`The security group '${missing}' does not exist`, "InvalidGroup.NotFound"];
  throw awsError(
    "InvalidParameterException",
    `Error retrieving ${kind} information for [${missing}]: ${what} (ErrorCode: ${code})`,
  );
}
