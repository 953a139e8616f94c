import { commitVersion } from "../forges/storefront";
import type { Scenario, Step } from "./scenario";
import { answers, delivers, pipelineOf, push } from "./steps/deliveries";
import { fails } from "./steps/failing";
import { asOperator } from "./steps/operator";
import { at } from "./steps/state";
import { nothingChanges } from "./steps/unchanged";

const setMutability = (title: string, mutability: object): Step => ({
  title,
  async run(context) {
    const [name] = context.registrations.filter((it) => it.type === "aws:ecr/repository:Repository");
    const repositoryName = String(name?.outputs.name);
    await asOperator(context, "ecr", "PutImageTagMutability", { repositoryName, ...mutability });
    return repositoryName;
  },
});

export const refused: Scenario = {
  name: "refused",
  title: "a registry that rejects the tag fails the delivery, and a manual release completes it",
  needs: ["deliver"],
  troubled: true,
  steps: [
    setMutability("the operator makes all of the repository's tags immutable", { imageTagMutability: "IMMUTABLE" }),
    push("version 5.0.0 is pushed", (repository) => commitVersion(repository, "5.0.0")),
    fails("it is deployed, schedules too, but the pipeline fails, and says what to do", {
      actions: ["Source", "Test", "Build", "Migrate", "Deploy", "Schedules", "Tag"],
      stage: "Tag",
      causes: [/is immutable: add it to slipway:promotesTo of the stack that builds the images/],
      leaves: { services: at("5.0.0").services, schedules: at("5.0.0").schedules },
    }),
    nothingChanges("the tag was not moved", "tag"),
    answers("5.0.0"),
    setMutability("the operator excludes the environments' tags again", {
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: ["dev", "prod"].map((filter) => ({ filter, filterType: "WILDCARD" })),
    }),
    {
      title: "two minutes later the operator releases the pipeline without naming a revision",
      async run(context) {
        // The failed delivery releases the application's lock within a minute.
        await context.pass(120_000);
        context.mark = context.account.events.length;
        const started = await asOperator<{ pipelineExecutionId: string }>(
          context,
          "codepipeline",
          "StartPipelineExecution",
          { name: pipelineOf(context) },
        );
        return started.pipelineExecutionId;
      },
    },
    delivers,
    answers("5.0.0"),
  ],
};
