import { commitCrash } from "../../github/storefront";
import { expectEqual, expectMatches, expectSame, type Scenario } from "../scenario";
import { answers, askVersion, followExecution, push } from "../steps";

export const rollback: Scenario = {
  name: "rollback",
  title: "a version that crashes at start is rolled back",
  needs: ["deliver"],
  troubled: true,
  steps: [
    push("version 3.0.0 is pushed, which ends as soon as it starts", (repository) => commitCrash(repository, "3.0.0")),
    {
      title: "the pipeline fails, and all the while version 2.0.0 answers",
      async run(world) {
        const versions = new Map<string, number>();
        let ended = false;
        const following = followExecution(world).finally(() => {
          ended = true;
        });
        while (!ended) {
          const version = await askVersion(world);
          versions.set(version, (versions.get(version) ?? 0) + 1);
          await Promise.race([world.clock.wait(2000), following]);
        }
        const execution = await following;
        expectEqual("the execution ended", execution.status, "Failed");
        expectSame("its actions ended", execution.actions, [
          ["Source", "Succeeded"],
          ["Build", "Succeeded"],
          ["Deploy", "Failed"],
        ]);
        expectMatches(
          "the failure",
          execution.failure,
          /tasks failed to start/,
          /Essential container in task exited; container app exited with 1\. /,
          /Rollback: \S+ has \S+:\d+ again/,
        );
        expectSame("the versions that answered meanwhile", [...versions.keys()], ["2.0.0"]);
        return `${versions.get("2.0.0")} requests answered meanwhile`;
      },
    },
    answers("2.0.0"),
  ],
};
