import { commitWorkerCrash } from "../forges/storefront";
import type { Scenario } from "./scenario";
import { answers, push } from "./steps/deliveries";
import { fails } from "./steps/failing";
import { at } from "./steps/state";
import { nothingChanges } from "./steps/unchanged";

export const workerFails: Scenario = {
  name: "workerFails",
  title: "if one service crashes, all services of the application are rolled back",
  needs: ["deliver"],
  troubled: true,
  steps: [
    push(
      "version 3.2.0 is pushed, whose web service is well and whose worker ends as soon as it starts",
      (repository) => commitWorkerCrash(repository, "3.2.0"),
    ),
    fails("the pipeline fails, and both have again what they ran before", {
      actions: ["Source", "Test", "Build", "Migrate", "Deploy"],
      stage: "Deploy",
      causes: [
        /storefront-worker-service-\w+: .*tasks failed to start/,
        /Essential container in task exited; container app exited with 1\./,
        /Rollback: storefront-web-service-\w+ is back at dev-storefront-web:\d+; storefront-worker-service-\w+ is back at dev-storefront-worker:\d+/,
      ],
      leaves: at("2.0.0"),
    }),
    nothingChanges("no schedule and no tag was touched", "schedules", "tag"),
    answers("2.0.0"),
  ],
};
