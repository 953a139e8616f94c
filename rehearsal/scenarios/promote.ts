import { commitVersion } from "../forges/storefront";
import type { Scenario } from "./scenario";
import { addWebhook, answers, deliversTo, push } from "./steps/deliveries";
import { approved, startsOnce, waits } from "./steps/promotion";
import { isAt, servicesNotDelivered } from "./steps/state";

export const promote: Scenario = {
  name: "promote",
  title: "the image that dev has delivered is approved, and delivered to prod",
  stack: "prod",
  steps: [
    addWebhook,
    push("version 1.0.0 is pushed", (repository) => commitVersion(repository, "1.0.0")),
    deliversTo("dev"),
    answers("1.0.0", "dev"),
    startsOnce,
    waits("1.0.0", { tagged: "nothing", services: servicesNotDelivered, schedules: [] }),
    approved("1.0.0"),
    answers("1.0.0"),
    isAt("1.0.0", "dev"),
  ],
};
