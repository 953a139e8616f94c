import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Build, BuildPhaseType, EnvironmentVariable, StatusType } from "@aws-sdk/client-codebuild";
import { type AwsError, awsError, type Cloud, type Principal } from "../service";
import { uploadArtifacts } from "./artifacts";
import { type Buildspec, type PhaseSpec, readBuildspec } from "./buildspec";
import { type BuildFacts, codeBuildVariables, confinement, declaredVariables, machineVariables } from "./environment";
import { type BuildLog, openLog } from "./log";
import { type PhaseFailure, recordPhases } from "./phases";
import { nextPhase, type PhaseOutcome } from "./planner";
import type { Project } from "./project";
import { openShell, type Shell } from "./shell";
import { downloadSource } from "./source";

export const servicePrincipal = "codebuild.amazonaws.com";

export interface BuildRequest {
  project: Project;
  facts: BuildFacts;
  /** From the start of the build; they override the project's. */
  variables: EnvironmentVariable[];
  /** Where the artifact goes; undefined if none is wanted. */
  target?: { bucket: string; key: string };
  /** The folders of `docker`, `aws` and `npm`. */
  programs: string[];
  /** Real time, in milliseconds: commands are processes of this machine. */
  timeout: number;
}

export interface RunningBuild {
  /** Its current state, as BatchGetBuilds returns it. */
  describe(): Build;
  /** Kills its processes at once. */
  stop(): void;
  /** Resolves when it has ended, for any reason. */
  ended: Promise<void>;
}

/** Runs one build through CodeBuild's phases. */
export function startBuild(cloud: Cloud, request: BuildRequest): RunningBuild {
  const { project, facts, target } = request;
  const { folders } = facts;
  const role: Principal & { kind: "role" } = { kind: "role", arn: project.serviceRole };
  const record = recordPhases(cloud.clock.now);
  let exported: Record<string, string> = {};
  let buildStatus: StatusType = "IN_PROGRESS";
  let log: BuildLog | undefined;
  let shell: Shell | undefined;
  let interruption: PhaseFailure | undefined;

  function say(text: string): void {
    const time = new Date(cloud.clock.now()).toISOString().replaceAll("-", "/").replace("T", " ").slice(0, 19);
    log?.line(`[Container] ${time} ${text}`);
  }

  function tell(status: "IN_PROGRESS" | "SUCCEEDED" | "FAILED"): void {
    cloud.tell({ kind: "build", project: project.name, buildId: facts.id, status, phase: record.current });
  }

  function interrupt(failure: PhaseFailure): void {
    interruption ??= failure;
    shell?.kill();
  }

  /** Runs a phase and returns whether it succeeded. */
  async function phase(type: BuildPhaseType, work: () => Promise<void>): Promise<boolean> {
    record.enter(type);
    tell("IN_PROGRESS");
    say(`Entering phase ${type}`);
    try {
      await work();
      if (interruption !== undefined) throw awsError(interruption.code, interruption.message);
    } catch (error) {
      const { name: code, message } = error as Error;
      const cause: PhaseFailure = interruption ?? { status: "FAILED", code, message };
      record.fail(cause);
      say(`Phase complete: ${type} State: ${cause.status}`);
      say(`Phase context status code: ${cause.code} Message: ${cause.message}`);
      return false;
    }
    say(`Phase complete: ${type} State: SUCCEEDED`);
    return true;
  }

  async function provision(): Promise<void> {
    for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true });
    const stream = { arn: facts.arn, group: project.logs.group, stream: facts.logStream };
    log = await openLog(cloud, role, stream);
  }

  async function download(): Promise<Buildspec> {
    const archive = path.join(folders.scratch, "source.zip");
    await downloadSource(cloud, role, facts.sourceLocation, archive, folders.source);
    const spec = readBuildspec(await buildspecText(project, folders.source));
    const declared = await declaredVariables(cloud, role, spec, [...project.variables, ...request.variables]);
    for (const secret of declared.secrets) log?.mask(secret);
    const credentials = await cloud.assumeRole(servicePrincipal, project.serviceRole, {
      context: {},
      connects: () => true,
      sender: { name: project.name, kill: () => interrupt(killed) },
    });
    shell = openShell({
      shell: spec.shell,
      directory: folders.source,
      scratch: folders.scratch,
      environment: {
        ...codeBuildVariables(cloud, project, facts),
        ...declared.values,
        ...machineVariables(cloud, credentials, folders, request.programs),
        ...(await confinement(folders, declared.values)),
      },
      line: (text) => log?.line(text),
    });
    return spec;
  }

  /** Runs commands until one fails. */
  async function runCommands(shell: Shell, commands: string[]): Promise<AwsError | undefined> {
    for (const command of commands) {
      say(`Running command ${command.trimEnd()}`);
      const status = await shell.run(command);
      const message = `Error while executing command: ${command}. Reason: exit status ${status}`;
      if (status !== 0) return awsError("COMMAND_EXECUTION_ERROR", message);
    }
    return undefined;
  }

  async function runPhase(shell: Shell, { commands, finally: last }: PhaseSpec): Promise<void> {
    const failure = await runCommands(shell, commands);
    const lastFailure = await runCommands(shell, last);
    if (failure !== undefined || lastFailure !== undefined) throw failure ?? lastFailure;
  }

  async function runPhases(shell: Shell, spec: Buildspec): Promise<void> {
    const done: PhaseOutcome[] = [];
    for (let name = nextPhase(spec, done); name !== undefined; name = nextPhase(spec, done)) {
      const phaseSpec = spec.phases[name];
      const succeeded = await phase(name.toUpperCase() as BuildPhaseType, () => runPhase(shell, phaseSpec));
      done.push({ phase: name, succeeded });
      if (interruption !== undefined) return;
      if (!succeeded) await shell.run("export CODEBUILD_BUILD_SUCCEEDING=0");
    }
    exported = await shell.exported(spec.exportedVariables);
    // Artifacts are uploaded even after a failed build.
    if (done.at(-1)?.phase === "post_build") await phase("UPLOAD_ARTIFACTS", () => upload(spec));
  }

  async function upload({ artifacts }: Buildspec): Promise<void> {
    if (target === undefined || artifacts === undefined) return;
    const archive = path.join(folders.scratch, "artifact.zip");
    await uploadArtifacts(cloud, role, artifacts, folders.source, archive, target);
  }

  async function finalize(): Promise<void> {
    record.enter("FINALIZING");
    shell?.kill();
    try {
      await log?.end();
    } catch (error) {
      const { name: code, message } = error as Error;
      record.fail({ status: "FAILED", code, message });
    }
    record.enter("COMPLETED");
  }

  async function run(): Promise<void> {
    record.enter("QUEUED");
    let spec: Buildspec | undefined;
    const ready =
      (await phase("PROVISIONING", provision)) &&
      (await phase("DOWNLOAD_SOURCE", async () => {
        spec = await download();
      }));
    if (ready && shell !== undefined && spec !== undefined) await runPhases(shell, spec);
    await finalize();
    clearTimeout(timer);
    buildStatus = record.failure?.status ?? "SUCCEEDED";
    tell(buildStatus === "SUCCEEDED" ? "SUCCEEDED" : "FAILED");
  }

  const killed = {
    status: "FAILED",
    code: "INTERNAL_SERVICE_ERROR",
    message: "The build's machine was lost.",
  } as const;
  const timedOut = { status: "TIMED_OUT", code: "BUILD_TIMED_OUT", message: "Build has timed out." } as const;
  const timer = setTimeout(() => interrupt(timedOut), request.timeout);
  const ended = run();

  return {
    ended,
    stop: () => interrupt({ status: "STOPPED", code: "STOPPED", message: "The account was closed." }),
    describe: () => ({
      id: facts.id,
      arn: facts.arn,
      buildNumber: facts.number,
      projectName: project.name,
      startTime: new Date(facts.startTime),
      currentPhase: record.current,
      buildStatus,
      buildComplete: buildStatus !== "IN_PROGRESS",
      resolvedSourceVersion: facts.revision,
      serviceRole: project.serviceRole,
      timeoutInMinutes: project.timeout,
      phases: record.phases,
      logs: { groupName: project.logs.group, streamName: facts.logStream },
      exportedEnvironmentVariables: Object.entries(exported).map(([name, value]) => ({ name, value })),
    }),
  };
}

/** An inline buildspec is a mapping of several lines; anything else is the path of a file in the source. */
async function buildspecText({ buildspec }: Project, source: string): Promise<string> {
  if (buildspec.includes("\n") || buildspec.trimStart().startsWith("{")) return buildspec;
  try {
    return await readFile(path.join(source, buildspec), "utf8");
  } catch (error) {
    throw awsError("YAML_FILE_ERROR", `The buildspec ${buildspec} is not in the source: ${(error as Error).message}`);
  }
}
