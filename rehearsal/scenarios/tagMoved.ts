import { commitVersion } from "../forges/storefront";
import type { Scenario } from "./scenario";
import { answers, deliversTo, push } from "./steps/deliveries";
import { approved, startsOnce, waits, waitsBehind } from "./steps/promotion";
import { at, isAt } from "./steps/state";

export const tagMoved: Scenario = {
  name: "tagMoved",
  title: "the approved version runs, although the tag has moved to a newer one",
  stack: "prod",
  needs: ["promote"],
  steps: [
    push("version 2.0.0 is pushed", (repository) => commitVersion(repository, "2.0.0")),
    deliversTo("dev"),
    startsOnce,
    waits("2.0.0", at("1.0.0")),
    push("version 3.0.0 is pushed meanwhile", (repository) => commitVersion(repository, "3.0.0")),
    deliversTo("dev"),
    startsOnce,
    waitsBehind("3.0.0", "2.0.0", at("1.0.0")),
    approved("2.0.0"),
    answers("2.0.0"),
    waits("3.0.0", at("2.0.0")),
    isAt("3.0.0", "dev"),
  ],
};
