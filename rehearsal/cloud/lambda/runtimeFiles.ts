import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { transpile } from "../transpile";

const SOURCES = path.join(__dirname, "runtime");

/**
 * Transpiles the runtime once per run, so that a function's process starts with plain JavaScript: loading a transpiler
 * in each would cost more time and memory than the function itself.
 * @returns the path of the bootstrap
 */
export async function writeRuntime(directory: string): Promise<string> {
  for (const file of await readdir(SOURCES)) await writeRuntimeFile(directory, file);
  return path.join(directory, "bootstrap.js");
}

/**
 * Transpiles one file of the runtime.
 * @param file `network.ts`
 * @returns the path of the program
 */
export async function writeRuntimeFile(directory: string, file: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  // These are CommonJS, regardless of any package.json above the folder.
  await writeFile(path.join(directory, "package.json"), '{ "type": "commonjs" }\n');
  const program = path.join(directory, file.replace(/\.ts$/, ".js"));
  await writeFile(program, transpile(await readFile(path.join(SOURCES, file), "utf8")));
  return program;
}
