import type { CloudEvent } from "../cloud/events";
import type { Delivery } from "../forges/webhook";
import { expectEqual, type Scenario } from "./scenario";
import type { ScenarioContext } from "./scenarioContext";
import { answers, executions } from "./steps/deliveries";
import { messagesIn, queuesOf } from "./steps/queues";
import { isAt } from "./steps/state";
import { nothingChanges } from "./steps/unchanged";

// "Exactly-once processing" of a FIFO queue: it drops repeated messages for this long.
const deduplication = 5 * 60_000;

type Invocation = Extract<CloudEvent, { kind: "function-invoked" }>;

/** Redelivers the last queued push. @throws Mismatch if it is not accepted */
async function redeliverLast(context: ScenarioContext): Promise<Delivery> {
  const last = context.forges.deliveries.findLast((it) => JSON.parse(it.answer?.body ?? "{}").outcome === "queued");
  if (last === undefined) throw new Error("No push was queued: play deliver first.");
  context.mark = context.account.events.length;
  const again = await context.forges.redeliver(last);
  expectEqual("the redelivery was answered", again.answer?.status ?? again.error, 202);
  return again;
}

export const redelivery: Scenario = {
  name: "redelivery",
  title: "the same delivery again changes nothing",
  needs: ["deliver"],
  steps: [
    {
      title: "GitHub delivers the push of 2.0.0 again, after the queue's deduplication interval",
      async run(context) {
        await context.pass(deduplication);
        const before = executions(context);
        const trail = context.account.trail.length;
        await redeliverLast(context);
        await context.event((it): it is Invocation => it.kind === "function-invoked" && it.function.includes("fetch"));
        const calls = context.account.trail.slice(trail).map((entry) => entry.operation);
        expectEqual("uploads", calls.filter((it) => /^(PutObject|CreateMultipartUpload)$/.test(it)).length, 0);
        expectEqual("executions", executions(context), before);
        return "no upload, no execution";
      },
    },
    {
      title: "and immediately once more",
      async run(context) {
        const before = executions(context);
        await redeliverLast(context);
        expectEqual("messages in the queue", await messagesIn(context, queuesOf(context).url), 0);
        expectEqual("executions", executions(context), before);
        return "the queue dropped it";
      },
    },
    nothingChanges("nothing was changed", "services", "schedules", "tag"),
    isAt("2.0.0"),
    answers("2.0.0"),
  ],
};
