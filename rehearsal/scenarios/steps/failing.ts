import { expectEqual, expectMatches, expectSame, type Step } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import { application, servicesOf } from "./delivered";
import { type Execution, expectNeverWaited, followExecution } from "./deliveries";
import { expectTold } from "./notices";
import { type DeliveryState, expectState, readService } from "./state";

/** How a delivery fails, and what it leaves. */
export interface Failed {
  /** The actions that ended, in order: the last of them failed. */
  actions: string[];
  /** What the failed action says. */
  causes: RegExp[];
  /** The stage that it belongs to, as the notice names it. */
  stage: string;
  /** How everything is afterwards; what is left out depends on what was played before. */
  leaves: Partial<DeliveryState>;
}

/** @throws Mismatch if an execution did not fail so, left anything else, or was told in another way */
export async function expectFailed(context: ScenarioContext, execution: Execution, expected: Failed): Promise<void> {
  const { actions, causes, stage, leaves } = expected;
  expectEqual("the execution ended", execution.status, "Failed");
  expectSame(
    "its actions ended",
    execution.actions,
    actions.map((action, index) => [action, index === actions.length - 1 ? "Failed" : "Succeeded"]),
  );
  expectMatches("the failure", execution.failure, ...causes);
  expectNeverWaited(context, execution.id);
  if (leaves.services !== undefined) await rolledOut(context);
  await expectState(context, leaves);
  const { environment } = stackOf(context);
  const [notice = ""] = await expectTold(context, [`${application} in ${environment}: failed at ${stage}`]);
  expectMatches("the notice", notice, ...causes);
}

/** In simulated milliseconds. */
const [LOOK, PATIENCE] = [5_000, 300_000];

/**
 * A service that is to have no tasks has gone back at once, but its rollout is over only when the last of them has stopped:
 * for that, five minutes are enough.
 */
async function rolledOut(context: ScenarioContext): Promise<void> {
  for (let waited = 0; waited < PATIENCE; waited += LOOK) {
    const states = await Promise.all(servicesOf(context).map((service) => readService(context, service)));
    if (states.every(({ rollouts }) => !rollouts.includes("IN_PROGRESS"))) return;
    await context.clock.wait(LOOK);
  }
}

/** The last push fails: as a step. */
export const fails = (title: string, expected: Failed): Step => ({
  title,
  async run(context) {
    const execution = await followExecution(context);
    await expectFailed(context, execution, expected);
    return undefined;
  },
});
