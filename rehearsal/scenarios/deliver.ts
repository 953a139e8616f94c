import { commitVersion } from "../forges/storefront";
import type { Scenario, Step } from "./scenario";
import { addWebhook, answers, delivers, push } from "./steps/deliveries";

/** A first and a second version, each seen to respond. */
export const twoVersions = (delivered: Step): Step[] => [
  addWebhook,
  push("version 1.0.0 is pushed", (repository) => commitVersion(repository, "1.0.0")),
  delivered,
  answers("1.0.0"),
  push("version 2.0.0 is pushed", (repository) => commitVersion(repository, "2.0.0")),
  delivered,
  answers("2.0.0"),
];

export const deliver: Scenario = {
  name: "deliver",
  title: "a push becomes a new version of the running service",
  steps: twoVersions(delivers),
};
