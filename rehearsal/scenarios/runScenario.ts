import type { CloudEvent } from "../cloud/events";
import type { Decision } from "../cloud/iam";
import { describe } from "../report/describe";
import { type PipelineNames, pipelineNames } from "../report/pipelines";
import type { Progress } from "../report/progress";
import type { Scenario, Step } from "./scenario";
import type { ScenarioContext } from "./scenarioContext";
import { expectEndedOnce } from "./steps/ended";
import { errorLine } from "./steps/errorLine";

/** A step that did not come out as it should. */
export interface Failure extends Error {
  /** Name of the stack that is rehearsed. */
  rehearsed: string;
  scenario: string;
  step: string;
  /** Counts from 1. */
  position: number;
  cause: Error;
  /** What IAM refused since the scenario began. */
  denials: Decision[];
  /** What functions could not connect to since the last push. */
  unreached: CloudEvent[];
  /** What happened last, oldest first, each once. */
  last: CloudEvent[];
  /** What to call the pipelines in it. */
  pipelines: PipelineNames;
}

export const isFailure = (error: unknown): error is Failure =>
  error instanceof Error && "scenario" in error && "denials" in error;

export interface RunScenarioOptions {
  /** Ends the step that is being played. */
  signal?: AbortSignal;
  /** Real milliseconds that one step may wait while nothing is under way in the account. */
  limit?: number;
  /** Calls back every so many real milliseconds. @returns what ends that */
  every?: (milliseconds: number, action: () => void) => () => void;
}

function everyInterval(milliseconds: number, action: () => void): () => void {
  const timer = setInterval(action, milliseconds);
  return () => clearInterval(timer);
}

/** Real milliseconds that a step may take whatever is under way: functions, builds and tasks have limits of their own. */
const LONGEST = 10 * 60_000;

/**
 * Plays a scenario's steps in order, after which every action of a pipeline that began must have ended once. A denial ends a step at once, whatever it waits for: nothing that slipway does is
 * expected to be refused. So does an error of a function, unless the scenario brings it about.
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

/** Each once, however often it was asked again. */
function denialsOf(context: ScenarioContext): Decision[] {
  const denials = context.account.iam.decisions.filter((decision) => decision.denial !== undefined);
  return [...new Map(denials.map((it) => [it.denial, it])).values()];
}

/** What a function logs of what it leaves undone. */
const isComplaint = (event: CloudEvent): boolean =>
  event.kind === "log" && /^\{"level":"(error|warn)"/.test(event.line);

/** What tells the same once, where it came last: a rule that falls due every minute, a connection that is tried again. */
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
    // A denial that nobody heard of yet: stop() has looked once more.
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
