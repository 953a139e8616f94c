import type { CloudEvent } from "../../cloud/events";
import { commitLarge } from "../../github/storefront";
import { errorLine } from "../errorLine";
import { messagesIn, queuesOf } from "../queues";
import { expectEqual, expectSame, type Scenario } from "../scenario";
import { answers, delivers, executions, push } from "../steps";
import type { World } from "../world";

// More than one part of a multipart upload, which are 8 MiB.
const archive = 12_000_000;
const partial = 9_000_000;

/** Waits until fetch has failed once more. Resolves with what it logged. */
async function nextFailure(world: World): Promise<string> {
  const failed = await world.event((event): event is CloudEvent => errorLine(world, event) !== undefined);
  world.mark = world.account.events.indexOf(failed) + 1;
  return errorLine(world, failed) ?? "";
}

/** How often an S3 operation was called, for as long as the account exists. */
const calls = (world: World, operation: string) =>
  world.account.trail.filter((entry) => entry.service === "s3" && entry.operation === operation).length;

export const lost: Scenario = {
  name: "lost",
  title: "what cannot be fetched is kept, told of, and delivered when GitHub delivers it again",
  needs: ["deliver"],
  troubled: true,
  steps: [
    push("version 4.0.0 is pushed, and GitHub breaks its large archive off", (repository, world) => {
      world.github.fault = { kind: "cut", afterBytes: partial };
      return commitLarge(repository, "4.0.0", archive);
    }),
    {
      title: "fetch fails, and leaves no half of an upload",
      async run(world) {
        const error = await nextFailure(world);
        expectEqual("uploads aborted", calls(world, "AbortMultipartUpload"), calls(world, "CreateMultipartUpload"));
        expectEqual("uploads completed", calls(world, "CompleteMultipartUpload"), 0);
        return error;
      },
    },
    {
      title: "GitHub cannot be reached at all, and the message ends among the dead letters",
      async run(world) {
        world.github.fault = { kind: "unreachable" };
        const { maxReceiveCount, visibilityTimeout, url, deadLettersUrl } = queuesOf(world);
        const before = executions(world);
        for (let attempt = 2; attempt <= maxReceiveCount; attempt++) {
          await world.pass(visibilityTimeout);
          await nextFailure(world);
        }
        const alarmed = world.event(
          (it): it is Extract<CloudEvent, { kind: "alarm" }> => it.kind === "alarm" && /dead/i.test(it.alarm),
        );
        await world.pass(visibilityTimeout);
        const { state } = await alarmed;
        expectEqual("the alarm of the dead letters", state, "ALARM");
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
      title: "GitHub is back, and delivers the push again",
      async run(world) {
        world.github.fault = undefined;
        // Within five minutes the queue takes the redelivery for the message that it has had.
        await world.pass(5 * 60_000);
        const last = world.github.deliveries.at(-1);
        if (last === undefined) throw new Error("Nothing was delivered.");
        world.mark = world.account.events.length;
        const again = await world.github.redeliver(last);
        expectEqual("the redelivery was answered", again.answer?.status ?? again.error, 202);
        return undefined;
      },
    },
    delivers,
    answers("4.0.0"),
  ],
};
