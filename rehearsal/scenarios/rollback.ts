import { commitCrash } from "../forges/storefront";
import { expectSame, type Scenario } from "./scenario";
import { answers, askVersion, followExecution, push } from "./steps/deliveries";
import { expectFailed } from "./steps/failing";
import { at } from "./steps/state";
import { nothingChanges } from "./steps/unchanged";

export const rollback: Scenario = {
  name: "rollback",
  title: "a version that crashes at start is rolled back",
  needs: ["deliver"],
  troubled: true,
  steps: [
    push("version 3.0.0 is pushed, which ends as soon as it starts", (repository) => commitCrash(repository, "3.0.0")),
    {
      title: "the pipeline fails, and version 2.0.0 keeps answering",
      async run(context) {
        const versions = new Map<string, number>();
        let ended = false;
        const following = followExecution(context).finally(() => {
          ended = true;
        });
        while (!ended) {
          const version = await askVersion(context);
          versions.set(version, (versions.get(version) ?? 0) + 1);
          await Promise.race([context.clock.wait(2000), following]);
        }
        const execution = await following;
        await expectFailed(context, execution, {
          actions: ["Source", "Test", "Build", "Migrate", "Deploy"],
          stage: "Deploy",
          causes: [
            /tasks failed to start/,
            /Essential container in task exited; container app exited with 1\. /,
            /Rollback: storefront-web-service-\w+ is back at dev-storefront-web:\d+; storefront-worker-service-\w+ is back at dev-storefront-worker:\d+\.$/m,
          ],
          leaves: at("2.0.0"),
        });
        expectSame("the versions that answered meanwhile", [...versions.keys()], ["2.0.0"]);
        return `${versions.get("2.0.0")} requests answered meanwhile`;
      },
    },
    nothingChanges("no schedule and no tag was touched", "schedules", "tag"),
    answers("2.0.0"),
  ],
};
