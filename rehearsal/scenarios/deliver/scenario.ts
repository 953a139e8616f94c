import { commitVersion, importStorefront } from "../../github/storefront";
import type { Scenario } from "../scenario";
import { addWebhook, answers, delivers, push } from "../steps";

export const deliver: Scenario = {
  name: "deliver",
  title: "a push becomes a new version of the running service",
  steps: [
    addWebhook,
    push("version 1.0.0 is pushed", (repository) => importStorefront(repository, "1.0.0")),
    delivers,
    answers("1.0.0"),
    push("version 2.0.0 is pushed", (repository) => commitVersion(repository, "2.0.0")),
    delivers,
    answers("2.0.0"),
  ],
};
