import { existsSync } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { npmCommand, writeProgram } from "../docker/programs";
import { localImports, transpile } from "../transpile";

const project = path.resolve(__dirname, "../../..");

/** The commands that a build finds instead of the ones of AWS's build image, and the modules that do their work. */
const commands = { aws: "rehearsal/cloud/codeBuild/aws.ts", docker: "rehearsal/cloud/docker/main.ts" };

// What the docker command says where there is no daemon: CodeBuild starts one in privileged mode alone.
const withoutDaemon = `#!/bin/sh
echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' >&2
exit 1
`;

/** Folders for a build's PATH, by whether it may run Docker. */
export interface Programs {
  privileged: string[];
  unprivileged: string[];
}

/**
 * Writes the stand-ins as executables. Their modules are transpiled here, once: a command that loaded a
 * transpiler each time would take half a second to start, and a build runs half a dozen.
 */
export async function installStandIns(folder: string): Promise<Programs> {
  const library = path.join(folder, "lib");
  await mkdir(library, { recursive: true });
  await symlink(path.join(project, "node_modules"), path.join(library, "node_modules"));
  const aws = [process.execPath, await writeModule(commands.aws, library)];
  const docker = [process.execPath, await writeModule(commands.docker, library)];
  const npm = npmCommand("npm");
  const tools = await writeBin(path.join(folder, "tools"), npm === undefined ? {} : { npm });
  const unprivileged = await writeBin(path.join(folder, "unprivileged"), { aws });
  await writeFile(path.join(unprivileged, "docker"), withoutDaemon, { mode: 0o755 });
  return {
    privileged: [await writeBin(path.join(folder, "privileged"), { aws, docker }), tools],
    unprivileged: [unprivileged, tools],
  };
}

async function writeBin(folder: string, programs: Record<string, string[]>): Promise<string> {
  await mkdir(folder);
  for (const [name, command] of Object.entries(programs)) writeProgram(folder, name, command);
  return folder;
}

/** Transpiles a module of the project and those it imports by a relative path. @returns the module's new path */
async function writeModule(entry: string, library: string, done = new Set<string>()): Promise<string> {
  const target = path.join(library, entry.replace(/\.ts$/, ".js"));
  if (done.has(entry)) return target;
  done.add(entry);
  const javascript = transpile(await readFile(path.join(project, entry), "utf8"));
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, javascript);
  for (const imported of localImports(javascript)) await writeModule(await locate(entry, imported), library, done);
  return target;
}

async function locate(importer: string, imported: string): Promise<string> {
  const base = path.join(path.dirname(importer), imported);
  for (const candidate of [`${base}.ts`, path.join(base, "index.ts")]) {
    if (existsSync(path.join(project, candidate))) return candidate;
  }
  throw new Error(`${importer} imports ${imported}, which is no TypeScript module of the project.`);
}
