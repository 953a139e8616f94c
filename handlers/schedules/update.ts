import type { ECRClient } from "@aws-sdk/client-ecr";
import { type ECSClient, TagResourceCommand } from "@aws-sdk/client-ecs";
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { describeTaskDefinition } from "../deploy/services";
import type { DescribedRevision } from "../deploy/taskDefinition";
import { ANSWER_WITHIN, type JobOutcome } from "../shared/codePipelineJob";
import { explain, failure, failureType, isException, isTransient } from "../shared/failure";
import { referenceOf } from "../shared/image";
import type { RequestedImage } from "../shared/imageParameters";
import { log } from "../shared/log";
import { carryOut, takeBack } from "./act";
import { readSchedulesFile, type Schedule } from "./file";
import { readSchedulesLabel } from "./label";
import type { SchedulesOptions } from "./options";
import { describeStep, planRules, type Step } from "./plan";
import { isSettled, latestRevision, revisionFor, settledTag } from "./revision";
import { desiredRule, foreignRules, limitMistakes, type ObservedRule, ownTags, rulePrefix } from "./rule";
import { observeRules } from "./rules";
import type { SchedulesState } from "./state";

/** How long an update is retried after transient errors of AWS, in seconds. */
const PATIENCE = 15 * 60;

export interface SchedulesContext {
  ecr: ECRClient;
  ecs: ECSClient;
  events: EventBridgeClient;
  options: SchedulesOptions;
  /** Milliseconds. */
  now: () => number;
}

export interface SchedulesRequest extends RequestedImage {
  /** The requester: the job's id. */
  id: string;
}

export type SchedulesOutcome = Exclude<JobOutcome<SchedulesState>, { kind: "failed" }>;

/**
 * The first step: checks everything, and registers the revision for the schedules, unless they already use it. It
 * changes no schedule. Its answer to CodePipeline decides: of several invocations of one job, only one is accepted.
 * @throws Failure with every mistake of schedules.yaml
 */
export async function prepare(context: SchedulesContext, request: SchedulesRequest): Promise<SchedulesOutcome> {
  const { ecs, options, now } = context;
  const schedules = await readSchedules(context, request);
  const rules = await observeOwnRules(context);
  const described = await describeTaskDefinition(ecs, options.taskDefinition);
  const latest = latestRevision(described.definition.family ?? "", rules);
  const state: SchedulesState = { id: request.id, since: Math.floor(now() / 1_000), latest };
  const what = `${options.application} ${request.version}`;
  if (schedules.length === 0) {
    return { kind: "underWay", state, summary: `${what} has no schedules` };
  }
  const taskDefinition = await revisionFor(ecs, described, options.container, request.image, latest);
  return {
    kind: "underWay",
    state: { ...state, taskDefinition, latest: revisionOf(taskDefinition) },
    summary: `${what}: ${counted(schedules)} will run ${taskDefinition}`,
  };
}

/**
 * The second step: makes the rules match the file, or restores all of them on failure. Each action depends only on
 * observations, so a repeated step continues where another one stopped. After its end, or once a later update has
 * started, it changes nothing.
 */
export async function apply(
  context: SchedulesContext,
  request: SchedulesRequest,
  state: SchedulesState,
): Promise<SchedulesOutcome> {
  try {
    return await update(context, request, state);
  } catch (error) {
    const again = tryAgain(context, state, error);
    if (again !== undefined) {
      return again;
    }
    throw error;
  }
}

async function update(
  context: SchedulesContext,
  request: SchedulesRequest,
  state: SchedulesState,
): Promise<SchedulesOutcome> {
  const { ecs, events, options } = context;
  const what = `${options.application} ${request.version}`;
  const schedules = await readSchedules(context, request);
  const rules = await observeOwnRules(context);
  const described = await describeTaskDefinition(ecs, state.taskDefinition ?? options.taskDefinition);
  const { family = "", taskDefinitionArn = "" } = described.definition;
  if (isSettled(described, state.id)) {
    return { kind: "done", summary: `${what}: this schedules update has already finished` };
  }
  const hindrance = hindranceOf(context, state, family, rules);
  if (hindrance !== undefined) {
    throw failure("JobFailed", `the schedules were not updated to ${what}: ${hindrance}`);
  }
  const desired = schedules.map((each) => desiredRule(options, each, taskDefinitionArn));
  const steps = planRules(desired, rules);
  log("info", "schedules plan", { application: options.application, plan: steps.map(describeStep) });
  const { done, stopped } = await carryOut(events, steps, ownTags(options));
  if (stopped === undefined) {
    await settle(context, state, described);
    return { kind: "done", summary: `${what}, ${counted(schedules)}: ${summaryOf(steps)}` };
  }
  const again = tryAgain(context, state, stopped.error);
  if (again !== undefined) {
    return again;
  }
  await settle(context, state, described).catch((error: unknown) => {
    log("warn", "revision not tagged", { taskDefinition: state.taskDefinition, cause: explain(error) });
  });
  const failed = await takeBack(events, stopped.begun, rules);
  const end =
    failed.length === 0
      ? "All rules were restored"
      : `Not restored: ${listed(failed)}. Done before the error: ${listed(done)}. Not done: ${listed(stopped.left)}`;
  const message = `the schedules of ${what} were not updated: ${stopped.at}: ${explain(stopped.error)}. ${end}`;
  throw failure(failureType(stopped.error), message, stopped.error);
}

/** Why an update must stop. */
function hindranceOf({ now }: SchedulesContext, state: SchedulesState, family: string, rules: ObservedRule[]) {
  const latest = latestRevision(family, rules);
  if (latest > state.latest) {
    return `a later update has switched them to ${family}:${latest}`;
  }
  // A later update that has removed all schedules is not detectable.
  const age = now() / 1_000 - state.since;
  return age > PATIENCE + ANSWER_WITHIN
    ? `the update began ${Math.floor(age / 60)} minutes ago, and a later one may have followed: start the pipeline again`
    : undefined;
}

/** @returns `undefined` if the error is not transient, or has lasted too long */
function tryAgain(context: SchedulesContext, state: SchedulesState, error: unknown): SchedulesOutcome | undefined {
  // Two invocations of one job may change the same rule.
  const passes = isTransient(error) || isException(error, "ConcurrentModificationException");
  if (!passes || context.now() / 1_000 - state.since >= PATIENCE) {
    return undefined;
  }
  log("warn", "schedules not updated yet", { application: context.options.application, cause: explain(error) });
  return { kind: "underWay", state, summary: `trying again: ${explain(error)}` };
}

async function settle(
  { ecs }: SchedulesContext,
  state: SchedulesState,
  { definition }: DescribedRevision,
): Promise<void> {
  // Without schedules, the update has no revision of its own.
  if (state.taskDefinition !== undefined) {
    const tag = { resourceArn: definition.taskDefinitionArn, tags: [settledTag(state.id)] };
    await ecs.send(new TagResourceCommand(tag));
  }
}

async function readSchedules({ ecr, options }: SchedulesContext, { image }: SchedulesRequest): Promise<Schedule[]> {
  const text = await readSchedulesLabel(ecr, referenceOf(image));
  const { schedules, mistakes } = readSchedulesFile(text, (schedule) => limitMistakes(options, schedule));
  if (mistakes.length > 0) {
    const lines = mistakes.map(({ line, reason }) => `schedules.yaml:${line}: ${reason}`);
    const what = `schedules.yaml was rejected, and no schedule of ${options.application} was changed:`;
    throw failure("ConfigurationError", [what, ...lines].join("\n"));
  }
  return schedules;
}

async function observeOwnRules({ events, options }: SchedulesContext): Promise<ObservedRule[]> {
  const rules = await observeRules(events, rulePrefix(options));
  const foreign = foreignRules(options, rules);
  if (foreign.length > 0) {
    const tags = Object.entries(ownTags(options)).map(([key, value]) => `${key}=${value}`);
    const what = `rules that slipway did not create have names reserved for the schedules of ${options.application}`;
    const hint = `rename or remove them, or give them the tags ${tags.join(" and ")}; no schedule was changed`;
    throw failure("ConfigurationError", `${what}: ${listed(foreign.map(({ name }) => name))}: ${hint}`);
  }
  return rules;
}

function counted({ length }: Schedule[]): string {
  return `${length} schedule${length === 1 ? "" : "s"}`;
}

function summaryOf(steps: Step[]): string {
  const count = (kind: Step["kind"]) => steps.filter((step) => step.kind === kind).length;
  const put = `${count("create")} created, ${count("change")} changed, ${count("repair")} repaired`;
  return `${put}, ${count("remove")} removed, ${count("unchanged")} unchanged`;
}

function listed(texts: string[]): string {
  return texts.length === 0 ? "nothing" : texts.join(", ");
}

function revisionOf(taskDefinition: string): number {
  return Number(taskDefinition.slice(taskDefinition.lastIndexOf(":") + 1));
}
