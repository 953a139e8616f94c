import { commitVersion } from "../forges/storefront";
import { expectEqual, type Scenario, type Step } from "./scenario";
import { pushEntryOf } from "./scenarioContext";
import { answers, delivers, executions } from "./steps/deliveries";
import { betweenComparisons, isPoll, untilCompared } from "./steps/polling";

/** The webhook's secret has a typo: GitHub does not deliver again by itself. */
const pushes: Step = {
  title: "version 2.1.0 is pushed, and its webhook is rejected: GitHub has a wrong secret",
  run: (context) =>
    betweenComparisons(context, async () => {
      context.forges.editWebhooks(context.repository, { secret: "not the secret" });
      const before = executions(context);
      const delivery = await context.push(commitVersion(context.repository, "2.1.0"));
      expectEqual("GitHub's delivery was answered", delivery?.answer?.status ?? delivery?.error, 401);
      expectEqual("executions", executions(context), before);
      return undefined;
    }),
};

const found: Step = {
  title: "the next comparison of the branch's head finds it",
  async run(context) {
    await untilCompared(context);
    const { outcome } = await context.event(isPoll);
    expectEqual("the comparison", outcome, "succeeded");
    return undefined;
  },
};

const once: Step = {
  title: "two more comparisons, and the webhook sent again with the right secret, start nothing",
  async run(context) {
    const before = executions(context);
    await untilCompared(context);
    context.forges.editWebhooks(context.repository, { secret: pushEntryOf(context).webhook?.secret ?? "" });
    const last = context.forges.deliveries.at(-1);
    if (last === undefined) throw new Error("Nothing was delivered.");
    const again = await context.forges.redeliver(last);
    expectEqual("the redelivery was answered", again.answer?.status ?? again.error, 202);
    await untilCompared(context);
    expectEqual("executions", executions(context), before);
    return undefined;
  },
};

export const missed: Scenario = {
  name: "missed",
  title: "a push whose webhook was lost is found by comparing heads, and delivered once",
  needs: ["deliver"],
  steps: [pushes, found, delivers, answers("2.1.0"), once],
};
