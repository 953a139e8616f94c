import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { ALPINE_PACKAGES, type ApkOptions, apk } from "./apk";
import { type NpmOptions, npm, npmEnvironment } from "./npm";
import { systemOf } from "./operatingSystem";
import { findProgram, npmCommand, writeProgram } from "./programs";

// What `apk` can install: the packages that are one program.
const PACKAGES = ["git"];

/** The programs of this computer that stand for an Alpine package. */
export function installable(): Record<string, string> {
  const found = PACKAGES.map((name) => [name, findProgram(name)]).filter(([, program]) => program !== undefined);
  return Object.fromEntries(found);
}

/**
 * Writes the programs that RUN finds before all others: npm, and Alpine's package manager where the image is Alpine's.
 * @param root the image's files
 * @param environment in which npm finds its configuration
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
