import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { confinementSource, loadingFirst } from "../confinement";
import { eachLine } from "../ecs/lines";
import { killGroup } from "../killGroup";
import { execForm, type Instruction } from "./dockerfile";
import { searchPath } from "./programs";
import { writeRunPrograms } from "./runPrograms";
import type { Build } from "./stage";
import { type BuiltStage, environmentOf } from "./stage";

/**
 * Runs a command in the image's working directory. The environment is only the image's, the build arguments and
 * NODE_OPTIONS, which confines the image's modules. The command is a process of this machine: relative paths belong to
 * the image, absolute ones to this machine, and so do programs that the image lacks ({@link searchPath}).
 * @throws if the exit code is not 0
 */
export async function run(build: Build, stage: BuiltStage, { text, flags }: Instruction): Promise<void> {
  const { output, signal } = build;
  // A cache is not part of the image: without it the command does the same, only slower.
  for (const [flag, value] of flags)
    if (flag !== "mount" || !value.includes("type=cache")) throw new Error(`--${flag}=${value} is not simulated`);
  const [command = "", ...rest] = execForm(text) ?? [...stage.shell, text];
  const directory = path.join(stage.root, stage.config.WorkingDir);
  await mkdir(directory, { recursive: true });
  const env = await environment(stage, build);
  signal?.throwIfAborted();
  const child = spawn(command, rest, {
    cwd: directory,
    stdio: ["ignore", ...(output === undefined ? (["inherit", "inherit"] as const) : (["pipe", "pipe"] as const))],
    env,
    // A separate process group, so that all of it can be killed.
    detached: signal !== undefined,
  });
  const kill = () => {
    killGroup(child);
    // A process that left the group may keep them open.
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  signal?.addEventListener("abort", kill);
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null && output !== undefined) eachLine(stream, output);
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("close", resolve),
  ).finally(() => signal?.removeEventListener("abort", kill));
  signal?.throwIfAborted();
  if (code !== 0)
    throw new Error(`process "${[command, ...rest].join(" ")}" did not complete successfully: exit code: ${code}`);
}

async function environment(stage: BuiltStage, { home, environment }: Build): Promise<Record<string, string>> {
  const variables = { ...Object.fromEntries(stage.arguments), ...environmentOf(stage.config) };
  const confinement = path.join(home, "confinement.js");
  await writeFile(confinement, confinementSource(path.resolve(stage.root), "the image"));
  const beside = path.dirname(stage.root);
  const name = path.basename(stage.root);
  const standIns = path.join(beside, `${name}-run`);
  await writeRunPrograms(stage.root, standIns, environment);
  const programs = searchPath(stage.root, variables, path.join(beside, `${name}-programs`));
  return {
    ...variables,
    NODE_OPTIONS: loadingFirst(confinement, variables.NODE_OPTIONS),
    HOME: home,
    PATH: `${standIns}:${programs}`,
  };
}
