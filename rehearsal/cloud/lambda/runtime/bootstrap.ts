/**
 * The Node.js runtime of a simulated function: loads the handler in a separate process, restricted to what a function
 * has on Lambda, and runs one invocation at a time.
 */
import { enableCompileCache } from "node:module";
import type { Address } from "../../network/connections";
import type { FromFunction, Invoke, RuntimeSettings, ToFunction } from "../messages";
import { shiftDate } from "./clock";
import { type Context, functionError, type Handler, loadHandler, runtimeError } from "./handler";
import { captureLogs } from "./logging";
import { confineNetwork } from "./network";
import { confinePackages } from "./packages";

// "Lambda quotas": 6 MB for a synchronous response.
const MAXIMUM_RESPONSE = 6_291_556;

const settings: RuntimeSettings = JSON.parse(process.argv[2] ?? "{}");
const taskRoot = process.env.LAMBDA_TASK_ROOT ?? process.cwd();
// Hide the channel from the function's code: Lambda has none.
const post = process.send?.bind(process);
process.send = undefined;
process.argv.splice(2);

let current: Invoke | undefined;
const lookups = new Map<string, ((address: Address) => void)[]>();

const send = (message: FromFunction, done?: () => void) => post?.(message, undefined, undefined, done);

enableCompileCache(settings.compileCache);
const setClock = shiftDate(settings.clockOffset);
const logging = captureLogs(
  settings.logFormat,
  () => current?.requestId,
  (line) => send({ kind: "log", line }),
);
confinePackages(taskRoot, settings.provided);
confineNetwork(
  (host, port) =>
    new Promise((resolve) => {
      const key = `${host}:${port}`;
      lookups.set(key, [...(lookups.get(key) ?? []), resolve]);
      send({ kind: "resolve", host, port });
    }),
);
process.on("disconnect", () => process.exit());
process.on("uncaughtException", (error) => crash("Uncaught Exception", error, 129));
process.on("unhandledRejection", (reason) =>
  crash("Unhandled Promise Rejection", runtimeError("UnhandledPromiseRejection", String(reason)), 128),
);

initialize();

function initialize(): void {
  let handler: Handler;
  try {
    handler = loadHandler(taskRoot, process.env._HANDLER ?? "");
  } catch (error) {
    crash("Uncaught Exception", error, 1);
    return;
  }
  process.on("message", (message: ToFunction) => {
    if (message.kind === "invoke") void invoke(handler, message);
    else answerLookup(message);
  });
  send({ kind: "initialized" });
}

async function invoke(handler: Handler, request: Invoke): Promise<void> {
  current = request;
  setClock(request.clockOffset);
  try {
    const payload = serialize(await handler(JSON.parse(request.payload), contextOf(request)));
    logging.flush();
    send({ kind: "succeeded", payload });
  } catch (error) {
    const failure = functionError(error);
    const { trace: stack, ...described } = failure;
    logging.write("ERROR", `Invoke Error \t${JSON.stringify({ ...described, stack })}`);
    logging.flush();
    send({ kind: "failed", error: failure });
  }
}

function serialize(value: unknown): string {
  let payload: string;
  try {
    payload = JSON.stringify(value ?? null) ?? "null";
  } catch (error) {
    throw runtimeError("MarshalError", `Unable to stringify response body: ${String(error)}`);
  }
  const size = Buffer.byteLength(payload);
  if (size > MAXIMUM_RESPONSE)
    throw Object.assign(
      new Error(
        `Response payload size (${size} bytes) exceeded maximum allowed payload size (${MAXIMUM_RESPONSE} bytes).`,
      ),
      { name: "Function.ResponseSizeTooLarge" },
    );
  return payload;
}

function contextOf({ requestId, invokedFunctionArn, timeout }: Invoke): Context {
  const deadline = performance.now() + timeout;
  const { env } = process;
  return {
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: requestId,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
  };
}

function answerLookup(address: Address): void {
  const key = `${address.host}:${address.port}`;
  for (const resolve of lookups.get(key) ?? []) resolve(address);
  lookups.delete(key);
}

/** Reports a fatal error and exits with the exit code of Lambda's runtime. */
function crash(what: string, thrown: unknown, exitCode: number): void {
  const error = functionError(thrown);
  const { trace: stack, ...described } = error;
  logging.write("ERROR", `${what} \t${JSON.stringify({ ...described, stack })}`);
  logging.flush();
  send({ kind: "crashed", error }, () => process.exit(exitCode));
}
