import { parse } from "yaml";
import { awsError } from "../service";

export const phaseNames = ["install", "pre_build", "build", "post_build"] as const;
export type PhaseName = (typeof phaseNames)[number];

export interface PhaseSpec {
  commands: string[];
  /** Run after the commands, even if they failed. */
  finally: string[];
  /** What a failure does: end the build, continue with the next phase, or follow the phase transitions. */
  onFailure?: "ABORT" | "CONTINUE";
}

export interface ArtifactsSpec {
  files: string[];
  /** Relative to the source directory; the directory itself if absent. */
  baseDirectory: string;
  excludePaths: string[];
  discardPaths: boolean;
}

/** A buildspec of version 0.2. https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html */
export interface Buildspec {
  shell: "sh" | "bash";
  variables: Record<string, string>;
  parameterStore: Record<string, string>;
  secretsManager: Record<string, string>;
  exportedVariables: string[];
  phases: Record<PhaseName, PhaseSpec>;
  artifacts?: ArtifactsSpec;
}

type Mapping = Record<string, unknown>;

/** @throws AwsError YAML_FILE_ERROR naming the key, with a different message for keys that are only not simulated */
export function readBuildspec(text: string): Buildspec {
  const root = mapping("the buildspec", parseYaml(text));
  known("the buildspec", root, ["version", "env", "phases", "artifacts", "reports", "cache"]);
  // In version 0.1 each command has its own shell.
  if (Number(root.version) !== 0.2) throw fault(`version must be 0.2, not ${root.version}`);
  const env = mapping("env", root.env ?? {});
  known("env", env, ["shell", "variables", "parameter-store", "secrets-manager", "exported-variables"]);
  return {
    shell: oneOf("env.shell", env.shell ?? "sh", ["sh", "bash"] as const),
    variables: texts("env.variables", env.variables ?? {}),
    parameterStore: texts("env.parameter-store", env["parameter-store"] ?? {}),
    secretsManager: texts("env.secrets-manager", env["secrets-manager"] ?? {}),
    exportedVariables: list("env.exported-variables", env["exported-variables"] ?? []),
    phases: readPhases(mapping("phases", root.phases)),
    artifacts: root.artifacts === undefined ? undefined : readArtifacts(mapping("artifacts", root.artifacts)),
  };
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw fault((error as Error).message);
  }
}

function readPhases(phases: Mapping): Record<PhaseName, PhaseSpec> {
  known("phases", phases, [...phaseNames]);
  const read = phaseNames.map((name) => [name, readPhase(`phases.${name}`, mapping(name, phases[name] ?? {}))]);
  return Object.fromEntries(read);
}

function readPhase(where: string, phase: Mapping): PhaseSpec {
  // runtime-versions selects among the runtimes of the build image; here it is whatever this machine has.
  known(where, phase, ["commands", "finally", "on-failure", "runtime-versions"]);
  const onFailure = phase["on-failure"];
  return {
    commands: list(`${where}.commands`, phase.commands ?? []),
    finally: list(`${where}.finally`, phase.finally ?? []),
    ...(onFailure === undefined
      ? {}
      : { onFailure: oneOf(`${where}.on-failure`, onFailure, ["ABORT", "CONTINUE"] as const) }),
  };
}

function readArtifacts(artifacts: Mapping): ArtifactsSpec {
  // CodePipeline names the artifact.
  known("artifacts", artifacts, ["files", "base-directory", "exclude-paths", "discard-paths", "name"]);
  return {
    // CodeBuild accepts a single pattern as a list of one.
    files: list("artifacts.files", typeof artifacts.files === "string" ? [artifacts.files] : artifacts.files),
    baseDirectory: String(artifacts["base-directory"] ?? "."),
    excludePaths: list("artifacts.exclude-paths", artifacts["exclude-paths"] ?? []),
    discardPaths: ["yes", true].includes(artifacts["discard-paths"] as string | boolean),
  };
}

function mapping(where: string, value: unknown): Mapping {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw fault(`${where} must be a mapping`);
  return value as Mapping;
}

function texts(where: string, value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(mapping(where, value)).map(([key, item]) => [key, String(item)]));
}

/** YAML reads an unquoted command such as `echo a: b` as a mapping. */
function list(where: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw fault(`${where} must be a list of strings`);
  for (const [index, item] of value.entries())
    if (typeof item !== "string") throw fault(`${where}[${index}] must be a string, not ${JSON.stringify(item)}`);
  return value;
}

function oneOf<T extends string>(where: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((it) => it === value);
  if (found === undefined) throw fault(`${where} must be ${allowed.join(" or ")} here, not ${value}`);
  return found;
}

function known(where: string, value: Mapping, keys: string[]): void {
  const unknown = Object.keys(value).find((it) => !keys.includes(it));
  if (unknown !== undefined)
    throw fault(
      `${where} has the key ${unknown}, which is unknown or not simulated; known here are ${keys.join(", ")}`,
    );
}

function fault(message: string) {
  return awsError("YAML_FILE_ERROR", `buildspec: ${message}.`);
}
