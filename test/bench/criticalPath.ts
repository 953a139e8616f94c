import type { CloudEvent } from "../../rehearsal/cloud/events";
import { open } from "../../rehearsal/rehearsal";
import { silent } from "../../rehearsal/report/silent";
import { deliver } from "../../rehearsal/scenarios/deliver";
import { runScenario } from "../../rehearsal/scenarios/runScenario";
import { createScenarioContext } from "../../rehearsal/scenarios/scenarioContext";
import { SCENARIO_STACKS } from "../../rehearsal/stacks";

type Happening = CloudEvent & { at: number };

/** The actions whose time is slipway's own, but for what ECS takes in them. */
const OWN = ["Migrate", "Deploy", "Schedules", "Tag"];

/**
 * What slipway adds to the way from a push to its end, in seconds of AWS time: what the example's second version takes in
 * the rehearsal, without CodeBuild, the migration's task, and ECS's rollouts. Real time in the functions counts as it is.
 */
export async function criticalPath(): Promise<string[]> {
  const context = await createScenarioContext(await open({ stack: "dev", stackFiles: SCENARIO_STACKS, speed: 100 }));
  const happened: Happening[] = [];
  context.account.onEvent((event) => happened.push({ ...event, at: context.clock.now() }));
  try {
    await runScenario(deliver, context, silent, { limit: 600_000 });
  } finally {
    await context.close();
  }
  const execution = happened.findLast((it) => it.kind === "pipeline" && it.status === "InProgress");
  const id = execution?.kind === "pipeline" ? execution.executionId : "";
  const lines = OWN.map((action) => {
    const own = happened.filter((it) => it.kind === "action" && it.executionId === id && it.action === action);
    const [begin, end] = [own[0]?.at ?? 0, own.at(-1)?.at ?? 0];
    const byEcs = ecsTime(happened.filter(({ at }) => at >= begin && at <= end));
    return { action, whole: end - begin, added: end - begin - byEcs };
  });
  const total = lines.reduce((sum, { added }) => sum + added, 0);
  return [
    ...lines.map(({ action, whole, added }) => `${action}: ${seconds(added)} of ${seconds(whole)} s are slipway's`),
    `together ${seconds(total)} s (at most 20)`,
  ];
}

/** From the first to the last of what tasks and rollouts do within an action. */
function ecsTime(events: Happening[]): number {
  const times = events.filter(({ kind }) => kind === "task" || kind === "deployment").map(({ at }) => at);
  return times.length === 0 ? 0 : Math.max(...times) - Math.min(...times);
}

const seconds = (milliseconds: number): string => (milliseconds / 1_000).toFixed(1);
