import type { CloudEvent } from "../cloud/events";
import type { Decision } from "../cloud/iam";
import { describe } from "../report/describe";
import { type PipelineNames, pipelineNames } from "../report/pipelines";
import type { Progress } from "../report/progress";
import type { Scenario, Step } from "./scenario";
import type { ScenarioContext } from "./scenarioContext";
import { expectEndedOnce } from "./steps/ended";
import { errorLine } from "./steps/errorLine";

/** A failed step. */
export interface Failure extends Error {
  /** Name of the rehearsed stack. */
  rehearsed: string;
  scenario: string;
  step: string;
  /** Counts from 1. */
  position: number;
  cause: Error;
  /** IAM denials since the scenario began. */
  denials: Decision[];
  /** Failed connections of functions since the last push. */
  unreached: CloudEvent[];
  /** The latest distinct events, oldest first. */
  last: CloudEvent[];
  /** Names of the pipelines in the events. */
  pipelines: PipelineNames;
}

export const isFailure = (error: unknown): error is Failure =>
  error instanceof Error && "scenario" in error && "denials" in error;

export interface RunScenarioOptions {
  /** Aborts the current step. */
  signal?: AbortSignal;
  /** Real milliseconds that a step may wait while the account is idle. */
  limit?: number;
  /** Calls back every so many real milliseconds. @returns stops it */
  every?: (milliseconds: number, action: () => void) => () => void;
}

function everyInterval(milliseconds: number, action: () => void): () => void {
  const timer = setInterval(action, milliseconds);
  return () => clearInterval(timer);
}

/** Maximum real milliseconds for a step, even if the account is busy: functions, builds and tasks have own limits. */
const LONGEST = 10 * 60_000;

/**
 * Plays a scenario's steps in order. Afterwards, every started pipeline action must have ended exactly once. A denial
 * ends a step at once, whatever it waits for: slipway should never be denied anything. So does a function error, unless
 * the scenario causes it.
 * @throws Failure naming scenario, step and cause; or the signal's reason
 */
export async function runScenario(
  scenario: Scenario,
  context: ScenarioContext,
  progress: Progress,
  options: RunScenarioOptions = {},
): Promise<void> {
  progress.heading(`${scenario.name}: ${scenario.title}`);
  for (const [index, step] of scenario.steps.entries()) {
    progress.begin(step.title);
    try {
      const outcome = await guarded(scenario, step, context, options);
      if (typeof outcome === "object") progress.done(outcome.detail, outcome.excerpt);
      else progress.done(outcome);
    } catch (error) {
      progress.failed();
      options.signal?.throwIfAborted();
      throw failureOf(scenario, step.title, index + 1, context, error);
    }
  }
  try {
    expectEndedOnce(context);
  } catch (error) {
    const title = "what has begun has ended once";
    progress.begin(title);
    progress.failed();
    throw failureOf(scenario, title, scenario.steps.length + 1, context, error);
  }
}

function failureOf(
  { name }: Scenario,
  step: string,
  position: number,
  context: ScenarioContext,
  error: unknown,
): Failure {
  const cause = error instanceof Error ? error : new Error(String(error));
  const { events } = context.account;
  return Object.assign(new Error(`${name}, step ${position} (${step}): ${cause.message}`), {
    rehearsed: context.stack,
    scenario: name,
    step,
    position,
    cause,
    denials: denialsOf(context),
    unreached: distinct(context.since().filter((event) => event.kind === "connection" && event.reason !== undefined)),
    last: distinct(events.filter((event) => describe(event).as !== "detail" || isComplaint(event))).slice(-6),
    pipelines: pipelineNames(context.stacks),
  } satisfies Omit<Failure, "name" | "message">);
}

/** Distinct denials, however often repeated. */
function denialsOf(context: ScenarioContext): Decision[] {
  const denials = context.account.iam.decisions.filter((decision) => decision.denial !== undefined);
  return [...new Map(denials.map((it) => [it.denial, it])).values()];
}

/** A function's log line about something it did not do. */
const isComplaint = (event: CloudEvent): boolean =>
  event.kind === "log" && /^\{"level":"(error|warn)"/.test(event.line);

/** Drops repeated events and keeps the last: a rule that fires every minute, a retried connection. */
const distinct = (events: CloudEvent[]): CloudEvent[] =>
  [...new Map([...events].reverse().map((it) => [describe(it).text, it])).values()].reverse();

async function guarded(
  scenario: Scenario,
  step: Step,
  context: ScenarioContext,
  { limit = 60_000, every = everyInterval, signal }: RunScenarioOptions,
): ReturnType<Step["run"]> {
  let stop: () => void = () => undefined;
  let judged = 0;
  const trouble = new Promise<never>((_, reject) => {
    const check = (event?: CloudEvent) => {
      const { decisions } = context.account.iam;
      const denied = decisions.slice(judged).find(({ denial }) => denial !== undefined);
      judged = decisions.length;
      const error = denied === undefined ? troubleOf(scenario, context, event) : new Error(denied.denial);
      if (error !== undefined) reject(error);
    };
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort);
    const stopListening = context.account.onEvent(check);
    const [began, idle] = [performance.now(), context.clock.idle()];
    const stopWaiting = every(1_000, () => {
      if (context.clock.idle() - idle >= limit)
        reject(new Error(`It was not done within ${limit / 1000} seconds in which nothing was under way.`));
      if (performance.now() - began >= LONGEST)
        reject(new Error(`It was not done within ${LONGEST / 60_000} minutes.`));
    });
    stop = () => {
      signal?.removeEventListener("abort", abort);
      stopListening();
      stopWaiting();
      check();
    };
  });
  try {
    const detail = await Promise.race([step.run(context), trouble]);
    stop();
    // Catches a last denial: stop() has checked once more.
    return await Promise.race([trouble, Promise.resolve(detail)]);
  } finally {
    stop();
  }
}

function troubleOf(scenario: Scenario, context: ScenarioContext, event: CloudEvent | undefined): Error | undefined {
  if (event === undefined || scenario.troubled) return undefined;
  const logged = errorLine(context, event);
  if (logged !== undefined) return new Error(logged);
  if (event.kind !== "function-invoked" || event.outcome === "succeeded") return undefined;
  return new Error(`The function ${event.function} failed: ${event.error ?? "without a word"}`);
}
