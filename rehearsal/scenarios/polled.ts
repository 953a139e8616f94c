import { commitVersion } from "../forges/storefront";
import type { Scenario } from "./scenario";
import { addWebhook, answers, delivers, push } from "./steps/deliveries";
import { enqueued, nothingMoved } from "./steps/polling";
import { reachedByInstance } from "./steps/reached";

const throughInstance = reachedByInstance("selected", [
  "fetch codeload.github.com",
  "fetch github.com",
  "poll github.com",
]);

export const polled: Scenario = {
  name: "polled",
  title: "a push is found by the next poll, through the NAT instance, and becomes a new version",
  stack: "cn-north-1",
  steps: [
    addWebhook,
    push("version 1.0.0 is pushed", (repository) => commitVersion(repository, "1.0.0")),
    delivers,
    throughInstance,
    answers("1.0.0"),
    nothingMoved,
    push("version 2.0.0 is pushed", (repository) => commitVersion(repository, "2.0.0")),
    delivers,
    throughInstance,
    enqueued(2),
    answers("2.0.0"),
  ],
};
