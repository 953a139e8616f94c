import type { Program } from "../../rehearsal/program";
import { resource } from "./support";

export interface ActionDeclaration {
  name: string;
  category: string;
  owner: string;
  provider: string;
  version: string;
  runOrder?: number;
  namespace?: string;
  inputArtifacts?: string[];
  outputArtifacts?: string[];
  configuration: Record<string, string>;
}

interface StageDeclaration {
  name: string;
  actions: ActionDeclaration[];
}

/** The stages of an application's pipeline. */
export const stagesOf = (program: Program, application: string): StageDeclaration[] =>
  resource(program, "aws:codepipeline/pipeline:Pipeline", `${application}-pipeline`).inputs
    .stages as StageDeclaration[];

/** Each stage with its actions: `["Deploy", "Deploy by Lambda", "Schedules by Lambda, 2"]`, where 2 is the run order. */
export const outline = (program: Program, application: string): string[][] =>
  stagesOf(program, application).map(({ name, actions }) => [
    name,
    ...actions.map((it) => `${it.name} by ${it.provider}${it.runOrder === undefined ? "" : `, ${it.runOrder}`}`),
  ]);

/** The one action of that name. */
export function actionOf(program: Program, application: string, name: string): ActionDeclaration {
  const actions = stagesOf(program, application).flatMap((stage) => stage.actions);
  const found = actions.filter((action) => action.name === name);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} actions are called ${name}`);
  return found[0];
}

/** The declaration of an action that invokes a function, UserParameters as JSON. */
export const invocation = (name: string, functionName: string, parameters: object): ActionDeclaration => ({
  name,
  category: "Invoke",
  owner: "AWS",
  provider: "Lambda",
  version: "1",
  configuration: {
    FunctionName: `${functionName}-function-0000000`,
    UserParameters: JSON.stringify(parameters),
  },
});
