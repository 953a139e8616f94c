import { randomUUID } from "node:crypto";
import { awsError, type Cloud } from "../service";
import type { FunctionConfiguration } from "./configuration";
import { type ExecutionEnvironment, type Outcome, startEnvironment } from "./environment";
import { createFunctionLog, type FunctionLog } from "./functionLog";
import type { FunctionError } from "./messages";

export interface Invocation {
  requestId: string;
  /** JSON: the handler's result or the error. */
  payload: string;
  error?: FunctionError;
}

/** Runs a function in a free environment, or in a new one. */
export interface Invoker {
  /**
   * @param requestId of the event, if it has one: attempts of one asynchronous event share it
   * @param redeliver delivers the payload's event or message again, this many milliseconds from now
   * @throws TooManyRequestsException above the reserved concurrency
   */
  invoke(payload: string, requestId?: string, redeliver?: (milliseconds: number) => void): Promise<Invocation>;
  stop(): Promise<void>;
}

interface Slot {
  environment: ExecutionEnvironment;
  log: FunctionLog;
}

/**
 * @param bootstrap resolves with the path of the transpiled runtime
 */
export function createInvoker(
  cloud: Cloud,
  configuration: FunctionConfiguration,
  bootstrap: () => Promise<string>,
): Invoker {
  const idle: Slot[] = [];
  const environments = new Set<ExecutionEnvironment>();
  const running = new Set<Promise<Invocation>>();
  let stopped = false;

  async function start(): Promise<Slot> {
    const log = createFunctionLog(cloud, configuration);
    const environment = await startEnvironment({ cloud, configuration, bootstrap: await bootstrap(), log });
    environments.add(environment);
    if (stopped) await environment.stop();
    return { environment, log };
  }

  /** An idle environment that is still usable. */
  function takeIdle(): Slot | undefined {
    const slot = idle.pop();
    if (slot === undefined || slot.environment.usable) return slot;
    environments.delete(slot.environment);
    return takeIdle();
  }

  async function invoke(
    payload: string,
    requestId: string = randomUUID(),
    redeliver?: (milliseconds: number) => void,
  ): Promise<Invocation> {
    if (stopped) throw new Error(`${configuration.name} was invoked after the account was closed.`);
    if (running.size >= (configuration.reservedConcurrentExecutions ?? Number.POSITIVE_INFINITY))
      throw awsError("TooManyRequestsException", "Rate Exceeded.", 429);
    const invocation = cloud.clock.during(runAnywhere(payload, requestId, redeliver));
    running.add(invocation);
    return invocation.finally(() => running.delete(invocation));
  }

  async function runAnywhere(
    payload: string,
    requestId: string,
    redeliver?: (milliseconds: number) => void,
  ): Promise<Invocation> {
    const slot = takeIdle() ?? (await start());
    const invocation = await runIn(slot, payload, requestId, redeliver);
    if (slot.environment.usable) idle.push(slot);
    else environments.delete(slot.environment);
    return invocation;
  }

  async function runIn(
    { environment, log }: Slot,
    payload: string,
    requestId: string,
    redeliver?: (milliseconds: number) => void,
  ): Promise<Invocation> {
    const began = performance.now();
    log.write(startLine(configuration, requestId));
    const outcome = await environment.run(requestId, payload, redeliver);
    const milliseconds = performance.now() - began;
    log.write(reportLine(configuration, requestId, milliseconds));
    await log.sent();
    tell(outcome, milliseconds);
    return "payload" in outcome
      ? { requestId, payload: outcome.payload }
      : { requestId, payload: JSON.stringify(outcome.error), error: outcome.error };
  }

  function tell(outcome: Outcome, milliseconds: number): void {
    // An environment that ends with the account is not a failure of the function.
    if (stopped) return;
    const event = {
      kind: "function-invoked",
      function: configuration.name,
      milliseconds: Math.round(milliseconds),
    } as const;
    if ("payload" in outcome) cloud.tell({ ...event, outcome: "succeeded" });
    else
      cloud.tell({ ...event, outcome: "failed", error: `${outcome.error.errorType}: ${outcome.error.errorMessage}` });
  }

  return {
    invoke,
    async stop() {
      stopped = true;
      await Promise.all([...environments].map((it) => it.stop()));
      // Environments that were starting end by themselves.
      await Promise.allSettled(running);
    },
  };
}

function startLine({ logFormat }: FunctionConfiguration, requestId: string): string {
  return logFormat === "Text"
    ? `START RequestId: ${requestId} Version: $LATEST`
    : JSON.stringify({ type: "platform.start", record: { requestId, version: "$LATEST" } });
}

function reportLine({ logFormat, memorySize }: FunctionConfiguration, requestId: string, milliseconds: number): string {
  const durationMs = Number(milliseconds.toFixed(2));
  const billedDurationMs = Math.ceil(milliseconds);
  return logFormat === "Text"
    ? `REPORT RequestId: ${requestId}\tDuration: ${durationMs} ms\tBilled Duration: ${billedDurationMs} ms\tMemory Size: ${memorySize} MB`
    : JSON.stringify({
        type: "platform.report",
        record: { requestId, metrics: { durationMs, billedDurationMs, memorySizeMB: memorySize } },
      });
}
