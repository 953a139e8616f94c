import { commitCrash, commitVersion } from "../forges/storefront";
import { expectEqual, type Scenario } from "./scenario";
import { addWebhook, answers, delivers, push, serviceUrl } from "./steps/deliveries";
import { fails } from "./steps/failing";
import { servicesNotDelivered } from "./steps/state";
import { nothingIsMissing } from "./steps/watching";

export const firstDeliveryFails: Scenario = {
  name: "firstDeliveryFails",
  title: "a first version that crashes cannot be rolled back",
  fresh: true,
  troubled: true,
  steps: [
    nothingIsMissing(12),
    addWebhook,
    push("version 1.0.0 is pushed, which ends as soon as it starts", (repository) => commitCrash(repository, "1.0.0")),
    fails("the pipeline fails, and the services are left without tasks, as they were", {
      actions: ["Source", "Test", "Build", "Migrate", "Deploy"],
      stage: "Deploy",
      causes: [/tasks failed to start/, /without tasks: it never had any/],
      leaves: { tagged: "nothing", services: servicesNotDelivered, schedules: [] },
    }),
    {
      title: "nothing answers",
      async run(context) {
        const { status } = await context.ask(serviceUrl(context));
        expectEqual("the load balancer's answer", status, 503);
        return "503 from the load balancer";
      },
    },
    push("version 1.0.1 is pushed, which starts", (repository) => commitVersion(repository, "1.0.1")),
    delivers,
    answers("1.0.1"),
  ],
};
