import type { CloudEvent } from "../../cloud/events";
import { expectEqual, expectSame, type Step } from "../scenario";
import type { ScenarioContext } from "../scenarioContext";
import { executions } from "./deliveries";

type Invocation = Extract<CloudEvent, { kind: "function-invoked" }>;

export const isPoll = (event: CloudEvent): event is Invocation =>
  event.kind === "function-invoked" && /-poll-/.test(event.function);

/** Waits until the branches have been polled this many times from now on. */
export async function polls(context: ScenarioContext, times: number): Promise<Invocation[]> {
  const ended: Invocation[] = [];
  while (ended.length < times) ended.push(await context.account.until(isPoll));
  return ended;
}

/** Advances time until the heads have been compared once more. */
export async function untilCompared(context: ScenarioContext): Promise<void> {
  const compared = () => context.account.events.filter(isPoll).length;
  for (const before = compared(); compared() === before; ) await context.pass(5_000);
}

/** Does something right after a comparison of heads: the next one, five minutes away, always runs afterwards. */
export async function betweenComparisons<T>(context: ScenarioContext, work: () => Promise<T>): Promise<T> {
  await untilCompared(context);
  return context.clock.during(work());
}

/** Completed calls of roles to a service so far. */
export const calls = ({ account }: ScenarioContext, service: string, operation: string, role: RegExp): number =>
  account.trail.filter(
    (it) =>
      it.service === service && it.operation === operation && it.outcome === "succeeded" && role.test(it.principal),
  ).length;

const pollRole = /-poll-role-/;

/** Polls that find an unchanged branch do nothing. */
export const nothingMoved: Step = {
  title: "three polls find no moved branch, and enqueue nothing",
  async run(context) {
    const counts = () => [
      calls(context, "sqs", "SendMessage", pollRole),
      calls(context, "s3", "PutObject", pollRole),
      executions(context),
    ];
    const before = counts();
    const outcomes = (await polls(context, 3)).map(({ outcome }) => outcome);
    expectSame("how they ended", outcomes, ["succeeded", "succeeded", "succeeded"]);
    expectSame("messages, states written and executions", counts(), before);
    return undefined;
  },
};

const isFetch = (event: CloudEvent): boolean => event.kind === "function-invoked" && /-fetch-/.test(event.function);

/** Each push was one message so far. Two overlapping polls both send it, and the queue accepts it once. */
export const enqueued = (times: number): Step => ({
  title: `${times} pushes were ${times} messages, and started ${times} executions`,
  async run(context) {
    expectEqual("messages that were fetched", context.account.events.filter(isFetch).length, times);
    expectEqual("executions", executions(context), times);
    return undefined;
  },
});
