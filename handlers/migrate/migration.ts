import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { ECRClient } from "@aws-sdk/client-ecr";
import type { ECSClient } from "@aws-sdk/client-ecs";
import { describeTaskDefinition, registerTaskDefinition } from "../deploy/services";
import { imageRegistration } from "../deploy/taskDefinition";
import { type JobOutcome, MESSAGE, shorten } from "../shared/codePipelineJob";
import { failure } from "../shared/failure";
import { readImage, referenceOf } from "../shared/image";
import type { RequestedImage } from "../shared/imageParameters";
import { log } from "../shared/log";
import { decideMigration, type TaskObservation } from "./decision";
import { logTail } from "./logTail";
import type { MigrateOptions } from "./options";
import { CAUSE, type MigrationState, type Shortage, type TaskRun } from "./state";
import { observeTask, startTask } from "./task";

/**
 * Seconds after its registration in which a revision may be started. ECS remembers a client token for 24 hours or until
 * an hour after the task's end, whichever is earlier; after that, the same request starts a second task. CodePipeline
 * waits at most 20 minutes for the answer to a job.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
 */
const START_WITHIN = 30 * 60;

/** How long a migration waits for capacity on Fargate, in seconds. */
const ROOM_WITHIN = 60 * 60;

/** Characters of the failure message reserved for the log's end. */
const LOG_ROOM = 3_000;

export interface MigrationContext {
  ecs: ECSClient;
  ecr: ECRClient;
  logs: CloudWatchLogsClient;
  options: MigrateOptions;
  /** Milliseconds. */
  now: () => number;
  /** The task from an ECS event; ECS's reads may be older. */
  observed?: TaskObservation | undefined;
}

export interface MigrationRequest extends RequestedImage {
  /** The pipeline's execution. */
  execution: string;
}

export type MigrationOutcome = JobOutcome<MigrationState>;

/**
 * Advances a migration by one step. A step may be repeated, and may come late:
 *
 * 1. The first registers a revision and runs nothing. Its record decides: of several concurrent rounds only one is
 *    recorded, so only one revision is used.
 * 2. The second starts the task, with a client token derived from the revision: a repeated step gets the same task. More
 *    than 30 minutes after the registration it fails, because ECS may have forgotten the token.
 * 3. All others observe.
 *
 * @param state the previous step's result; absent at the start
 */
export async function advance(
  context: MigrationContext,
  request: MigrationRequest,
  state: MigrationState | undefined,
): Promise<MigrationOutcome> {
  if (state === undefined) {
    return register(context, request);
  }
  return state.task === undefined ? start(context, request, state) : follow(context, request, state, state.task);
}

async function register(context: MigrationContext, request: MigrationRequest): Promise<MigrationOutcome> {
  const { ecs, ecr, options } = context;
  const { cluster, container, command, subnets, securityGroup } = options;
  // Without this, ECS would detect a missing image only when it starts the task.
  await readImage(ecr, referenceOf(request.image));
  const described = await describeTaskDefinition(ecs, options.taskDefinition);
  const registration = imageRegistration(described, container, request.image);
  const since = Math.floor(context.now() / 1_000);
  const startedBy = request.execution;
  const taskDefinition = await registerTaskDefinition(ecs, registration);
  const run: TaskRun = { cluster, taskDefinition, container, command, subnets, securityGroup, startedBy };
  const summary = `registered ${taskDefinition} for the migration of ${options.application} ${request.version}`;
  return { kind: "underWay", state: { since, run }, summary };
}

async function start(
  context: MigrationContext,
  { version }: MigrationRequest,
  state: MigrationState,
): Promise<MigrationOutcome> {
  const { since, run, shortage } = state;
  const { application } = context.options;
  const now = Math.floor(context.now() / 1_000);
  if (now - since > START_WITHIN) {
    const what = `${run.taskDefinition} was registered ${Math.floor((now - since) / 60)} minutes ago and will not be started now`;
    const why = "ECS can no longer tell whether the migration has run";
    const hint = `check for a task started by ${run.startedBy}, then start the pipeline again`;
    throw failure("JobFailed", `${application} ${version} was not migrated: ${what}, because ${why}: ${hint}`);
  }
  const start = await startTask(context.ecs, run, shortage?.ended ?? 0);
  if (start.kind === "shortage") {
    return waitForRoom(context, version, state, { cause: start.cause, ended: shortage?.ended ?? 0 });
  }
  const { task } = start;
  log("info", "migration started", { application, version, task, taskDefinition: run.taskDefinition });
  return {
    kind: "underWay",
    state: { ...state, since: now, task },
    summary: `task ${task} runs ${run.taskDefinition}`,
  };
}

function waitForRoom(
  { options: { application, cluster }, now }: MigrationContext,
  version: string,
  { run, shortage }: MigrationState,
  { cause, ended }: Omit<Shortage, "since">,
): MigrationOutcome {
  const time = Math.floor(now() / 1_000);
  const since = shortage?.since ?? time;
  const what = `ECS has no capacity for ${run.taskDefinition} in cluster ${cluster}: ${cause}`;
  if (time - since >= ROOM_WITHIN) {
    const minutes = Math.floor((time - since) / 60);
    const message = `${application} ${version} was not migrated, and nothing has run: after ${minutes} minutes, ${what}`;
    return { kind: "failed", message };
  }
  log("warn", "migration is waiting for capacity", { application, version, taskDefinition: run.taskDefinition, cause });
  const state = { since: time, run, shortage: { since, cause: shorten(cause, CAUSE), ended } };
  return { kind: "underWay", state, summary: `trying again: ${what}` };
}

async function follow(
  context: MigrationContext,
  { version }: MigrationRequest,
  state: MigrationState,
  id: string,
): Promise<MigrationOutcome> {
  const { ecs, logs, options } = context;
  const { cluster, container } = state.run;
  const task = context.observed ?? (await observeTask(ecs, cluster, id));
  const verdict = decideMigration({ container, elapsed: context.now() / 1_000 - state.since, task });
  switch (verdict.kind) {
    case "waiting":
      return { kind: "underWay", state, summary: `task ${id}: ${verdict.progress}` };
    case "succeeded":
      return { kind: "done", summary: `${options.application} ${version} is migrated: task ${id} exited with 0` };
    case "shortage": {
      const ended = (state.shortage?.ended ?? 0) + 1;
      return waitForRoom(context, version, state, { cause: verdict.cause, ended });
    }
    case "failed": {
      const what = `${options.application} ${version} was not migrated. Task ${id}: ${verdict.cause}`;
      const cause = `${shorten(what, MESSAGE - LOG_ROOM - 2)}. `;
      const logStream = `${options.logStreamPrefix}/${container}/${id}`;
      const tail = await logTail(logs, { logGroup: options.logGroup, logStream }, MESSAGE - cause.length);
      return { kind: "failed", message: cause + tail };
    }
  }
}
