import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { EnvironmentVariable } from "@aws-sdk/client-codebuild";
import { confinementSource, loadingFirst } from "../confinement";
import { dockerEnvironment } from "../docker/environment";
import { awsError, type Cloud, type Credentials, type Principal } from "../service";
import type { Buildspec } from "./buildspec";
import type { Project } from "./project";

export interface BuildFolders {
  /** CODEBUILD_SRC_DIR */
  source: string;
  home: string;
  temporary: string;
  /** For the rehearsal's own files. */
  scratch: string;
}

export interface BuildFacts {
  id: string;
  arn: string;
  number: number;
  startTime: number;
  folders: BuildFolders;
  /** `bucket/key` of the source artifact. */
  sourceLocation: string;
  /** The source's own revision, if the pipeline knows it. */
  revision?: string;
  logStream: string;
}

/**
 * The variables that CodeBuild sets.
 * https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
 */
export function codeBuildVariables(cloud: Cloud, project: Project, build: BuildFacts): Record<string, string> {
  return {
    AWS_DEFAULT_REGION: cloud.region,
    AWS_REGION: cloud.region,
    CODEBUILD_BUILD_ARN: build.arn,
    CODEBUILD_BUILD_ID: build.id,
    CODEBUILD_BUILD_IMAGE: project.image,
    CODEBUILD_BUILD_NUMBER: String(build.number),
    CODEBUILD_BUILD_SUCCEEDING: "1",
    CODEBUILD_CI: "true",
    CODEBUILD_LOG_PATH: build.logStream,
    ...(build.revision === undefined ? {} : { CODEBUILD_RESOLVED_SOURCE_VERSION: build.revision }),
    CODEBUILD_SOURCE_VERSION: cloud.arn("s3", build.sourceLocation, { region: "", account: "" }),
    CODEBUILD_SRC_DIR: build.folders.source,
    CODEBUILD_START_TIME: String(Math.round(build.startTime)),
  };
}

/** What this machine provides in place of the build image: nothing of the rehearsal's own environment. */
export function machineVariables(
  cloud: Cloud,
  credentials: Credentials,
  folders: BuildFolders,
  programs: string[],
): Record<string, string> {
  return {
    PATH: [...programs, path.dirname(process.execPath), "/usr/bin", "/bin"].join(":"),
    HOME: folders.home,
    TMPDIR: folders.temporary,
    LANG: "C.UTF-8",
    AWS_ENDPOINT_URL: cloud.endpointUrl,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    ...dockerEnvironment(cloud),
  };
}

/**
 * Prevents modules of the source from loading others outside it. The stand-ins of `docker` and `aws` lie elsewhere and
 * load what they need.
 * @returns the variable that applies this to the build's processes
 */
export async function confinement(
  { source, scratch }: BuildFolders,
  declared: Record<string, string>,
): Promise<Record<string, string>> {
  const file = path.join(scratch, "confinement.js");
  await writeFile(file, confinementSource(source, "the source, nor installed by the build"));
  return { NODE_OPTIONS: loadingFirst(file, declared.NODE_OPTIONS) };
}

export interface DeclaredVariables {
  values: Record<string, string>;
  /** Values from Secrets Manager or Parameter Store. */
  secrets: string[];
}

/**
 * The variables of the buildspec, the project and the start of the build; later ones win. Secrets and parameters are
 * read under the build's role.
 */
export async function declaredVariables(
  cloud: Cloud,
  role: Principal,
  spec: Buildspec,
  variables: EnvironmentVariable[],
): Promise<DeclaredVariables> {
  const ofSpec = (type: EnvironmentVariable["type"], values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => ({ name, value, type }));
  const all: EnvironmentVariable[] = [
    ...ofSpec("PLAINTEXT", spec.variables),
    ...ofSpec("PARAMETER_STORE", spec.parameterStore),
    ...ofSpec("SECRETS_MANAGER", spec.secretsManager),
    ...variables,
  ];
  const declared: DeclaredVariables = { values: {}, secrets: [] };
  for (const [name, { value = "", type }] of new Map(all.map((it) => [String(it.name), it]))) {
    const read = type === "SECRETS_MANAGER" ? readSecret : type === "PARAMETER_STORE" ? readParameter : undefined;
    declared.values[name] = read === undefined ? value : await read(cloud, role, value);
    if (read !== undefined) declared.secrets.push(declared.values[name]);
  }
  return declared;
}

/** @param reference `secret-id:json-key:version-stage:version-id`; an ARN as id has seven parts itself */
async function readSecret(cloud: Cloud, role: Principal, reference: string): Promise<string> {
  const parts = reference.split(":");
  const idLength = parts[0] === "arn" ? 7 : 1;
  const [key = "", VersionStage, VersionId] = parts.slice(idLength);
  const SecretId = parts.slice(0, idLength).join(":");
  const input = { SecretId, VersionStage: VersionStage || undefined, VersionId: VersionId || undefined };
  const secret = await cloud.call<object, { SecretString?: string }>(role, "secretsmanager", "GetSecretValue", input);
  const text = secret.SecretString ?? "";
  if (key === "") return text;
  const value: unknown = JSON.parse(text)[key];
  if (value === undefined) throw awsError("SECRETS_MANAGER_ERROR", `The secret ${SecretId} has no key ${key}.`);
  return String(value);
}

async function readParameter(cloud: Cloud, role: Principal, name: string): Promise<string> {
  type Output = { Parameters?: { Value?: string }[] };
  const input = { Names: [name], WithDecryption: true };
  const { Parameters = [] } = await cloud.call<object, Output>(role, "ssm", "GetParameters", input);
  const value = Parameters[0]?.Value;
  if (value === undefined) throw awsError("PARAMETER_ERROR", `The parameter ${name} does not exist.`);
  return value;
}
