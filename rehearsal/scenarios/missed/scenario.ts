import { commitVersion } from "../../forges/storefront";
import { betweenComparisons, isPoll, untilCompared } from "../polling";
import { expectEqual, type Scenario, type Step } from "../scenario";
import { answers, delivers, executions } from "../steps";
import { intakeOf } from "../world";

/** Whoever set up the webhook has mistyped the secret: GitHub does not deliver again by itself. */
const pushes: Step = {
  title: "version 2.1.0 is pushed, and its webhook is rejected: GitHub has a wrong secret",
  run: (world) =>
    betweenComparisons(world, async () => {
      world.forges.editWebhooks(world.repository, { secret: "not the secret" });
      const before = executions(world);
      const delivery = await world.push(commitVersion(world.repository, "2.1.0"));
      expectEqual("GitHub's delivery was answered", delivery?.answer?.status ?? delivery?.error, 401);
      expectEqual("executions", executions(world), before);
      return undefined;
    }),
};

const found: Step = {
  title: "the next comparison of the branch's head finds it",
  async run(world) {
    await untilCompared(world);
    const { outcome } = await world.event(isPoll);
    expectEqual("the comparison", outcome, "succeeded");
    return undefined;
  },
};

const once: Step = {
  title: "two more comparisons, and the webhook sent again with the right secret, start nothing",
  async run(world) {
    const before = executions(world);
    await untilCompared(world);
    world.forges.editWebhooks(world.repository, { secret: intakeOf(world).webhook?.secret ?? "" });
    const last = world.forges.deliveries.at(-1);
    if (last === undefined) throw new Error("Nothing was delivered.");
    const again = await world.forges.redeliver(last);
    expectEqual("the redelivery was answered", again.answer?.status ?? again.error, 202);
    await untilCompared(world);
    expectEqual("executions", executions(world), before);
    return undefined;
  },
};

export const missed: Scenario = {
  name: "missed",
  title: "a push whose webhook was lost is found by comparing heads, and delivered once",
  needs: ["deliver"],
  steps: [pushes, found, delivers, answers("2.1.0"), once],
};
