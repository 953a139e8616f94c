import { commitVersion } from "../../forges/storefront";
import { fails } from "../failing";
import { asOperator } from "../operator";
import type { Scenario, Step } from "../scenario";
import { at } from "../state";
import { answers, delivers, pipelineOf, push } from "../steps";
import { nothingChanges } from "../unchanged";

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
    fails("it is deployed, schedules too, but the pipeline fails, and says what to do", {
      actions: ["Source", "Build", "Migrate", "Deploy", "Schedules", "Tag"],
      stage: "Tag",
      causes: [/does not let tag dev move: set its image tag mutability to MUTABLE/],
      leaves: { services: at("5.0.0").services, schedules: at("5.0.0").schedules },
    }),
    nothingChanges("the tag was not moved", "tag"),
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
