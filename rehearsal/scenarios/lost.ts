import type { CloudEvent } from "../cloud/events";
import { commitLarge } from "../forges/storefront";
import { expectEqual, expectSame, type Scenario } from "./scenario";
import type { ScenarioContext } from "./scenarioContext";
import { answers, delivers, executions, push } from "./steps/deliveries";
import { expectBackoff, type FetchFailure, fetchFailureAfter, lastFailure } from "./steps/fetchFailures";
import { untilCompared } from "./steps/polling";
import { messagesIn, queuesOf } from "./steps/queues";

type Alarm = Extract<CloudEvent, { kind: "alarm" }>;

// Larger than one multipart upload part, which is 8 MiB.
const archive = 12_000_000;
const partial = 9_000_000;

/** Waits for the next failure of fetch and moves the mark after it. */
async function nextFailure(context: ScenarioContext): Promise<FetchFailure> {
  const [failed, place] = await fetchFailureAfter(context, context.mark);
  context.mark = place;
  return failed;
}

/** The latest attempt, after which the message waits. @param upTo its number */
async function attempts(context: ScenarioContext, last: FetchFailure, upTo: number): Promise<FetchFailure> {
  let failed = last;
  while (failed.receives < upTo) {
    expectBackoff(failed);
    await context.pass((failed.retryInSeconds ?? 0) * 1000);
    failed = await nextFailure(context);
  }
  expectEqual("attempts", failed.receives, upTo);
  return failed;
}

const alarms = (context: ScenarioContext, name: RegExp): Promise<Alarm> =>
  context.event((it): it is Alarm => it.kind === "alarm" && name.test(it.alarm) && it.state === "ALARM");

/** How often an S3 operation was called in the account so far. */
const calls = (context: ScenarioContext, operation: string) =>
  context.account.trail.filter((entry) => entry.service === "s3" && entry.operation === operation).length;

export const lost: Scenario = {
  name: "lost",
  title: "a push that cannot be fetched is kept, reported, and delivered when GitHub is back",
  needs: ["deliver"],
  troubled: true,
  steps: [
    {
      title: "the branch's head is compared, and has not moved",
      async run(context) {
        await untilCompared(context);
        return undefined;
      },
    },
    push("version 4.0.0 is pushed, and GitHub breaks its large archive off", (repository, context) => {
      context.forges.fault = { kind: "cut", afterBytes: partial };
      return commitLarge(repository, "4.0.0", archive);
    }),
    {
      title: "fetch fails, and leaves no incomplete upload",
      async run(context) {
        const { cause } = await nextFailure(context);
        expectEqual("uploads aborted", calls(context, "AbortMultipartUpload"), calls(context, "CreateMultipartUpload"));
        expectEqual("uploads completed", calls(context, "CompleteMultipartUpload"), 0);
        return cause;
      },
    },
    {
      title: "GitHub is unreachable: fetch retries for hours, and an alarm reports that a push waits",
      async run(context) {
        context.forges.fault = { kind: "unreachable" };
        const waiting = alarms(context, /-waiting-/);
        const { receives } = await attempts(context, lastFailure(context), 10);
        await waiting;
        return `${receives} attempts, and alarm ${(await waiting).alarm}`;
      },
    },
    {
      title: "finally the message is in the dead-letter queue",
      async run(context) {
        const { maxReceiveCount, url, deadLettersUrl } = queuesOf(context);
        const before = executions(context);
        const { retryInSeconds = 0 } = await attempts(context, lastFailure(context), maxReceiveCount);
        const alarmed = alarms(context, /-dead-/);
        await context.pass(retryInSeconds * 1000);
        await alarmed;
        expectSame(
          "messages waiting and dead",
          [await messagesIn(context, url), await messagesIn(context, deadLettersUrl)],
          [0, 1],
        );
        expectEqual("executions", executions(context), before);
        return `${maxReceiveCount} attempts`;
      },
    },
    {
      title: "GitHub is back, and the next comparison of the branch's head finds the push",
      async run(context) {
        context.forges.fault = undefined;
        context.mark = context.account.events.length;
        await untilCompared(context);
        return undefined;
      },
    },
    delivers,
    answers("4.0.0"),
  ],
};
