import { commitVersion } from "../../github/storefront";
import { asOperator } from "../operator";
import { expectEqual, expectMatches, expectSame, type Scenario, type Step } from "../scenario";
import { answers, delivers, followExecution, pipelineOf, push } from "../steps";

const setMutability = (imageTagMutability: "IMMUTABLE" | "MUTABLE"): Step => ({
  title: `the operator makes the repository's tags ${imageTagMutability.toLowerCase()}`,
  async run(world) {
    const [name] = world.registrations.filter((it) => it.type === "aws:ecr/repository:Repository");
    const repositoryName = String(name?.outputs.name);
    await asOperator(world, "ecr", "PutImageTagMutability", { repositoryName, imageTagMutability });
    return repositoryName;
  },
});

export const refused: Scenario = {
  name: "refused",
  title: "a registry that refuses the tag fails the delivery, and a release by hand completes it",
  needs: ["deliver"],
  troubled: true,
  steps: [
    setMutability("IMMUTABLE"),
    push("version 5.0.0 is pushed", (repository) => commitVersion(repository, "5.0.0")),
    {
      title: "it is deployed, but the pipeline fails, and says what to do",
      async run(world) {
        const execution = await followExecution(world);
        expectEqual("the execution ended", execution.status, "Failed");
        expectSame("its last action ended", execution.actions.at(-1), ["Tag", "Failed"]);
        expectMatches(
          "the failure",
          execution.failure,
          /does not let tag dev move: set its image tag mutability to MUTABLE/,
        );
        return execution.failure;
      },
    },
    answers("5.0.0"),
    setMutability("MUTABLE"),
    {
      title: "the operator releases the pipeline, and names no revision",
      async run(world) {
        world.mark = world.account.events.length;
        const started = await asOperator<{ pipelineExecutionId: string }>(
          world,
          "codepipeline",
          "StartPipelineExecution",
          { name: pipelineOf(world) },
        );
        return started.pipelineExecutionId;
      },
    },
    delivers,
    answers("5.0.0"),
  ],
};
