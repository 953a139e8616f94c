import { GetPipelineExecutionCommand, PutJobSuccessResultCommand } from "@aws-sdk/client-codepipeline";
import { type Job, type ReportedResult, reportResult } from "../codePipelineJob";
import { explain, failure, isException } from "../failure";
import type { RequestedImage } from "../imageParameters";
import { log } from "../log";
import type { RecordContext } from "./context";
import { announceRecord } from "./messages";
import {
  actionRecordId,
  type DeploymentRecord,
  isEnded,
  putRecord,
  type RecordedAction,
  readRecord,
  updateRecord,
} from "./record";

/** A job's action. */
export interface WantedAction extends RequestedImage {
  kind: "deploy" | "migrate";
  execution: string;
}

/** A day, in seconds: CodePipeline's longest action timeout. */
const DAY = 24 * 60 * 60;

/**
 * Maximum seconds that a job stays open. CodePipeline fails an action after 20 minutes without a result. A continuation
 * token closes the job: until CodePipeline calls again, no result can be reported.
 */
const CONTINUED_AFTER = 15 * 60;

/**
 * Adds a job to its action's record. Creates the record if there is none, and restarts it if the stage is retried.
 * @throws errors of DynamoDB and SQS; nothing was started then
 */
export async function takeJob(context: RecordContext, wanted: WantedAction, job: Job): Promise<DeploymentRecord> {
  const id = actionRecordId(wanted.kind, wanted.execution);
  // Other rounds may change the record in between.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const existing = await readRecord(context.table, id);
    const jobs = existing?.action?.jobs ?? [];
    if (existing !== undefined && jobs.includes(job.id)) {
      return existing;
    }
    const action: RecordedAction = {
      execution: wanted.execution,
      jobs: [...jobs, job.id],
      job: job.id,
      since: seconds(context),
    };
    // A job with a token continues existing work, even if that has ended meanwhile.
    if (existing === undefined || (isEnded(existing) && job.continuationToken === undefined)) {
      await announceRecord(context, id);
      const record = newRecord(context, id, wanted, action, (existing?.round ?? -1) + 1);
      if (await putRecord(context.table, record, existing?.round)) {
        return record;
      }
    } else {
      const adopted = await updateRecord(context.table, existing, { action, reported: undefined });
      if (adopted !== undefined) {
        return adopted;
      }
    }
  }
  throw failure("SystemUnavailable", `record ${id} changes too often: retry the stage`);
}

function newRecord(
  context: RecordContext,
  id: string,
  { image, version }: WantedAction,
  action: RecordedAction,
  round: number,
): DeploymentRecord {
  const requestedAt = new Date(context.now()).toISOString();
  const { application } = context;
  const until = seconds(context) + DAY;
  return {
    id,
    application,
    version,
    image,
    state: "queued",
    requestedAt,
    updatedAt: requestedAt,
    until,
    round,
    action,
  };
}

/**
 * Reports the record's result if a job is waiting for it.
 * @returns the record, marked as reported
 * @throws CodePipeline's error, unless the job already has a result
 */
export async function reportOutcome(context: RecordContext, record: DeploymentRecord): Promise<DeploymentRecord> {
  const { action, reported } = record;
  if (reported || action?.job === undefined) {
    return record;
  }
  await reportResult(context.pipelines, action.job, resultOf(record));
  const { job: _, ...rest } = action;
  return (await updateRecord(context.table, record, { action: rest, reported: true })) ?? { ...record, reported: true };
}

function resultOf({ state, summary, cause, type }: DeploymentRecord): ReportedResult {
  return state === "succeeded"
    ? { kind: "succeeded", summary: summary ?? "" }
    : { kind: "failed", type: type ?? "JobFailed", message: cause ?? "no cause is recorded" };
}

/** Answers a job that has long been open with a continuation token. CodePipeline calls again within a minute. */
export async function continueJob(context: RecordContext, record: DeploymentRecord): Promise<void> {
  const { id, action, summary = "" } = record;
  if (action?.job === undefined || seconds(context) - action.since < CONTINUED_AFTER) {
    return;
  }
  const executionDetails = { summary: summary.slice(0, 2_000) };
  const input = { jobId: action.job, continuationToken: id, executionDetails };
  try {
    await context.pipelines.send(new PutJobSuccessResultCommand(input));
  } catch (error) {
    if (!isException(error, "InvalidJobStateException", "JobNotFoundException")) {
      throw error;
    }
    log("info", "job result was already reported", { job: action.job, cause: explain(error) });
  }
  const { job: _, ...rest } = action;
  await updateRecord(context.table, record, { action: rest });
}

/**
 * Whether the action is obsolete because the pipeline's execution has ended. Needs codepipeline:GetPipelineExecution on
 * the pipeline.
 */
export async function isExecutionOver(
  { pipelines, options }: RecordContext,
  { execution }: RecordedAction,
): Promise<boolean> {
  const input = { pipelineName: options.pipeline, pipelineExecutionId: execution };
  try {
    const { pipelineExecution } = await pipelines.send(new GetPipelineExecutionCommand(input));
    return pipelineExecution?.status !== "InProgress" && pipelineExecution?.status !== "Stopping";
  } catch (error) {
    if (isException(error, "PipelineExecutionNotFoundException")) {
      return true;
    }
    throw error;
  }
}

function seconds({ now }: RecordContext): number {
  return Math.floor(now() / 1_000);
}
