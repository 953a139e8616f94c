import { awsError } from "../service";
import { malformedIn, referencesIn } from "./variables";

export interface ActionDeclaration {
  name: string;
  category: string;
  owner: string;
  provider: string;
  version: string;
  /** Actions with the same run order start together; default 1. */
  runOrder: number;
  configuration: Record<string, string>;
  inputArtifacts: string[];
  outputArtifacts: string[];
  namespace?: string;
}

export interface StageDeclaration {
  name: string;
  actions: ActionDeclaration[];
}

/** What an action type accepts, as AWS documents it for each provider. */
export interface ActionLimits {
  /** Minimum and maximum input artifacts. */
  inputs: [number, number];
  outputs: [number, number];
  required: string[];
  optional: string[];
  /** The only simulated value of a key. */
  only?: Record<string, string>;
  /** Returns any other problem of a configuration. */
  check?(configuration: Record<string, string>): string | undefined;
}

// https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
const name = /^[A-Za-z0-9.@_-]{1,100}$/;
const artifactName = /^[A-Za-z0-9_-]{1,100}$/;
const namespaceName = /^[A-Za-z0-9@_-]{1,100}$/;
const longestValue = 1000;

/** `Source/AWS/S3/1` */
export function actionTypeOf({ category, owner, provider, version }: ActionDeclaration): string {
  return [category, owner, provider, version].join("/");
}

/**
 * Validates a declared pipeline as CreatePipeline does.
 * @throws AwsError InvalidStructureException, InvalidStageDeclarationException, InvalidActionDeclarationException
 */
export function checkStructure(
  pipeline: string,
  stages: StageDeclaration[],
  types: Record<string, ActionLimits>,
): void {
  if (!name.test(pipeline)) throw structure(`The pipeline name ${pipeline} is not of the form ${name.source}.`);
  if (stages.length < 2) throw structure("A pipeline must have at least two stages.");
  unique(
    "Stage",
    stages.map((it) => it.name),
    structure,
  );
  for (const [index, stage] of stages.entries()) {
    checkStage(stage, index === 0);
    for (const action of stage.actions) checkAction(stage, action, types);
  }
  checkArtifacts(stages);
  checkNamespaces(stages);
}

function checkStage(stage: StageDeclaration, first: boolean): void {
  const fault = (message: string) => awsError("InvalidStageDeclarationException", message);
  if (!name.test(stage.name)) throw fault(`The stage name ${stage.name} is not of the form ${name.source}.`);
  if (stage.actions.length === 0) throw fault(`The stage ${stage.name} has no actions.`);
  unique(
    `In stage ${stage.name}, action`,
    stage.actions.map((it) => it.name),
    fault,
  );
  const sources = stage.actions.filter((it) => it.category === "Source");
  if (first && sources.length < stage.actions.length)
    throw structure("Pipeline should start with a stage that only contains source actions.");
  if (!first && sources.length > 0)
    throw structure(`Source actions may be in the first stage only; ${stage.name} has ${sources[0]?.name}.`);
}

function checkAction(stage: StageDeclaration, action: ActionDeclaration, types: Record<string, ActionLimits>): void {
  const where = `Action ${action.name} of stage ${stage.name}`;
  const fault = (message: string) => awsError("InvalidActionDeclarationException", `${where} ${message}`);
  if (!name.test(action.name)) throw fault(`has a name that is not of the form ${name.source}.`);
  const type = types[actionTypeOf(action)];
  if (type === undefined)
    throw fault(
      `is of type ${actionTypeOf(action)}, which is not simulated: only ${Object.keys(types).join(", ")} are.`,
    );
  if (!Number.isInteger(action.runOrder) || action.runOrder < 1 || action.runOrder > 999)
    throw fault(`has the run order ${action.runOrder}, which is not in 1 to 999.`);
  checkCount("input", action.inputArtifacts, type.inputs, fault);
  checkCount("output", action.outputArtifacts, type.outputs, fault);
  for (const artifact of action.outputArtifacts)
    if (!artifactName.test(artifact))
      throw fault(`has the output artifact ${artifact}, not of ${artifactName.source}.`);
  if (action.namespace !== undefined && !namespaceName.test(action.namespace))
    throw fault(`has the namespace ${action.namespace}, not of the form ${namespaceName.source}.`);
  checkConfiguration(action.configuration, type, fault);
}

function checkCount(
  kind: string,
  artifacts: string[],
  [least, most]: [number, number],
  fault: (message: string) => Error,
): void {
  const declares = `declares ${artifacts.length} ${kind} artifacts which is`;
  if (artifacts.length < least) throw fault(`${declares} less than the minimum count (${least}).`);
  if (artifacts.length > most) throw fault(`${declares} more than the maximum count (${most}).`);
}

function checkConfiguration(
  configuration: Record<string, string>,
  type: ActionLimits,
  fault: (message: string) => Error,
): void {
  const missing = type.required.find((key) => !(key in configuration));
  if (missing !== undefined) throw fault(`configuration is missing the required key ${missing}.`);
  for (const [key, value] of Object.entries(configuration)) {
    if (!type.required.includes(key) && !type.optional.includes(key))
      throw fault(`configuration has the unknown or unsimulated key ${key}.`);
    if (value.length > longestValue)
      throw fault(`configuration ${key} has ${value.length} characters; ${longestValue} are allowed.`);
    const only = type.only?.[key];
    if (only !== undefined && value !== only)
      throw fault(`configuration ${key} is ${value}; only ${only} is simulated.`);
    const [malformed] = malformedIn(value);
    if (malformed !== undefined)
      throw fault(
        `configuration ${key} has ${malformed}: a variable is a namespace and a key separated by a period (.).`,
      );
  }
  const wrong = type.check?.(configuration);
  if (wrong !== undefined) throw fault(`configuration ${wrong}`);
}

/** An action's inputs must be outputs of exactly one earlier action. */
function checkArtifacts(stages: StageDeclaration[]): void {
  const outputs = stages.flatMap((it) => it.actions).flatMap((it) => it.outputArtifacts);
  unique("Output artifact", outputs, structure);
  for (const { action, before } of withPredecessors(stages)) {
    const available = before.flatMap((it) => it.outputArtifacts);
    const missing = action.inputArtifacts.find((it) => !available.includes(it));
    if (missing !== undefined)
      throw structure(
        `The input artifact ${missing} of action ${action.name} is no output of an action that runs before it.`,
      );
  }
}

function checkNamespaces(stages: StageDeclaration[]): void {
  const declared = stages.flatMap((it) => it.actions).flatMap((it) => it.namespace ?? []);
  const fault = (message: string) => awsError("InvalidActionDeclarationException", message);
  unique("Namespaces must be unique across the pipeline definition:", declared, fault);
  for (const { action, before } of withPredecessors(stages)) {
    const available = ["codepipeline", ...before.map((it) => it.namespace)];
    for (const { namespace, text } of Object.values(action.configuration).flatMap(referencesIn))
      if (!available.includes(namespace))
        throw fault(`Action ${action.name} refers to ${text}, but no action that runs before it has that namespace.`);
  }
}

function withPredecessors(stages: StageDeclaration[]) {
  return stages.flatMap(({ actions }, index) =>
    actions.map((action) => ({
      action,
      before: [
        ...stages.slice(0, index).flatMap((it) => it.actions),
        ...actions.filter((it) => it.runOrder < action.runOrder),
      ],
    })),
  );
}

function unique(what: string, names: string[], fault: (message: string) => Error): void {
  const twice = names.find((it, index) => names.indexOf(it) !== index);
  if (twice !== undefined) throw fault(`${what} ${twice} is declared more than once.`);
}

function structure(message: string) {
  return awsError("InvalidStructureException", message);
}
