import { commitVersion } from "../forges/storefront";
import type { Scenario } from "./scenario";
import { addWebhook, answers, delivers, push } from "./steps/deliveries";
import { reachedByInstance } from "./steps/reached";

// The head comparison may or may not happen meanwhile.
const throughInstance = reachedByInstance("all", ["fetch codeload.github.com", "fetch github.com"], /-poll-/);

export const received: Scenario = {
  name: "received",
  title: "a webhook announces a push, and all traffic of the private subnets uses the NAT instance",
  stack: "cn-northwest-1",
  steps: [
    addWebhook,
    push("version 1.0.0 is pushed", (repository) => commitVersion(repository, "1.0.0")),
    delivers,
    throughInstance,
    answers("1.0.0"),
    push("version 2.0.0 is pushed", (repository) => commitVersion(repository, "2.0.0")),
    delivers,
    throughInstance,
    answers("2.0.0"),
  ],
};
