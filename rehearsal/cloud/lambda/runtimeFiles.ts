import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import ts from "typescript";

/**
 * Transpiles the runtime once for a run, so that a function's process starts with plain JavaScript: loading a
 * TypeScript compiler into each would cost more time and memory than the function itself.
 * @returns the path of the bootstrap
 */
export async function writeRuntime(directory: string): Promise<string> {
  const sources = path.join(__dirname, "runtime");
  await mkdir(directory, { recursive: true });
  // Whatever package.json lies above the folder, these are CommonJS.
  await writeFile(path.join(directory, "package.json"), '{ "type": "commonjs" }\n');
  for (const file of await readdir(sources)) {
    const { outputText } = ts.transpileModule(await readFile(path.join(sources, file), "utf8"), {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    });
    await writeFile(path.join(directory, file.replace(/\.ts$/, ".js")), outputText);
  }
  return path.join(directory, "bootstrap.js");
}
