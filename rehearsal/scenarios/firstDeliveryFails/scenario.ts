import { commitCrash, commitVersion, importStorefront } from "../../github/storefront";
import { expectEqual, expectMatches, expectSame, type Scenario } from "../scenario";
import { addWebhook, answers, delivers, followExecution, push, serviceUrl } from "../steps";

export const firstDeliveryFails: Scenario = {
  name: "firstDeliveryFails",
  title: "a first version that crashes has nothing to go back to",
  fresh: true,
  troubled: true,
  steps: [
    addWebhook,
    push("version 1.0.0 is pushed, which ends as soon as it starts", async (repository) => {
      await importStorefront(repository, "0.9.0");
      return commitCrash(repository, "1.0.0");
    }),
    {
      title: "the pipeline fails, and the service is left without tasks, as it was",
      async run(world) {
        const execution = await followExecution(world);
        expectEqual("the execution ended", execution.status, "Failed");
        expectSame("its actions ended", execution.actions, [
          ["Source", "Succeeded"],
          ["Build", "Succeeded"],
          ["Deploy", "Failed"],
        ]);
        expectMatches("the failure", execution.failure, /tasks failed to start/, /no tasks: it never had any/);
        return undefined;
      },
    },
    {
      title: "nothing answers",
      async run(world) {
        const { status } = await world.ask(serviceUrl(world));
        expectEqual("the load balancer's answer", status, 503);
        return "503 from the load balancer";
      },
    },
    push("version 1.0.1 is pushed, which starts", (repository) => commitVersion(repository, "1.0.1")),
    delivers,
    answers("1.0.1"),
  ],
};
