import { createRequire } from "node:module";
import path from "node:path";
import type { FunctionError } from "../messages";

/** The Node.js runtime's second argument to a handler. */
export interface Context {
  functionName: string | undefined;
  functionVersion: string | undefined;
  invokedFunctionArn: string;
  memoryLimitInMB: string | undefined;
  awsRequestId: string;
  logGroupName: string | undefined;
  logStreamName: string | undefined;
  getRemainingTimeInMillis(): number;
}

export type Handler = (event: unknown, context: Context) => unknown;

/**
 * Loads `file.export` from the archive, as the runtime does.
 * @throws a FunctionError of type Runtime.…
 */
export function loadHandler(taskRoot: string, name: string): Handler {
  const [, file, exported] = /^(.+)\.([^./]+)$/.exec(name) ?? [];
  if (file === undefined || exported === undefined) throw runtimeError("MalformedHandlerName", "Bad handler");
  const module = loadModule(path.resolve(taskRoot, file), taskRoot);
  const handler = module[exported];
  if (handler === undefined) throw runtimeError("HandlerNotFound", `${name} is undefined or not exported`);
  if (typeof handler !== "function") throw runtimeError("HandlerNotFound", `${name} is not a function`);
  // Node.js 24 is the first runtime without callbacks (aws-lambda-nodejs-runtime-interface-client#137).
  if (handler.length >= 3)
    throw runtimeError(
      "CallbackHandlerDeprecated",
      "AWS Lambda has removed support for callback-based function handlers starting with Node.js 24: make the handler async.",
    );
  return handler as Handler;
}

function loadModule(file: string, taskRoot: string): Record<string, unknown> {
  const load = createRequire(path.join(taskRoot, "/"));
  try {
    return load(file);
  } catch (error) {
    if (error instanceof SyntaxError) throw runtimeError("UserCodeSyntaxError", String(error), error);
    if (error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND")
      throw runtimeError("ImportModuleError", String(error), error);
    throw error;
  }
}

/** An error of the runtime, with the name that Lambda reports. */
export function runtimeError(name: string, message: string, cause?: Error): Error {
  return Object.assign(new Error(message, { cause }), { name: `Runtime.${name}` });
}

/** Any thrown value, as the payload of a failed invocation. */
export function functionError(thrown: unknown): FunctionError {
  return thrown instanceof Error
    ? { errorType: thrown.name, errorMessage: thrown.message, trace: thrown.stack?.split("\n") ?? [] }
    : { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
}
