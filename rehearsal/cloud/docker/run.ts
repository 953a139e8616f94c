import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { confinementSource, loadingFirst } from "../confinement";
import type { Build } from "./build";
import { execForm, type Instruction } from "./dockerfile";
import { type BuiltStage, environmentOf } from "./instructions";

/**
 * Runs a command in the image's working directory, with the image's environment and build arguments and nothing else
 * but NODE_OPTIONS, which keeps the image's modules from loading those outside it. It is a process of this computer:
 * relative paths are the image's, absolute ones this computer's, and its programs are those that this computer has.
 * @throws where it does not end with exit code 0
 */
export async function run({ home }: Build, stage: BuiltStage, { text, flags }: Instruction): Promise<void> {
  // A cache is no part of the image: without one the command does the same, more slowly.
  for (const [flag, value] of flags)
    if (flag !== "mount" || !value.includes("type=cache")) throw new Error(`--${flag}=${value} is not simulated`);
  const [command = "", ...rest] = execForm(text) ?? [...stage.shell, text];
  const directory = path.join(stage.root, stage.config.WorkingDir);
  await mkdir(directory, { recursive: true });
  const confinement = path.join(home, "confinement.js");
  await writeFile(confinement, confinementSource(path.resolve(stage.root), "the image"));
  const variables = { ...Object.fromEntries(stage.arguments), ...environmentOf(stage.config) };
  const child = spawn(command, rest, {
    cwd: directory,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...variables,
      NODE_OPTIONS: loadingFirst(confinement, variables.NODE_OPTIONS),
      HOME: home,
      PATH: `${nodeFolders().join(":")}:${variables.PATH ?? ""}`,
    },
  });
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("exit", resolve));
  if (code !== 0)
    throw new Error(`process "${[command, ...rest].join(" ")}" did not complete successfully: exit code: ${code}`);
}

/** Where `node` and `npm` of this computer are. They need not be neighbours: npm's package `node` has no npm. */
function nodeFolders(): string[] {
  const npm = (process.env.PATH ?? "").split(":").find((folder) => existsSync(path.join(folder, "npm")));
  return [path.dirname(process.execPath), ...(npm === undefined ? [] : [npm])];
}
