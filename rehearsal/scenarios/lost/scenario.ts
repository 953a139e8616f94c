import type { CloudEvent } from "../../cloud/events";
import { commitLarge } from "../../forges/storefront";
import { expectBackoff, type FetchFailure, fetchFailureAfter, lastFailure } from "../fetchFailures";
import { untilCompared } from "../polling";
import { messagesIn, queuesOf } from "../queues";
import { expectEqual, expectSame, type Scenario } from "../scenario";
import { answers, delivers, executions, push } from "../steps";
import type { World } from "../world";

type Alarm = Extract<CloudEvent, { kind: "alarm" }>;

// More than one part of a multipart upload, which are 8 MiB.
const archive = 12_000_000;
const partial = 9_000_000;

/** Waits until fetch has failed once more, and sets the mark behind it. */
async function nextFailure(world: World): Promise<FetchFailure> {
  const [failed, place] = await fetchFailureAfter(world, world.mark);
  world.mark = place;
  return failed;
}

/** The last attempt so far, after which the message waits. @param upTo which attempt it is to be */
async function attempts(world: World, last: FetchFailure, upTo: number): Promise<FetchFailure> {
  let failed = last;
  while (failed.receives < upTo) {
    expectBackoff(failed);
    await world.pass((failed.retryInSeconds ?? 0) * 1000);
    failed = await nextFailure(world);
  }
  expectEqual("attempts", failed.receives, upTo);
  return failed;
}

const alarms = (world: World, name: RegExp): Promise<Alarm> =>
  world.event((it): it is Alarm => it.kind === "alarm" && name.test(it.alarm) && it.state === "ALARM");

/** How often an S3 operation was called, for as long as the account exists. */
const calls = (world: World, operation: string) =>
  world.account.trail.filter((entry) => entry.service === "s3" && entry.operation === operation).length;

export const lost: Scenario = {
  name: "lost",
  title: "a push that cannot be fetched is kept, reported, and delivered when GitHub is back",
  needs: ["deliver"],
  troubled: true,
  steps: [
    {
      title: "the branch's head is compared, and has not moved",
      async run(world) {
        await untilCompared(world);
        return undefined;
      },
    },
    push("version 4.0.0 is pushed, and GitHub breaks its large archive off", (repository, world) => {
      world.forges.fault = { kind: "cut", afterBytes: partial };
      return commitLarge(repository, "4.0.0", archive);
    }),
    {
      title: "fetch fails, and leaves no incomplete upload",
      async run(world) {
        const { cause } = await nextFailure(world);
        expectEqual("uploads aborted", calls(world, "AbortMultipartUpload"), calls(world, "CreateMultipartUpload"));
        expectEqual("uploads completed", calls(world, "CompleteMultipartUpload"), 0);
        return cause;
      },
    },
    {
      title: "GitHub is unreachable: fetch retries for hours, and an alarm reports that a push waits",
      async run(world) {
        world.forges.fault = { kind: "unreachable" };
        const waiting = alarms(world, /-waiting-/);
        const { receives } = await attempts(world, lastFailure(world), 10);
        await waiting;
        return `${receives} attempts, and alarm ${(await waiting).alarm}`;
      },
    },
    {
      title: "finally the message is in the dead-letter queue",
      async run(world) {
        const { maxReceiveCount, url, deadLettersUrl } = queuesOf(world);
        const before = executions(world);
        const { retryInSeconds = 0 } = await attempts(world, lastFailure(world), maxReceiveCount);
        const alarmed = alarms(world, /-dead-/);
        await world.pass(retryInSeconds * 1000);
        await alarmed;
        expectSame(
          "messages waiting and dead",
          [await messagesIn(world, url), await messagesIn(world, deadLettersUrl)],
          [0, 1],
        );
        expectEqual("executions", executions(world), before);
        return `${maxReceiveCount} attempts`;
      },
    },
    {
      title: "GitHub is back, and the next comparison of the branch's head finds the push",
      async run(world) {
        world.forges.fault = undefined;
        world.mark = world.account.events.length;
        await untilCompared(world);
        return undefined;
      },
    },
    delivers,
    answers("4.0.0"),
  ],
};
