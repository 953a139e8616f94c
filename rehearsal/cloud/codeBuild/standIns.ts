import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import ts from "typescript";
import { npmCommand, writeProgram } from "../docker/programs";

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
 * Writes the stand-ins as executables. Their modules are transpiled here, once: a command that loaded the TypeScript
 * compiler each time would take half a second to start, and a build runs half a dozen.
 */
export async function installStandIns(folder: string): Promise<Programs> {
  const library = path.join(folder, "lib");
  await mkdir(library, { recursive: true });
  await symlink(path.join(project, "node_modules"), path.join(library, "node_modules"));
  const aws = [process.execPath, await transpile(commands.aws, library)];
  const docker = [process.execPath, await transpile(commands.docker, library)];
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
async function transpile(entry: string, library: string, done = new Set<string>()): Promise<string> {
  const target = path.join(library, entry.replace(/\.ts$/, ".js"));
  if (done.has(entry)) return target;
  done.add(entry);
  const text = await readFile(path.join(project, entry), "utf8");
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, esModuleInterop: true },
  });
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, outputText);
  for (const imported of localImports(outputText)) await transpile(await locate(entry, imported), library, done);
  return target;
}

/** Of what is left after transpiling, so that imports of types alone are not followed. */
function localImports(javascript: string): string[] {
  const { importedFiles } = ts.preProcessFile(javascript, true, true);
  return importedFiles.map((it) => it.fileName).filter((it) => it.startsWith("."));
}

async function locate(importer: string, imported: string): Promise<string> {
  const base = path.join(path.dirname(importer), imported);
  for (const candidate of [`${base}.ts`, path.join(base, "index.ts")]) {
    if (ts.sys.fileExists(path.join(project, candidate))) return candidate;
  }
  throw new Error(`${importer} imports ${imported}, which is no TypeScript module of the project.`);
}
