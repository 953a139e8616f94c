import { randomUUID } from "node:crypto";
import { type ConflictException, type ECSClient, RunTaskCommand } from "@aws-sdk/client-ecs";
import type { PullRequestRecord, PullRequestRequest } from "../../images/gitops-pr/pullRequestRecord";
import { explain, isException, isTransient } from "../shared/failure";
import { log } from "../shared/log";
import { isShortage, privateTask, reasonsOf } from "../shared/runTask";
import { settled } from "./lapse";
import { inLogUnder, newRecord } from "./record";
import {
  createRecord,
  noteTask,
  noteUnclear,
  type PullRequestTable,
  readRecord,
  refuseRecord,
  restartRecord,
} from "./store";

/** How to run the task that opens pull requests. */
export interface TaskOptions {
  /** The ECS cluster's name. */
  cluster: string;
  /** ARN with revision. */
  taskDefinition: string;
  container: string;
  /** Private subnets. */
  subnets: string[];
  securityGroup: string;
}

export interface StartContext {
  ecs: ECSClient;
  table: PullRequestTable;
  task: TaskOptions;
  /** Milliseconds. */
  now: () => number;
}

/**
 * - started: the task's ARN
 * - refused: ECS rejects it; retrying does not help
 * - unclear: it may have been started, or a retry may start it
 */
export type Start =
  | { kind: "started"; task: string }
  | {
      kind: "refused" | "unclear";
      /** For the record and its readers, without AWS's message, which may name roles and accounts. */
      cause: string;
      /** AWS's message, for the log. */
      detail: string;
    };

/**
 * - started: a task was started for the request
 * - exists: there was an earlier request, and no other task was started
 * - refused, unclear: see {@link Start}; a refused one is recorded as failed, an unclear one stays requested
 */
export type RequestOutcome =
  | { kind: "started" | "exists"; record: PullRequestRecord }
  | { kind: "refused" | "unclear"; record: PullRequestRecord; cause: string };

/** Milliseconds after which a record's writer has either started its task or died. */
const STALLED = 60_000;

/**
 * Requests a pull request: the first request starts its task, all others get the existing record.
 * @param isRestarted whether to request an existing record again
 * @throws the SDK's error if DynamoDB is unavailable; nothing was started then
 */
export async function requestPullRequest(
  context: StartContext,
  request: PullRequestRequest,
  isRestarted: (existing: PullRequestRecord) => boolean = neverStarted,
): Promise<RequestOutcome> {
  const { table, now } = context;
  const attempt = randomUUID();
  const record = newRecord(request, attempt, now());
  const other = await createRecord(table, record);
  if (other === undefined) {
    return launchPullRequest(context, record);
  }
  const existing = await settled(table, other, now());
  if (isRestarted(existing)) {
    const restarted = await restartRecord(table, existing, attempt, now(), request);
    return restarted === undefined
      ? { kind: "exists", record: (await readRecord(table, existing.id)) ?? existing }
      : launchPullRequest(context, restarted);
  }
  if (!isStalled(existing, now())) {
    return { kind: "exists", record: existing };
  }
  const outcome = await launchPullRequest(context, existing);
  return outcome.kind === "started" ? { ...outcome, kind: "exists" } : outcome;
}

/** Whether ECS rejected the record's task. A missing `task` is no proof: storing it may have failed after a start. */
export function neverStarted({ state, refused }: PullRequestRecord): boolean {
  return state === "failed" && refused === "yes";
}

/** Whether the start was abandoned, so that the task may not be running. @param now milliseconds */
export function isStalled({ state, task, cause, requestedAt }: PullRequestRecord, now: number): boolean {
  // An unclear start sets the cause.
  return (
    state === "requested" && task === undefined && (cause !== undefined || now - Date.parse(requestedAt) > STALLED)
  );
}

/**
 * Starts the record's task, or finds it if it was already started, and stores the result in the record.
 * @throws the SDK's error if a rejection cannot be recorded
 */
export async function launchPullRequest(context: StartContext, record: PullRequestRecord): Promise<RequestOutcome> {
  const { id, attempt, service, environment, revision } = record;
  const start = await startPullRequest(context, record);
  switch (start.kind) {
    case "started": {
      const { task } = start;
      log("info", "pull request's task started", { id, service, environment, revision, task });
      const noted = await afterwards(id, noteTask(context.table, record, task, context.now()));
      return { kind: "started", record: noted ?? { ...record, task } };
    }
    case "refused":
      log("error", "pull request's task refused", { id, attempt, service, environment, revision, cause: start.detail });
      return recordRefusal(context, record, start.cause);
    case "unclear": {
      const { cause, detail } = start;
      const what = { id, attempt, service, environment, revision, cause: detail };
      log("warn", "pull request's task may not have been started", what);
      const noted = await afterwards(id, noteUnclear(context.table, record, cause, context.now()));
      return { kind: "unclear", record: noted ?? { ...record, cause }, cause };
    }
  }
}

/** Stores the result of a start. If this fails, the start is repeated, and finds the same task. */
async function afterwards(
  id: string,
  note: Promise<PullRequestRecord | undefined>,
): Promise<PullRequestRecord | undefined> {
  try {
    return await note;
  } catch (error) {
    log("error", "start of a pull request's task not recorded", { id, cause: explain(error) });
    return undefined;
  }
}

async function recordRefusal(
  { table, now }: StartContext,
  record: PullRequestRecord,
  cause: string,
): Promise<RequestOutcome> {
  const failed = await refuseRecord(table, record, cause, now());
  const current = failed ?? (await readRecord(table, record.id));
  return current !== undefined && current.attempt === record.attempt && current.state !== "failed"
    ? { kind: "started", record: current }
    : { kind: "refused", record: current ?? record, cause };
}

/**
 * Starts the record's task, with the record's id in its environment. The client token is the attempt: a repeated call
 * gets the same task.
 */
export async function startPullRequest({ ecs, task }: StartContext, record: PullRequestRecord): Promise<Start> {
  const { attempt } = record;
  try {
    const { tasks, failures } = await ecs.send(commandOf(task, record));
    const arn = tasks?.[0]?.taskArn;
    if (arn !== undefined) {
      return { kind: "started", task: arn };
    }
    const why = reasonsOf(failures);
    const isRefused = (failures ?? []).length > 0 && !isShortage(why);
    return notStarted(isRefused ? "refused" : "unclear", attempt, why);
  } catch (error) {
    const other = isException(error, "ConflictException") && (error as ConflictException).resourceIds?.[0];
    if (other) {
      // The task was started with the parameters from before an update of the platform.
      return { kind: "started", task: other };
    }
    return notStarted(isRefusal(error) ? "refused" : "unclear", attempt, explain(error));
  }
}

function notStarted(kind: "refused" | "unclear", attempt: string, detail: string): Start {
  const unclear = isShortage(detail)
    ? "AWS has no capacity for the task at the moment"
    : "ECS has not started the task yet";
  const why = kind === "refused" ? "AWS refused to start the task" : unclear;
  return { kind, cause: `${why}; ${inLogUnder(attempt)}`, detail };
}

function commandOf(
  { cluster, taskDefinition, container, subnets, securityGroup }: TaskOptions,
  { id, attempt }: PullRequestRecord,
): RunTaskCommand {
  const environment = [{ name: "PULL_REQUEST", value: JSON.stringify({ id, attempt }) }];
  return new RunTaskCommand({
    cluster,
    taskDefinition,
    ...privateTask(subnets, securityGroup),
    overrides: { containerOverrides: [{ name: container, environment }] },
    startedBy: `${id}/${attempt}`,
    clientToken: attempt,
  });
}

/** Whether ECS understood the request and rejected it. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || isTransient(error) || isException(error, "ConflictException")) {
    return false;
  }
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
  return status >= 400 && status < 500 && !isShortage(error.message);
}
