import { expectEqual, expectMatches, expectSame, type Step } from "../scenario";
import { type ScenarioContext, stackOf } from "../scenarioContext";
import { application, servicesOf } from "./delivered";
import { type Execution, expectNeverWaited, followExecution } from "./deliveries";
import { expectNotices } from "./notices";
import { type DeliveryState, expectState, readService } from "./state";

/** How a delivery fails, and the state afterwards. */
export interface Failed {
  /** The ended actions, in order; the last one failed. */
  actions: string[];
  /** The failed action's message. */
  causes: RegExp[];
  /** The failed stage, as in the notice. */
  stage: string;
  /** The state afterwards; omitted parts depend on earlier scenarios. */
  leaves: Partial<DeliveryState>;
}

/** @throws Mismatch if an execution did not fail this way, the state differs, or the notice does */
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
  const [notice = ""] = await expectNotices(context, [`${application} in ${environment}: failed at ${stage}`]);
  expectMatches("the notice", notice, ...causes);
}

/** In simulated milliseconds. */
const [LOOK, PATIENCE] = [5_000, 300_000];

/**
 * A service with no desired tasks rolls back at once, but its rollout ends only when the last task has stopped: five
 * minutes are enough.
 */
async function rolledOut(context: ScenarioContext): Promise<void> {
  for (let waited = 0; waited < PATIENCE; waited += LOOK) {
    const states = await Promise.all(servicesOf(context).map((service) => readService(context, service)));
    if (states.every(({ rollouts }) => !rollouts.includes("IN_PROGRESS"))) return;
    await context.clock.wait(LOOK);
  }
}

/** A step: the last push fails. */
export const fails = (title: string, expected: Failed): Step => ({
  title,
  async run(context) {
    const execution = await followExecution(context);
    await expectFailed(context, execution, expected);
    return undefined;
  },
});
