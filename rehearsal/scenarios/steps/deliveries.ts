import type { CloudEvent } from "../../cloud/events";
import type { RefUpdate, Repository } from "../../forges/repository";
import { expectEqual, expectSame, type Step } from "../scenario";
import { pushEntryOf, type ScenarioContext, stackOf } from "../scenarioContext";
import { application, type usualSchedules, web } from "./delivered";
import { expectNotices } from "./notices";
import { at, expectState } from "./state";
import { expectMigratedFirst } from "./tasks";
import { lastVersion } from "./versions";

type PipelineEvent = Extract<CloudEvent, { kind: "pipeline" }>;
type ActionEvent = Extract<CloudEvent, { kind: "action" }>;

/** An action that ended, and its status. */
export type EndedAction = [action: string, status: string];

/** The result of an execution. */
export interface Execution {
  id: string;
  status: PipelineEvent["status"];
  /** Actions that ended, in order. */
  actions: EndedAction[];
  /** The failed action's message; empty if none failed. */
  failure: string;
}

/** The application's pipeline in a stack, by default the rehearsed one. */
export function pipelineOf(context: ScenarioContext, stack?: string): string {
  return named(stackOf(context, stack).outputs.pipelines, application, "pipelines");
}

/** The address of a stack's web service. */
export function serviceUrl(context: ScenarioContext, stack?: string): string {
  return named(stackOf(context, stack).outputs.services, `${application}/${web}`, "services");
}

function named(table: Record<string, string>, key: string, output: string): string {
  const value = table[key];
  if (value === undefined) throw new Error(`The stack's output ${output} has no ${key}.`);
  return value;
}

/** Number of executions that the application's pipeline has started. */
export function executions(context: ScenarioContext, stack?: string): number {
  const pipeline = pipelineOf(context, stack);
  const begun = context.account.events.filter(
    (event) => event.kind === "pipeline" && event.pipeline === pipeline && event.status === "InProgress",
  );
  return begun.length;
}

/**
 * Follows the first execution since the last push until it ends.
 * @param stack by default the rehearsed one
 */
export async function followExecution(context: ScenarioContext, stack?: string): Promise<Execution> {
  return endOf(context, await startOf(context, stack), stack);
}

/** Id of the first execution of a stack's pipeline since the last push; waits for it. */
export async function startOf(context: ScenarioContext, stack?: string): Promise<string> {
  const pipeline = pipelineOf(context, stack);
  const { executionId } = await context.event(
    (event): event is PipelineEvent => event.kind === "pipeline" && event.pipeline === pipeline,
  );
  return executionId;
}

/** The result of an execution that started since the last push; waits for it. */
export async function endOf(context: ScenarioContext, id: string, stack?: string): Promise<Execution> {
  const pipeline = pipelineOf(context, stack);
  const end = await context.event(
    (event): event is PipelineEvent =>
      event.kind === "pipeline" &&
      event.pipeline === pipeline &&
      event.executionId === id &&
      event.status !== "InProgress",
  );
  const failed = actionEvents(context, id).find(({ status }) => status === "Failed");
  return {
    id,
    status: end.status,
    actions: endedActions(context, id),
    failure: failed?.summary ?? "",
  };
}

/** An execution's ended actions so far, in order. An action that ended twice is listed twice. */
export const endedActions = (context: ScenarioContext, executionId: string): EndedAction[] =>
  actionEvents(context, executionId)
    .filter(({ status }) => status !== "InProgress")
    .map(({ action, status }) => [action, status]);

const actionEvents = ({ account }: ScenarioContext, executionId: string): ActionEvent[] =>
  account.events.filter((it): it is ActionEvent => it.kind === "action" && it.executionId === executionId);

/** An execution's summary while another deployment of the application is in progress. */
export const waitingFor = (holder: string): string => `waiting for ${holder}`;

/** The execution never waited for an earlier deployment: each has released its lock. @throws Mismatch */
export function expectNeverWaited(context: ScenarioContext, executionId: string): void {
  const said = context.account.events.flatMap((it) =>
    it.kind === "log" && it.line.includes(`deploy/${executionId} `) ? [it.line] : [],
  );
  expectSame(
    "what the execution waited for",
    said.filter((it) => it.includes(waitingFor(""))),
    [],
  );
}

/** Adds the webhook to acme/storefront, with URL and secret from the outputs of the stack that receives pushes. */
export const addWebhook: Step = {
  title: "the webhook is added at GitHub",
  async run(context) {
    const { webhook } = pushEntryOf(context);
    if (webhook === undefined) return "none: the branch is polled";
    const ping = await context.forges.addWebhook(context.repository, { ...webhook, contentType: "json" });
    expectEqual("GitHub's ping was answered", ping?.answer?.status ?? ping?.error, 200);
    return `ping answered in ${ping?.answer?.milliseconds} ms`;
  },
};

/** Pushes a commit; the webhook queues it, or the next poll finds it. */
export const push = (
  title: string,
  commit: (repository: Repository, context: ScenarioContext) => Promise<RefUpdate>,
): Step => ({
  title,
  async run(context) {
    const update = commit(context.repository, context);
    const delivery = await context.push(update);
    const pushed = (await update).after.slice(0, 7);
    if (delivery === undefined) return `${pushed}, polled`;
    expectEqual("GitHub's delivery was answered", delivery.answer?.status ?? delivery.error, 202);
    return `${pushed}, queued in ${delivery.answer?.milliseconds} ms`;
  },
});

/** The actions of a delivery, by stack. Not derived from the program, so that a removed action is noticed. */
const fromPush = ["Source", "Test", "Build", "Migrate", "Deploy", "Schedules", "Tag"];
const actions: Record<string, string[]> = {
  dev: fromPush,
  "cn-north-1": fromPush,
  "cn-northwest-1": fromPush,
  prod: ["Source", "Image", "Approval", "Migrate", "Deploy", "Schedules", "Tag"],
};

/** How a delivery differs from its stack's usual one. */
export interface Delivered {
  /** Default: the rehearsed one. */
  stack?: string;
  /** In the order in which they end; those in a list run in parallel and end in any order. */
  actions?: (string | string[])[];
  /** The schedules in the version's schedules.yaml. */
  schedules?: typeof usualSchedules;
  /** Reported results of deliveries that it waited for, since the push. */
  waitedFor?: string[];
}

/** The last push passes all stages of a pipeline, the state matches that version, and the result is reported. */
export const deliversAs = ({ stack, ...rest }: Delivered): Step => ({
  title: stack === undefined ? "the pipeline delivers it" : `the pipeline of ${stack} delivers it`,
  async run(context) {
    const { name } = stackOf(context, stack);
    const execution = await followExecution(context, name);
    return expectDelivered(context, execution, lastVersion(context), { stack: name, ...rest });
  },
});

/** An execution passed all stages, the state matches its version, and the result was reported. @returns its actions */
export async function expectDelivered(
  context: ScenarioContext,
  execution: Execution,
  version: string,
  { stack, schedules, waitedFor = [], ...rest }: Delivered = {},
): Promise<string> {
  const { name, environment } = stackOf(context, stack);
  expectEqual(`the execution ended${execution.failure && ` (${execution.failure})`}`, execution.status, "Succeeded");
  const expected = rest.actions ?? actions[name] ?? [];
  // Parallel actions may finish in any order.
  const placeOf = (action: string) => expected.find((it) => typeof it !== "string" && it.includes(action)) ?? action;
  expectSame(
    "its actions ended",
    execution.actions.map(([action, status]) => [placeOf(action), status]),
    expected.flat().map((action) => [placeOf(action), "Succeeded"]),
  );
  const waited = waitedFor.length > 0;
  await expectMigratedFirst(context, execution.id, version, { stack: name, waited });
  if (!waited) expectNeverWaited(context, execution.id);
  await expectState(context, at(version, schedules), name);
  await expectNotices(context, [...waitedFor, `${application} in ${environment}: ${version} succeeded`], name);
  return expected.flat().join(", ");
}

/** The usual delivery to a stack. */
export const deliversTo = (stack?: string): Step => deliversAs(stack === undefined ? {} : { stack });

/** The same for the rehearsed stack. */
export const delivers = deliversTo();

/** Everyone who calls a stack's service gets this version. */
export const answers = (version: string, stack?: string): Step => ({
  title: stack === undefined ? `the service answers ${version}` : `the service of ${stack} answers ${version}`,
  async run(context) {
    const url = serviceUrl(context, stack);
    expectEqual(`${url}/version answered`, await askVersion(context, stack), version);
    context.seen.push({ version, environment: stackOf(context, stack).environment, url });
    return url;
  },
});

/** The version in the service's response. @throws for any status but 200 */
export async function askVersion(context: ScenarioContext, stack?: string): Promise<string> {
  const { status, body } = await context.ask(`${serviceUrl(context, stack)}/version`);
  expectEqual("the service's status", status, 200);
  return body.trim();
}
