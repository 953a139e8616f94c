import { commitSchedules, wrongSchedules } from "../forges/storefront";
import type { Scenario } from "./scenario";
import { frequent } from "./schedules";
import { answers, push } from "./steps/deliveries";
import { fails } from "./steps/failing";
import { at, schedulesAt } from "./steps/state";
import { nothingChanges } from "./steps/unchanged";

export const badSchedules: Scenario = {
  name: "badSchedules",
  title: "a schedules file with mistakes is rejected as a whole, each with line and reason",
  needs: ["schedules"],
  troubled: true,
  steps: [
    push("version 3.6.0 is pushed, with mistakes in schedules.yaml", (repository) =>
      commitSchedules(repository, "3.6.0", wrongSchedules),
    ),
    fails("the pipeline fails after the services have changed: they run 3.6.0, and the tag stays at 3.5.0", {
      actions: ["Source", "Test", "Build", "Migrate", "Deploy", "Schedules"],
      stage: "Deploy",
      causes: [
        /schedules\.yaml was rejected, and no schedule of storefront was changed:/,
        /^schedules\.yaml:7: schedules\[1\]\.cron "0 3 \* \* \*": has 5 fields, expected 6/m,
        /^schedules\.yaml:10: schedules\[2\]\.rate "1 weeks": expected a number above 0 and minutes, hours or days/m,
        /^schedules\.yaml:11: schedules\[2\]\.command is "node report\.js sales", expected a list of strings/m,
      ],
      leaves: { ...at("3.6.0"), tagged: "3.5.0", schedules: schedulesAt("3.5.0", frequent) },
    }),
    nothingChanges("no rule was touched, and no tag", "schedules", "tag"),
    answers("3.6.0"),
  ],
};
