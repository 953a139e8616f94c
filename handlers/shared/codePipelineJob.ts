import {
  type CodePipelineClient,
  type FailureType,
  PutJobFailureResultCommand,
  PutJobSuccessResultCommand,
} from "@aws-sdk/client-codepipeline";
import type { CodePipelineEvent } from "aws-lambda";
import { explain, failure, failureType, isException, isTransient } from "./failure";
import { log } from "./log";

/** The job of an invoke action. Its artifact credentials are not copied. */
export interface Job {
  id: string;
  /** UserParameters, parsed. */
  parameters: Record<string, unknown>;
  /** This function's last answer for the same action; absent on the first job. */
  continuationToken?: string | undefined;
}

export type JobResult =
  /**
   * The action has succeeded.
   * @property afterwards runs once CodePipeline has the result: removes what a repeated job would still need
   */
  | { kind: "succeeded"; summary: string; afterwards?: () => Promise<void> }
  /** The action continues: CodePipeline calls again, with a new job and this token. */
  | { kind: "continued"; token: string; summary: string }
  /** The action continues; its record has the job. Whichever invocation sees the end reports it. */
  | { kind: "open" }
  | { kind: "failed"; type: FailureType; message: string };

/** The id of a pipeline's execution. */
export const EXECUTION = /^[\w-]{1,128}$/;

/** The progress of work that takes several jobs. */
export type JobOutcome<State> =
  /** @property state passed to the next job */
  | { kind: "underWay"; state: State; summary: string }
  | { kind: "done"; summary: string }
  | { kind: "failed"; message: string };

/** @param encodeState returns a continuation token of at most 2,048 characters */
export function resultOf<State>(outcome: JobOutcome<State>, encodeState: (state: State) => string): JobResult {
  switch (outcome.kind) {
    case "underWay":
      return { kind: "continued", token: encodeState(outcome.state), summary: outcome.summary };
    case "done":
      return { kind: "succeeded", summary: outcome.summary };
    case "failed":
      return { kind: "failed", type: "JobFailed", message: outcome.message };
  }
}

/** The limit of a continuation token in characters, minus the prefix that {@link runJob} may add. */
export const TOKEN = 2_048 - 24;

/**
 * The state in a continuation token, which is JSON.
 * @throws Failure if this function did not create the token
 */
export function parseToken<State>(token: string, isState: (value: Partial<State>) => boolean): State {
  try {
    const state = JSON.parse(token) as Partial<State>;
    if (isState(state)) {
      return state as State;
    }
  } catch {
    // Reported below, with the start of the token, which is not secret.
  }
  throw failure(
    "ConfigurationError",
    `the continuation token does not belong to this function: ${shorten(token, 100)}`,
  );
}

// CodePipeline's limits, in characters.
const SUMMARY = 2_048;
export const MESSAGE = 5_000;

/**
 * Seconds that CodePipeline waits for a job's result. Lambda may delay an invocation for hours; its result is then
 * ignored.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
export const ANSWER_WITHIN = 20 * 60;

/** How long a step is retried if AWS cannot be reached, in seconds. */
const PATIENCE = 30 * 60;

/** `retry:<time of the first attempt, in epoch seconds>:<token of the step>` */
const RETRY = /^retry:(\d+):(.*)$/s;

/**
 * Runs the work of a job and reports the result to CodePipeline. A failure of the work is not thrown: Lambda would run
 * the job twice more, and the action would wait until it times out. After a transient failure, the next job retries the
 * step, for half an hour.
 *
 * Needs, on * because AWS cannot restrict them: codepipeline:PutJobSuccessResult, codepipeline:PutJobFailureResult.
 *
 * @throws CodePipeline's error when the result is reported, unless the job already has one: Lambda then retries
 */
export async function runJob(
  client: CodePipelineClient,
  event: CodePipelineEvent,
  work: (job: Job) => Promise<JobResult>,
  now: () => number = Date.now,
): Promise<void> {
  const { id, data } = jobOf(event);
  const step = stepOf(data.continuationToken);
  let result: JobResult;
  try {
    const { UserParameters } = data.actionConfiguration.configuration;
    result = await work({ id, parameters: parse(UserParameters), continuationToken: step.token });
  } catch (error) {
    result = retried(step, error, Math.floor(now() / 1_000)) ?? {
      kind: "failed",
      type: failureType(error),
      message: explain(error),
    };
  }
  if (result.kind !== "open") {
    await reportResult(client, id, result);
  }
  if (result.kind === "succeeded") {
    await result.afterwards?.();
  }
}

/** A result that can be reported to CodePipeline. */
export type ReportedResult = Exclude<JobResult, { kind: "open" }>;

/**
 * Reports a job's result to CodePipeline, unless it already has one.
 * @throws any other error of CodePipeline
 */
export async function reportResult(client: CodePipelineClient, id: string, result: ReportedResult): Promise<void> {
  logResult(id, result);
  try {
    await settle(client, id, result);
  } catch (error) {
    // Asynchronous invocations may be repeated: another one has already reported this job.
    if (!isException(error, "InvalidJobStateException", "JobNotFoundException")) {
      throw error;
    }
    log("info", "job result was already reported", { job: id, cause: explain(error) });
  }
}

/** The next step of a job. */
interface JobStep {
  /** The previous step's token; absent at the action's start. */
  token?: string | undefined;
  /** Time of the first attempt, in epoch seconds, if this is a retry. */
  since?: number | undefined;
}

function stepOf(continuationToken: string | undefined): JobStep {
  const [, since, token] = RETRY.exec(continuationToken ?? "") ?? [];
  return since === undefined
    ? { token: continuationToken }
    : { token: token === "" ? undefined : token, since: Number(since) };
}

/** @returns `undefined` if the error is not transient, or has lasted too long */
function retried({ token = "", since }: JobStep, error: unknown, now: number): JobResult | undefined {
  const first = since ?? now;
  return isTransient(error) && now - first < PATIENCE
    ? { kind: "continued", token: `retry:${first}:${token}`, summary: `trying again: ${explain(error)}` }
    : undefined;
}

function logResult(job: string, result: ReportedResult): void {
  if (result.kind === "failed") {
    log("error", "job failed", { job, type: result.type, cause: result.message });
    return;
  }
  const { kind, summary } = result;
  const token = result.kind === "continued" ? { token: result.token } : {};
  log("info", `job ${kind}`, { job, ...token, summary });
}

function jobOf(event: Partial<CodePipelineEvent>): CodePipelineEvent["CodePipeline.job"] {
  const job = event["CodePipeline.job"];
  if (job === undefined) {
    throw new Error("the event is not a CodePipeline job: call this function from an invoke action of a pipeline");
  }
  return job;
}

function parse(userParameters: string | undefined): Record<string, unknown> {
  const hint = "set the action's UserParameters to a JSON object";
  let value: unknown;
  try {
    value = JSON.parse(userParameters ?? "");
  } catch (error) {
    throw failure("ConfigurationError", `UserParameters is not JSON: ${hint}`, error);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw failure("ConfigurationError", `UserParameters is not an object: ${hint}`);
  }
  return value as Record<string, unknown>;
}

/**
 * A parameter of the job.
 * @throws Failure that names the parameter, its value and the expected value
 */
export function parameter(job: Job, name: string, pattern: RegExp, expected: string): string {
  const value = job.parameters[name];
  if (typeof value !== "string" || !pattern.test(value)) {
    const found = JSON.stringify(value) ?? "missing";
    throw failure("ConfigurationError", `UserParameters: ${name} is ${found}, expected ${expected}`);
  }
  return value;
}

async function settle(client: CodePipelineClient, jobId: string, result: ReportedResult): Promise<void> {
  switch (result.kind) {
    case "succeeded": {
      const executionDetails = { summary: shorten(result.summary, SUMMARY) };
      await client.send(new PutJobSuccessResultCommand({ jobId, executionDetails }));
      return;
    }
    case "continued": {
      const executionDetails = { summary: shorten(result.summary, SUMMARY) };
      await client.send(new PutJobSuccessResultCommand({ jobId, continuationToken: result.token, executionDetails }));
      return;
    }
    case "failed": {
      const failureDetails = { type: result.type, message: shorten(result.message, MESSAGE) };
      await client.send(new PutJobFailureResultCommand({ jobId, failureDetails }));
      return;
    }
  }
}

/** At most `length` characters of the text, with an ellipsis if it was cut. */
export function shorten(text: string, length: number): string {
  // Never ends with half a surrogate pair: JSON escapes it as six characters, and AWS may reject it.
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
