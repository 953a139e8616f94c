import { commitFailingMigration } from "../forges/storefront";
import type { Scenario } from "./scenario";
import { answers, push } from "./steps/deliveries";
import { fails } from "./steps/failing";
import { at } from "./steps/state";
import { nothingChanges } from "./steps/unchanged";

export const migrationFails: Scenario = {
  name: "migrationFails",
  title: "a failed migration stops the delivery before anything changes",
  needs: ["deliver"],
  troubled: true,
  steps: [
    push("version 3.1.0 is pushed, whose migration ends with exit code 3", (repository) =>
      commitFailingMigration(repository, "3.1.0"),
    ),
    fails("the pipeline fails at Migrate, and shows the end of the migration's log", {
      actions: ["Source", "Test", "Build", "Migrate"],
      stage: "Migrate",
      causes: [/container app exited with 3/, /column products\.old_price does not exist/],
      leaves: at("2.0.0"),
    }),
    nothingChanges("no service, no schedule and no tag was touched", "services", "schedules", "tag"),
    answers("2.0.0"),
  ],
};
