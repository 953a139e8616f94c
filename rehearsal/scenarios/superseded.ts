import { commitVersion } from "../forges/storefront";
import type { Scenario } from "./scenario";
import { answers, deliversTo, push } from "./steps/deliveries";
import { approved, startsOnce, supersedes, waits, waitsBehind } from "./steps/promotion";
import { at, isAt } from "./steps/state";

export const superseded: Scenario = {
  name: "superseded",
  title: "of the versions that wait behind an approval, only the newest is offered next",
  stack: "prod",
  needs: ["rejected"],
  steps: [
    push("version 4.0.0 is pushed", (repository) => commitVersion(repository, "4.0.0")),
    deliversTo("dev"),
    startsOnce,
    waits("4.0.0", at("2.0.0")),
    push("version 5.0.0 is pushed", (repository) => commitVersion(repository, "5.0.0")),
    deliversTo("dev"),
    startsOnce,
    waitsBehind("5.0.0", "4.0.0", at("2.0.0")),
    push("version 6.0.0 is pushed", (repository) => commitVersion(repository, "6.0.0")),
    deliversTo("dev"),
    startsOnce,
    waitsBehind("6.0.0", "4.0.0", at("2.0.0")),
    supersedes("5.0.0", at("2.0.0")),
    approved("4.0.0"),
    answers("4.0.0"),
    waits("6.0.0", at("4.0.0")),
    isAt("6.0.0", "dev"),
  ],
};
