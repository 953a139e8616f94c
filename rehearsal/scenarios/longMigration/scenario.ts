import { commitSlowMigration } from "../../forges/storefront";
import { expectEqual, type Scenario } from "../scenario";
import { answers, delivers, push } from "../steps";
import { isOneOff, isScheduled } from "../tasks";
import type { World } from "../world";

const simulatedMinutes = 2;

/** Real seconds that two simulated minutes take just now. */
async function measure({ clock }: World): Promise<number> {
  const began = performance.now();
  await clock.wait(simulatedMinutes * 60_000);
  return (performance.now() - began) / 1000;
}

export const longMigration: Scenario = {
  name: "longMigration",
  title: "a migration that outlives the function that watches it is run once, and waited for",
  needs: ["deliver"],
  steps: [
    push(`version 3.8.0 is pushed, whose migration takes ${simulatedMinutes} minutes`, async (repository, world) =>
      commitSlowMigration(repository, "3.8.0", await measure(world)),
    ),
    delivers,
    {
      title: "the function was invoked again and again meanwhile, and started one task",
      async run(world) {
        const events = world.since();
        const invocations = events.filter((it) => it.kind === "function-invoked" && it.function.includes("-migrate-"));
        // It registers, starts, looks at least once while the task runs, and once more when it has ended.
        if (invocations.length < 4)
          throw new Error(`The function was invoked ${invocations.length} times, expected 4 or more.`);
        const started = events.filter((it) => isOneOff(world, it) && it.status === "RUNNING" && !isScheduled(it));
        expectEqual("tasks started", started.length, 1);
        return `${invocations.length} invocations`;
      },
    },
    answers("3.8.0"),
  ],
};
