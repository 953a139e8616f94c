import { commitSlowMigration } from "../forges/storefront";
import { expectEqual, type Scenario } from "./scenario";
import type { ScenarioContext } from "./scenarioContext";
import { answers, delivers, push } from "./steps/deliveries";
import { isOneOff, isScheduled } from "./steps/tasks";

const simulatedMinutes = 2;

/** Real seconds that two simulated minutes currently take. */
async function measure({ clock }: ScenarioContext): Promise<number> {
  const began = performance.now();
  await clock.wait(simulatedMinutes * 60_000);
  return (performance.now() - began) / 1000;
}

export const longMigration: Scenario = {
  name: "longMigration",
  title: "a migration that runs longer than a function may is run once, and awaited",
  needs: ["deliver"],
  steps: [
    {
      title: `version 3.8.0 is pushed, whose migration takes ${simulatedMinutes} minutes`,
      async run(context) {
        // Measured before the push: during a push, simulated time is no faster than real time.
        const seconds = await measure(context);
        return push(this.title, (repository) => commitSlowMigration(repository, "3.8.0", seconds)).run(context);
      },
    },
    delivers,
    {
      title: "its job stayed open, the function checked the task every minute, and started it once",
      async run(context) {
        const events = context.since();
        const invocations = events.filter((it) => it.kind === "function-invoked" && it.function.includes("-migrate-"));
        // Invocations: one for the job, at least one while the task runs, and one when it ends.
        if (invocations.length < 3)
          throw new Error(`The function was invoked ${invocations.length} times, expected 3 or more.`);
        const started = events.filter((it) => isOneOff(context, it) && it.status === "RUNNING" && !isScheduled(it));
        expectEqual("tasks started", started.length, 1);
        return `${invocations.length} invocations`;
      },
    },
    answers("3.8.0"),
  ],
};
