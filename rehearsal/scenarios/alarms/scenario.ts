import { commitSchedules, importStorefront } from "../../forges/storefront";
import type { Scenario } from "../scenario";
import { addWebhook, delivers, deliversAs, push } from "../steps";
import {
  answersNothing,
  cannotStart,
  crashes,
  nothingIsMissing,
  recovers,
  stopsCounting,
  taskFails,
} from "../watching";

const schedules = `timeZone: UTC
schedules:
  - name: broken
    rate: 15 minutes
    command: [node, -e, process.exit(3)]
`;

export const alarms: Scenario = {
  name: "alarms",
  title: "what crashes, does not answer, or fails to its schedule is noticed, and nothing before the first delivery is",
  fresh: true,
  troubled: true,
  steps: [
    nothingIsMissing(15),
    addWebhook,
    push("version 1.0.0 is pushed", (repository) => importStorefront(repository, "1.0.0")),
    delivers,
    crashes("worker", 13, { "storefront-worker-missing-tasks": 1 }),
    recovers(4, { "storefront-worker-missing-tasks": 1 }),
    answersNothing("web", 6, { "slipway-load-balancer-errors": 1 }),
    stopsCounting(12, { "storefront-web-missing-tasks": 1, "storefront-worker-missing-tasks": 1 }),
    push("version 1.1.0 is pushed, with a schedule whose command fails", (repository) =>
      commitSchedules(repository, "1.1.0", schedules),
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
