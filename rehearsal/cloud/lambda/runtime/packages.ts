import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

// "Runtime-included SDK versions" in the Lambda guide lists all of the SDK's packages and no others.
const PROVIDED = /^@(aws-sdk|smithy)\//;

/** The URL of a module outside the confined folder, or why it is not available. */
export type Elsewhere = { url: string } | { reason: string };

/**
 * Lets a function's code load only its archive and what the Lambda runtime provides.
 * @param provided a module path from which the provided packages and their dependencies resolve
 */
export function confinePackages(taskRoot: string, provided: string): void {
  const runtime = createRequire(provided);

  confineModules(path.resolve(taskRoot), (specifier) => {
    if (!PROVIDED.test(specifier))
      return { reason: "it is neither in the function's archive nor provided by the Lambda runtime" };
    try {
      return { url: pathToFileURL(runtime.resolve(specifier)).href };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
      return { reason: "the Lambda runtime provides it, but it is not installed here: add it to devDependencies" };
    }
  });
}

/**
 * Lets modules of a folder load only Node's own and each other: the folder is inside the project, and Node would find
 * the project's node_modules. Modules elsewhere are this machine's programs and load what they like.
 *
 * Its source is written to separate files, so it must use nothing from this module or any other.
 * @param root an absolute path
 * @param elsewhere called for modules that the folder does not have
 */
export function confineModules(root: string, elsewhere: (specifier: string) => Elsewhere): void {
  const { isBuiltin, registerHooks } = process.getBuiltinModule("node:module");
  const { pathToFileURL } = process.getBuiltinModule("node:url");
  // Node identifies modules by their real paths.
  const inside = `${pathToFileURL(process.getBuiltinModule("node:fs").realpathSync(root)).href}/`;

  registerHooks({
    resolve(specifier, context, next) {
      const importer = context.parentURL;
      if (importer === undefined || !importer.startsWith(inside) || isBuiltin(specifier))
        return next(specifier, context);
      try {
        const found = next(specifier, context);
        if (found.url.startsWith(inside) || !found.url.startsWith("file:")) return found;
      } catch (error) {
        // Any other error is the package's own.
        if (!/MODULE_NOT_FOUND$/.test(String((error as NodeJS.ErrnoException).code))) throw error;
      }
      const other = elsewhere(specifier);
      if ("url" in other) return { url: other.url, shortCircuit: true };
      const error = new Error(`Cannot find module '${specifier}' (${other.reason})\nRequire stack:\n- ${importer}`);
      throw Object.assign(error, { code: "MODULE_NOT_FOUND" });
    },
  });
}
