import type { Scenario } from "../scenario";
import { answers, delivers, pipelineOf } from "../steps";

export const release: Scenario = {
  name: "release",
  title: "the last commit is delivered again when somebody releases the pipeline by hand",
  needs: ["deliver"],
  steps: [
    {
      title: "the operator starts the pipeline, and names no revision",
      async run(world) {
        world.mark = world.account.events.length;
        const { pipelineExecutionId } = await world.account.call<object, { pipelineExecutionId: string }>(
          { kind: "operator" },
          "codepipeline",
          "StartPipelineExecution",
          { name: pipelineOf(world) },
        );
        return pipelineExecutionId;
      },
    },
    delivers,
    answers("2.0.0"),
  ],
};
