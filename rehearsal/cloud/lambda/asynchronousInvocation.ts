import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock";
import type { Invoker } from "./invoker";

// "How Lambda handles errors and retries with asynchronous invocation": two more attempts, after one and two minutes.
const RETRY_DELAYS = [60_000, 120_000];
// A throttled event goes back to the queue, for up to six hours.
const THROTTLE_DELAY = 5_000;
const MAXIMUM_EVENT_AGE = 6 * 60 * 60_000;

/** A function's configuration for asynchronous invocation. */
export interface EventLimits {
  /** Attempts after the first failure, 0 to 2. */
  retryAttempts: number;
  /** Milliseconds after which an unprocessed event is given up. */
  maximumAge: number;
  /** Called with an event that is given up, and its last result. */
  onFailure?: ((failed: FailedEvent) => void) | undefined;
}

/** An event for which all attempts failed. */
export interface FailedEvent {
  condition: "RetriesExhausted" | "EventAgeExceeded";
  requestId: string;
  payload: string;
  attempts: number;
  /** JSON: the error of the last attempt, if any. */
  response?: string | undefined;
}

/** For a function without such a configuration. */
export const defaultLimits: EventLimits = { retryAttempts: RETRY_DELAYS.length, maximumAge: MAXIMUM_EVENT_AGE };

/** Delay of every second repeated delivery: after later events of the same pipeline. */
const REPEAT_DELAY = 60_000;

export interface AsynchronousInvocations {
  /** Queues an event for a function and returns at once. */
  invokeLater(invoker: Invoker, payload: string, limits?: EventLimits): void;
}

/**
 * Lambda's queue of asynchronous events. It delivers at least once: an event may repeat, in parallel with the first or
 * after later ones. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
 * @param repeats whether every event is delivered twice, alternately in parallel with the first and a minute late
 */
export function createAsynchronousInvocations(
  clock: Clock,
  { repeats, isStopped }: { repeats: boolean; isStopped: () => boolean },
): AsynchronousInvocations {
  let late = true;

  async function repeat(deliver: () => Promise<void>): Promise<void> {
    late = !late;
    if (late) await clock.wait(REPEAT_DELAY);
    await deliver();
  }

  return {
    invokeLater(invoker, payload, limits = defaultLimits) {
      const requestId = randomUUID();
      const redeliver = async (milliseconds: number) => {
        if (milliseconds > 0) await clock.wait(milliseconds);
        await deliver();
      };
      const invoke = (id: string) => invoker.invoke(payload, id, redeliver);
      const deliver = () => deliverOnce(clock, invoke, { requestId, payload }, limits, isStopped);
      void deliver();
      if (repeats) void repeat(deliver);
    },
  };
}

/** Invokes a function with a queued event and retries failures; each failure is reported like its own invocation. */
async function deliverOnce(
  clock: Clock,
  invoke: (requestId: string) => ReturnType<Invoker["invoke"]>,
  // All attempts of an event share a request id.
  event: Pick<FailedEvent, "requestId" | "payload">,
  { retryAttempts, maximumAge, onFailure }: EventLimits,
  isStopped: () => boolean,
): Promise<void> {
  const queuedAt = clock.now();
  const delays = RETRY_DELAYS.slice(0, retryAttempts);
  let attempts = 0;
  let response: string | undefined;
  while (!isStopped()) {
    let delay: number | undefined = THROTTLE_DELAY;
    try {
      const { error, payload } = await invoke(event.requestId);
      if (error === undefined) return;
      attempts += 1;
      response = payload;
      delay = delays.shift();
    } catch (error) {
      if (!isThrottled(error)) throw error;
    }
    if (delay === undefined || clock.now() + delay - queuedAt > maximumAge) {
      const condition = delay === undefined ? "RetriesExhausted" : "EventAgeExceeded";
      // The end of the account may have stopped the last attempt.
      if (!isStopped()) onFailure?.({ ...event, condition, attempts, response });
      return;
    }
    await clock.wait(delay);
  }
}

const isThrottled = (error: unknown) => error instanceof Error && error.name === "TooManyRequestsException";
