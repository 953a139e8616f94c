import type { CodePipelineEvent, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { EXECUTION, type Job, type JobResult, parameter, runJob } from "../codePipelineJob";
import { explain } from "../failure";
import { imageParameters } from "../imageParameters";
import { log } from "../log";
import type { RecordContext } from "./context";
import { takeJob, type WantedAction } from "./jobs";
import { takeMessages } from "./messages";
import type { DeploymentRecord } from "./record";
import type { Occasion } from "./rounds";

/** The work of a function that records what it does. */
export interface RecordedFunction<Event> {
  kind: WantedAction["kind"];
  /** Advances a record as far as possible without waiting. @returns whether it is done */
  advance(record: DeploymentRecord, occasion: Occasion<Event>): Promise<boolean>;
  /** The record that an event belongs to; `undefined` if there is none, or it has ended. */
  recordOf(event: Event): Promise<DeploymentRecord | undefined>;
}

/**
 * Handles the jobs of a function's action, the events of the tasks or rollouts that it started, and the messages of its
 * queue. An event may arrive before its record, twice, or after the end: the record says what remains to be done.
 */
export function recordedHandler<Event>(
  context: RecordContext,
  work: RecordedFunction<Event>,
): (event: CodePipelineEvent | SQSEvent | { detail: Event }) => Promise<SQSBatchResponse | undefined> {
  return async (event) => {
    if ("Records" in event) {
      return takeMessages(context, event, (record) => work.advance(record, { kind: "message" }));
    }
    if ("detail" in event) {
      const record = await work.recordOf(event.detail);
      if (record !== undefined) {
        await goOn(context, () => work.advance(record, { kind: "event", event: event.detail }));
      }
    } else {
      await runJob(context.pipelines, event, (job) => openJob(context, work, job));
    }
    return undefined;
  };
}

/** Records the job and advances it as far as possible. Events and messages do the rest. */
async function openJob<Event>(
  context: RecordContext,
  { kind, advance }: RecordedFunction<Event>,
  job: Job,
): Promise<JobResult> {
  const wanted = {
    kind,
    ...imageParameters(job),
    execution: parameter(job, "execution", EXECUTION, "the id of the pipeline's execution"),
  };
  const record = await takeJob(context, wanted, job);
  await goOn(context, () => advance(record, { kind: "job" }));
  return { kind: "open" };
}

/** Advances a record, and only logs errors: a message will retry. */
async function goOn({ application }: RecordContext, work: () => Promise<boolean>): Promise<void> {
  try {
    await work();
  } catch (error) {
    log("warn", "record not advanced: left to the next queue message", { application, cause: explain(error) });
  }
}
