import { commitSchedules } from "../forges/storefront";
import type { Scenario } from "./scenario";
import { deliversAs, push } from "./steps/deliveries";
import { answersNothing, cannotStart, crashes, recovers, stopsCounting, taskFails } from "./steps/watching";

const schedules = `timeZone: UTC
schedules:
  - name: broken
    rate: 15 minutes
    command: [node, -e, process.exit(3)]
`;

export const alarms: Scenario = {
  name: "alarms",
  title: "crashes, services that do not answer, and failed scheduled tasks are noticed",
  needs: ["deliver"],
  troubled: true,
  steps: [
    crashes("worker", 13, { "storefront-worker-missing-tasks": 1 }),
    recovers(5, { "storefront-worker-missing-tasks": 1 }),
    answersNothing("web", 6, "slipway-load-balancer-errors"),
    stopsCounting(12, { "storefront-web-missing-tasks": 1, "storefront-worker-missing-tasks": 1 }),
    push("version 6.0.0 is pushed, with a schedule whose command fails", (repository) =>
      commitSchedules(repository, "6.0.0", schedules),
    ),
    deliversAs({
      schedules: [
        { name: "broken", schedule: "rate(15 minutes)", state: "ENABLED", command: "node -e process.exit(3)" },
      ],
    }),
    taskFails(
      "broken",
      17,
      "container app exited with 3; EssentialContainerExited: Essential container in task exited",
    ),
    cannotStart("broken", 40),
  ],
};
