import {
  type CodePipelineClient,
  type FailureType,
  PutJobFailureResultCommand,
  PutJobSuccessResultCommand,
} from "@aws-sdk/client-codepipeline";
import type { CodePipelineEvent } from "aws-lambda";
import { explain, failure, failureType, isException, isTransient } from "./failure";
import { log } from "./log";

/** What an invoke action asks of a function. Its artifact credentials are left where they are. */
export interface Job {
  id: string;
  /** UserParameters, parsed. */
  parameters: Record<string, unknown>;
  /** What this function answered last for the same action; absent at its start. */
  continuationToken?: string | undefined;
}

export type JobResult =
  /**
   * The action has succeeded.
   * @property afterwards runs once CodePipeline has the result: it removes what a repeated job would still need
   */
  | { kind: "succeeded"; summary: string; afterwards?: () => Promise<void> }
  /** The action goes on: CodePipeline calls again, with a new job and this token. */
  | { kind: "continued"; token: string; summary: string }
  /** The action goes on, and its record knows the job: whoever finds the end reports it. */
  | { kind: "open" }
  | { kind: "failed"; type: FailureType; message: string };

/** The id of a pipeline's execution. */
export const EXECUTION = /^[\w-]{1,128}$/;

/** How far work is that takes several jobs. */
export type JobOutcome<State> =
  /** @property state what the next job is told */
  | { kind: "underWay"; state: State; summary: string }
  | { kind: "done"; summary: string }
  | { kind: "failed"; message: string };

/** @param encodeState makes a continuation token, of at most 2,048 characters */
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

/** A continuation token's limit in characters, less what {@link runJob} may put before a token. */
export const TOKEN = 2_048 - 24;

/**
 * The state that a continuation token holds as JSON.
 * @throws Failure for a token that is not of this function's making
 */
export function parseToken<State>(token: string, isState: (value: Partial<State>) => boolean): State {
  try {
    const state = JSON.parse(token) as Partial<State>;
    if (isState(state)) {
      return state as State;
    }
  } catch {
    // Told below, with the token's beginning, which is nothing secret.
  }
  throw failure("ConfigurationError", `the continuation token is not of this function: ${shorten(token, 100)}`);
}

// CodePipeline's limits, in characters.
const SUMMARY = 2_048;
export const MESSAGE = 5_000;

/**
 * Seconds that CodePipeline waits for the answer to a job. Lambda may keep an invocation for hours that it cannot run:
 * what such a one answers is not heard any more.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
export const ANSWER_WITHIN = 20 * 60;

/** How long a step is tried again that cannot be taken because AWS cannot be reached, in seconds. */
const PATIENCE = 30 * 60;

/** `retry:<when it was tried first, in epoch seconds>:<token of the step>` */
const RETRY = /^retry:(\d+):(.*)$/s;

/**
 * Runs the work of a job and tells CodePipeline how it went. Returns normally whether it went well or not: an error thrown
 * would make Lambda run the job twice more, and the action wait until it times out. Whatever step fails for a transient
 * reason is taken again by the next job, for half an hour.
 *
 * Needs, on * because AWS cannot restrict them: codepipeline:PutJobSuccessResult, codepipeline:PutJobFailureResult.
 *
 * @throws what CodePipeline answers to the result, unless it says that the job has one already: Lambda then tries again
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

/** A result that is reported to CodePipeline. */
export type ReportedResult = Exclude<JobResult, { kind: "open" }>;

/**
 * Reports a job's result to CodePipeline, unless the job has one.
 * @throws what else CodePipeline answers
 */
export async function reportResult(client: CodePipelineClient, id: string, result: ReportedResult): Promise<void> {
  logResult(id, result);
  try {
    await settle(client, id, result);
  } catch (error) {
    // Invocations are asynchronous, and may be repeated: another one of this job has answered before.
    if (!isException(error, "InvalidJobStateException", "JobNotFoundException")) {
      throw error;
    }
    log("info", "job was settled before", { job: id, cause: explain(error) });
  }
}

/** The step that a job is to take. */
interface JobStep {
  /** What the step before has left to it; absent at the action's start. */
  token?: string | undefined;
  /** When it was tried first, in epoch seconds, if it was tried before. */
  since?: number | undefined;
}

function stepOf(continuationToken: string | undefined): JobStep {
  const [, since, token] = RETRY.exec(continuationToken ?? "") ?? [];
  return since === undefined
    ? { token: continuationToken }
    : { token: token === "" ? undefined : token, since: Number(since) };
}

/** @returns `undefined` if the error will not pass, or has not for long */
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
    throw new Error("the event is no CodePipeline job: let an invoke action of a pipeline call this function");
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
 * @throws Failure that names the parameter, its value and what is expected
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

/** At most `length` characters of the text, and an ellipsis where something is missing. */
export function shorten(text: string, length: number): string {
  // No half of a character that JavaScript counts as two: JSON writes it as six, and AWS may refuse it.
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
