import type { EnvironmentVariable } from "@aws-sdk/client-codebuild";
import type { ProjectArgs } from "@pulumi/aws/codebuild";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import { awsError, type Declaration } from "../service";

export interface Project {
  name: string;
  arn: string;
  serviceRole: string;
  image: string;
  /** Whether the build may run Docker. */
  privileged: boolean;
  variables: EnvironmentVariable[];
  /** The buildspec itself, or the path of its file in the source. */
  buildspec: string;
  /** Minutes. */
  timeout: number;
  logs: { group: string; streamPrefix?: string };
  builds: number;
}

type Inputs = Unwrap<ProjectArgs>;

/** @throws AwsError InvalidInputException as CreateProject does, and an Error for anything not simulated */
export function readProject(declaration: Declaration, name: string, arn: string): Project {
  const inputs = inputsOf<Inputs>(declaration, [
    ...(["name", "description", "serviceRole", "source", "artifacts", "environment", "tags", "region"] as const),
    ...(["buildTimeout", "queuedTimeout", "logsConfig", "projectVisibility", "badgeEnabled"] as const),
  ]);
  const { source, artifacts, environment, buildTimeout = 60 } = inputs;
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{1,149}$/.test(name)) throw invalid(`${name} is no project name`);
  if (buildTimeout < 5 || buildTimeout > 2160)
    throw invalid(`buildTimeout ${buildTimeout} is not in 5 to 2160 minutes`);
  if (source.type !== "CODEPIPELINE" || artifacts.type !== "CODEPIPELINE")
    throw new Error(`Project ${name}: of sources and artifacts only CODEPIPELINE is simulated.`);
  return {
    name,
    arn,
    serviceRole: inputs.serviceRole,
    image: environment.image,
    privileged: environment.privilegedMode ?? false,
    variables: (environment.environmentVariables ?? []).map(readVariable),
    buildspec: source.buildspec || "buildspec.yml",
    timeout: buildTimeout,
    logs: readLogs(name, inputs),
    builds: 0,
  };
}

function readVariable({ name, value, type = "PLAINTEXT" }: { name: string; value: string; type?: string }) {
  return { name, value, type: type as EnvironmentVariable["type"] };
}

function readLogs(project: string, { logsConfig = {} }: Inputs): Project["logs"] {
  const { status = "ENABLED", groupName, streamName } = logsConfig.cloudwatchLogs ?? {};
  if (status !== "ENABLED" || logsConfig.s3Logs !== undefined)
    throw new Error(`Project ${project}: only logs in CloudWatch Logs are simulated.`);
  return { group: groupName ?? `/aws/codebuild/${project}`, streamPrefix: streamName };
}

function invalid(message: string) {
  return awsError("InvalidInputException", `${message}.`);
}
