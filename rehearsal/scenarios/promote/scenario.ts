import { commitVersion } from "../../forges/storefront";
import { approved, startsOnce, waits } from "../promotion";
import type { Scenario } from "../scenario";
import { isAt, servicesNotDelivered } from "../state";
import { addWebhook, answers, deliversTo, push } from "../steps";

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
