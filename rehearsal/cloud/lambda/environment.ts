import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { createConnections } from "../network/connections";
import type { Cloud, Origin } from "../service";
import { compileSdk } from "./compileSdk";
import type { FunctionConfiguration } from "./configuration";
import type { FunctionLog } from "./functionLog";
import type { FromFunction, FunctionError, RuntimeSettings, ToFunction } from "./messages";

/** The outcome of an invocation: the handler's value (JSON) or an error. */
export type Outcome = { payload: string } | { error: FunctionError };

/** A process with the function loaded: Lambda's execution environment. It runs one invocation at a time. */
export interface ExecutionEnvironment {
  /** False once the process has ended or must end. */
  readonly usable: boolean;
  /** @param redeliver delivers the same event or message again, this many milliseconds from now */
  run(requestId: string, payload: string, redeliver?: (milliseconds: number) => void): Promise<Outcome>;
  stop(): Promise<void>;
}

export interface EnvironmentOptions {
  cloud: Cloud;
  configuration: FunctionConfiguration;
  /** Path of the transpiled bootstrap. */
  bootstrap: string;
  log: FunctionLog;
}

// "Lambda runtime environment lifecycle": the init phase has ten seconds on top of the function's timeout.
const INITIALIZATION_TIMEOUT = 10_000;

/** Starts a process with exactly the environment of a function on Lambda. */
export async function startEnvironment(options: EnvironmentOptions): Promise<ExecutionEnvironment> {
  const { cloud, configuration, log } = options;
  // Lambda chooses the subnet of an execution environment.
  const connections = createConnections(cloud, {
    from: configuration.name,
    interfaces: configuration.interfaces,
    context: { "lambda:SourceFunctionArn": configuration.arn },
    refused: (message) => log.write(`PROBLEM: ${message}`),
  });
  let redelivery: ((milliseconds: number) => void) | undefined;
  const child = await startProcess(options, {
    ...connections.origin,
    sender: {
      name: configuration.name,
      kill: () => {
        usable = false;
        child.kill("SIGKILL");
      },
      get redeliver() {
        return redelivery;
      },
    },
  });
  let usable = true;
  let current: { requestId: string; settle(outcome: Outcome): void } | undefined;

  const send = (message: ToFunction) => {
    // If the process has just ended, its exit is handled elsewhere.
    if (child.connected) child.send(message, () => {});
  };
  const initialized = new Promise<void>((resolve) => {
    child.on("message", (message: FromFunction) => {
      if (message.kind === "initialized") resolve();
      else if (message.kind === "log") log.write(message.line);
      else if (message.kind === "resolve") send(connections.resolve(message.host, message.port));
      else {
        if (message.kind === "crashed") usable = false;
        current?.settle(message.kind === "succeeded" ? { payload: message.payload } : { error: message.error });
      }
    });
  });
  const closed = once(child, "close").then(([code, signal]) => {
    usable = false;
    if (current !== undefined) current.settle({ error: exited(current.requestId, code, signal) });
  });
  // V8's own messages before an abort bypass the runtime.
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null) createInterface({ input: stream }).on("line", log.write);

  function expire(requestId: string): void {
    const message = `Task timed out after ${configuration.timeout.toFixed(2)} seconds`;
    log.write(`${new Date(cloud.clock.now()).toISOString()} ${requestId} ${message}`);
    usable = false;
    child.kill("SIGKILL");
    const errorMessage = `RequestId: ${requestId} Error: ${message}`;
    current?.settle({ error: { errorType: "Sandbox.Timedout", errorMessage } });
  }

  async function run(requestId: string, payload: string, redeliver?: (milliseconds: number) => void): Promise<Outcome> {
    redelivery = redeliver;
    if (!usable) return { error: exited(requestId, null, "SIGKILL") };
    connections.begin();
    const timeout = configuration.timeout * 1000;
    const outcome = new Promise<Outcome>((settle) => {
      current = { requestId, settle };
    });
    // Real time, unlike everything else in the account: the handler's work takes real time too.
    let timer = setTimeout(expire, INITIALIZATION_TIMEOUT + timeout, requestId);
    void initialized.then(() => {
      if (current?.requestId !== requestId) return;
      clearTimeout(timer);
      timer = setTimeout(expire, timeout, requestId);
      const invokedFunctionArn = configuration.arn;
      send({ kind: "invoke", requestId, payload, invokedFunctionArn, timeout, clockOffset: offsetOf(cloud) });
    });
    try {
      return await outcome;
    } finally {
      clearTimeout(timer);
      current = undefined;
    }
  }

  return {
    get usable() {
      return usable;
    },
    run,
    async stop() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}

async function startProcess(
  { cloud, configuration, bootstrap, log }: EnvironmentOptions,
  origin: Origin,
): Promise<ChildProcess> {
  const { memorySize, taskRoot } = configuration;
  const compileCache = path.join(path.dirname(cloud.directory), "compiled");
  await compileSdk(compileCache);
  const settings: RuntimeSettings = {
    provided: __filename,
    clockOffset: offsetOf(cloud),
    logFormat: configuration.logFormat,
    compileCache,
  };
  return fork(bootstrap, [JSON.stringify(settings)], {
    cwd: taskRoot,
    env: await variables(cloud, configuration, log, origin),
    // The share of the function's memory that the runtime's bootstrap script gives to V8's heap.
    execArgv: [`--max-old-space-size=${Math.floor(memorySize * 0.9)}`],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
}

/** The declared variables and Lambda's own, none of this process. */
async function variables(
  cloud: Cloud,
  configuration: FunctionConfiguration,
  log: FunctionLog,
  origin: Origin,
): Promise<Record<string, string>> {
  const credentials = await cloud.assumeRole("lambda.amazonaws.com", configuration.role, origin);
  // Each environment has its own /tmp and home folder; a shared one would show the SDK the developer's ~/.aws.
  const temporary = path.join(cloud.directory, "tmp", log.stream.slice(-32));
  await mkdir(temporary, { recursive: true });
  return {
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: temporary,
    TMPDIR: temporary,
    ...configuration.environment,
    _HANDLER: configuration.handler,
    LAMBDA_TASK_ROOT: configuration.taskRoot,
    AWS_ENDPOINT_URL: cloud.endpointUrl,
    AWS_REGION: cloud.region,
    AWS_DEFAULT_REGION: cloud.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${configuration.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: configuration.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(configuration.memorySize),
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: configuration.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: log.stream,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  };
}

const offsetOf = (cloud: Cloud) => Math.round(cloud.clock.now() - Date.now());

function exited(requestId: string, code: number | null, signal: NodeJS.Signals | null): FunctionError {
  // Lambda omits the signal's prefix: "signal: killed", "signal: aborted".
  const names: Record<string, string> = { SIGKILL: "killed", SIGABRT: "aborted", SIGSEGV: "segmentation fault" };
  const how = signal === null ? `exit status ${code}` : `signal: ${names[signal] ?? signal}`;
  return {
    errorType: "Runtime.ExitError",
    errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: ${how}`,
  };
}
