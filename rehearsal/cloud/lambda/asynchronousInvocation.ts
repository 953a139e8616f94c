import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock";
import type { Invoker } from "./invoker";

// "How Lambda handles errors and retries with asynchronous invocation": two more attempts, after one and two minutes.
const RETRY_DELAYS = [60_000, 120_000];
// A throttled event goes back to the queue, for up to six hours.
const THROTTLE_DELAY = 5_000;
const MAXIMUM_EVENT_AGE = 6 * 60 * 60_000;
/** How late a repeated delivery comes, every second time: after later events of the same pipeline. */
const REPEAT_DELAY = 60_000;

export interface AsynchronousInvocations {
  /** Queues an event for a function, and returns at once. */
  invokeLater(invoker: Invoker, payload: string): void;
}

/**
 * Lambda's queue of asynchronous events. It delivers at least once: the same event may come again, beside the first or
 * after later ones.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
 * @param repeats whether every event is delivered twice: in turn at once beside the first, and a minute late
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
    invokeLater(invoker, payload) {
      const requestId = randomUUID();
      const deliver = () => deliverOnce(clock, (id) => invoker.invoke(payload, id), requestId, isStopped);
      void deliver();
      if (repeats) void repeat(deliver);
    },
  };
}

/** Invokes a function with a queued event, and again where it fails; each failure is told as the invocation it is. */
async function deliverOnce(
  clock: Clock,
  invoke: (requestId: string) => ReturnType<Invoker["invoke"]>,
  // Attempts of one event have one request id.
  requestId: string,
  isStopped: () => boolean,
): Promise<void> {
  const queuedAt = clock.now();
  const delays = [...RETRY_DELAYS];
  while (!isStopped()) {
    let delay: number | undefined = THROTTLE_DELAY;
    try {
      const { error } = await invoke(requestId);
      if (error === undefined) return;
      delay = delays.shift();
    } catch (error) {
      if (!isThrottled(error)) throw error;
    }
    if (delay === undefined || clock.now() + delay - queuedAt > MAXIMUM_EVENT_AGE) return;
    await clock.wait(delay);
  }
}

const isThrottled = (error: unknown) => error instanceof Error && error.name === "TooManyRequestsException";
