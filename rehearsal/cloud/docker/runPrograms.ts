import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { ALPINE_PACKAGES, type ApkOptions, apk } from "./apk";
import { type NpmOptions, npm, npmEnvironment } from "./npm";
import { systemOf } from "./operatingSystem";
import { findProgram, npmCommand, writeProgram } from "./programs";

// Packages that `apk` can install: those with a single program.
const PACKAGES = ["git"];

/** This machine's programs that stand in for Alpine packages. */
export function installable(): Record<string, string> {
  const found = PACKAGES.map((name) => [name, findProgram(name)]).filter(([, program]) => program !== undefined);
  return Object.fromEntries(found);
}

/**
 * Writes the programs that RUN finds first: npm, and Alpine's package manager if the image is based on Alpine.
 * @param root the image's files
 * @param environment where npm finds its configuration
 */
export async function writeRunPrograms(root: string, folder: string, environment: NodeJS.ProcessEnv): Promise<void> {
  await mkdir(folder, { recursive: true });
  const command = npmCommand("npm");
  if (command !== undefined) {
    const prefix = path.join(root, "usr/local");
    await write<NpmOptions>(folder, npm, { command, environment: npmEnvironment(environment), prefix });
  }
  const system = systemOf(root);
  if (system?.id !== "alpine") return;
  const branch = system.version;
  await write<ApkOptions>(folder, apk, { root, branch, packages: installable(), versions: ALPINE_PACKAGES });
}

async function write<O>(folder: string, program: (options: O) => void, options: O): Promise<void> {
  const file = path.join(folder, `${program.name}.js`);
  await writeFile(file, `(${program})(${JSON.stringify(options)});\n`, { mode: 0o600 });
  writeProgram(folder, program.name, [process.execPath, file]);
}
