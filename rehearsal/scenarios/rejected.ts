import type { Scenario } from "./scenario";
import { answers } from "./steps/deliveries";
import { rejected as isRejected } from "./steps/promotion";
import { at, isAt } from "./steps/state";
import { nothingChanges } from "./steps/unchanged";

export const rejected: Scenario = {
  name: "rejected",
  title: "a rejected version changes nothing, and the notice says why",
  stack: "prod",
  needs: ["tagMoved"],
  steps: [
    isRejected("3.0.0", "the prices of 3.0.0 are net", at("2.0.0")),
    nothingChanges("no service, schedule or tag was touched", "services", "schedules", "tag"),
    answers("2.0.0"),
    isAt("3.0.0", "dev"),
  ],
};
