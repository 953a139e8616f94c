import { createRequire, isBuiltin, registerHooks } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

// "Runtime-included SDK versions" in the Lambda guide: all of the SDK's packages, and nothing else by name.
const PROVIDED = /^@(aws-sdk|smithy)\//;

/**
 * Lets a function's code load what is in its archive and what the Lambda runtime provides, and nothing else: its folder
 * lies inside the project, whose node_modules Node would find by itself.
 * @param provided a module path from which the provided packages resolve, and from there what they need themselves
 */
export function confinePackages(taskRoot: string, provided: string): void {
  const inside = pathToFileURL(path.join(taskRoot, "/")).href;
  const runtime = createRequire(provided);

  registerHooks({
    resolve(specifier, context, next) {
      const importer = context.parentURL;
      if (importer === undefined || !importer.startsWith(inside) || isBuiltin(specifier))
        return next(specifier, context);
      const own = attempt(() => next(specifier, context));
      if (own?.url.startsWith(inside)) return own;
      const found = PROVIDED.test(specifier) ? attempt(() => runtime.resolve(specifier)) : undefined;
      if (found === undefined) throw missing(specifier, importer);
      return { url: pathToFileURL(found).href, shortCircuit: true };
    },
  });
}

/** Undefined where there is no such module; every other failure is the package's own. */
function attempt<T>(resolve: () => T): T | undefined {
  try {
    return resolve();
  } catch (error) {
    if (error instanceof Error && "code" in error && /MODULE_NOT_FOUND$/.test(String(error.code))) return undefined;
    throw error;
  }
}

function missing(specifier: string, importer: string): Error {
  const reason = PROVIDED.test(specifier)
    ? "the Lambda runtime provides it, but it is not installed here: add it to devDependencies"
    : "it is neither in the function's archive nor provided by the Lambda runtime";
  const error = new Error(`Cannot find module '${specifier}' (${reason})\nRequire stack:\n- ${importer}`);
  return Object.assign(error, { code: "MODULE_NOT_FOUND" });
}
