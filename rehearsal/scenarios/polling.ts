import type { CloudEvent } from "../cloud/events";
import { expectEqual, expectSame, type Step } from "./scenario";
import { executions } from "./steps";
import type { World } from "./world";

type Invocation = Extract<CloudEvent, { kind: "function-invoked" }>;

export const isPoll = (event: CloudEvent): event is Invocation =>
  event.kind === "function-invoked" && /-poll-/.test(event.function);

/** Waits until the branches were polled so often from now on. */
export async function polls(world: World, times: number): Promise<Invocation[]> {
  const ended: Invocation[] = [];
  while (ended.length < times) ended.push(await world.account.until(isPoll));
  return ended;
}

/** Lets time go by until the heads of the branches were compared once more. */
export async function untilCompared(world: World): Promise<void> {
  const compared = () => world.account.events.filter(isPoll).length;
  for (const before = compared(); compared() === before; ) await world.pass(5_000);
}

/** Does something right after a comparison of heads: the next one is five minutes away, and comes after it however busy the machine is. */
export async function betweenComparisons<T>(world: World, work: () => Promise<T>): Promise<T> {
  await untilCompared(world);
  return world.clock.during(work());
}

/** What roles did with a service so far: calls that came to their end. */
export const calls = ({ account }: World, service: string, operation: string, role: RegExp): number =>
  account.trail.filter(
    (it) =>
      it.service === service && it.operation === operation && it.outcome === "succeeded" && role.test(it.principal),
  ).length;

const pollRole = /-poll-role-/;

/** Polls that find the branch where it was do nothing. */
export const nothingMoved: Step = {
  title: "three polls find no moved branch, and enqueue nothing",
  async run(world) {
    const counts = () => [
      calls(world, "sqs", "SendMessage", pollRole),
      calls(world, "s3", "PutObject", pollRole),
      executions(world),
    ];
    const before = counts();
    const outcomes = (await polls(world, 3)).map(({ outcome }) => outcome);
    expectSame("how they ended", outcomes, ["succeeded", "succeeded", "succeeded"]);
    expectSame("messages, states written and executions", counts(), before);
    return undefined;
  },
};

const isFetch = (event: CloudEvent): boolean => event.kind === "function-invoked" && /-fetch-/.test(event.function);

/** Each push was one message so far. Two polls that overlap both send it, and the queue takes it once. */
export const enqueued = (times: number): Step => ({
  title: `${times} pushes were ${times} messages, and started ${times} executions`,
  async run(world) {
    expectEqual("messages that were fetched", world.account.events.filter(isFetch).length, times);
    expectEqual("executions", executions(world), times);
    return undefined;
  },
});
