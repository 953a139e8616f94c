import type {
  BatchGetBuildsInput,
  BatchGetBuildsOutput,
  Build,
  EnvironmentVariable,
  StartBuildInput,
  StartBuildOutput,
} from "@aws-sdk/client-codebuild";
import type { CloudEvent } from "../events";
import { awsError } from "../service";
import type { ActionResult, ActionRun, ActionType } from "./actionType";

/**
 * Runs a CodeBuild project on the input artifact. The buildspec's exported variables become the action's.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html
 */
export const codeBuild: ActionType = {
  // CodeBuild accepts five of each; a second one needs PrimarySource, which is not simulated.
  inputs: [1, 1],
  outputs: [0, 1],
  required: ["ProjectName"],
  optional: ["EnvironmentVariables"],
  run,
};

async function run(action: ActionRun): Promise<ActionResult> {
  const { cloud, role } = action;
  const { build } = await cloud.call<StartBuildInput, StartBuildOutput>(
    role,
    "codebuild",
    "StartBuild",
    request(action),
  );
  const id = String(build?.id);
  action.report({ externalExecutionId: id });
  const ended = await untilEnded(action, id);
  if (ended.buildStatus !== "SUCCEEDED") throw awsError("JobFailed", failure(ended));
  const exported = (ended.exportedEnvironmentVariables ?? []).map(({ name, value }) => [name, value]);
  return { externalExecutionId: id, variables: Object.fromEntries(exported) };
}

function request({ configuration, inputs, outputs }: ActionRun): StartBuildInput {
  const [input] = inputs;
  const [output] = outputs;
  return {
    projectName: configuration.ProjectName,
    environmentVariablesOverride: environmentVariables(configuration.EnvironmentVariables),
    sourceTypeOverride: "CODEPIPELINE",
    sourceLocationOverride: `${input?.bucket}/${input?.key}`,
    sourceVersion: input?.revision,
    artifactsOverride: {
      type: "CODEPIPELINE",
      ...(output === undefined ? {} : { location: output.bucket, path: output.key, packaging: "ZIP" }),
    },
  };
}

/** @throws AwsError ConfigurationError if the resolved text is not a JSON list of {name, value, type?} */
function environmentVariables(text = "[]"): EnvironmentVariable[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw awsError(
      "ConfigurationError",
      `EnvironmentVariables is not JSON: ${(error as Error).message}. It is: ${text}`,
    );
  }
  if (!Array.isArray(list) || !list.every((it) => typeof it?.name === "string" && typeof it.value === "string"))
    throw awsError(
      "ConfigurationError",
      `EnvironmentVariables must be a list of {"name", "value", "type"}, not ${text}`,
    );
  return list.map(({ name, value, type = "PLAINTEXT" }) => ({ name, value, type }));
}

/** CodePipeline gets the build from CodeBuild at once and after it has ended. */
async function untilEnded({ cloud, role }: ActionRun, id: string): Promise<Build> {
  const ended = cloud.until(
    (event): event is CloudEvent & { kind: "build" } =>
      event.kind === "build" && event.buildId === id && event.status !== "IN_PROGRESS",
  );
  const ask = async () => {
    const input = { ids: [id] };
    const { builds = [] } = await cloud.call<BatchGetBuildsInput, BatchGetBuildsOutput>(
      role,
      "codebuild",
      "BatchGetBuilds",
      input,
    );
    if (builds[0] === undefined) throw awsError("JobFailed", `CodeBuild knows no build ${id}.`);
    return builds[0];
  };
  const build = await ask();
  if (build.buildComplete) return build;
  await ended;
  return ask();
}

function failure({ buildStatus, phases = [] }: Build): string {
  const failed = phases.find((it) => it.phaseStatus !== undefined && it.phaseStatus !== "SUCCEEDED");
  const [context] = failed?.contexts ?? [];
  const cause =
    failed === undefined
      ? ""
      : ` Phase: ${failed.phaseType}, Code: ${context?.statusCode}, Message: ${context?.message}`;
  return `Build terminated with state: ${buildStatus}.${cause}`;
}
