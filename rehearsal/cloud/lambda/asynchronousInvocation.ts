import type { Clock } from "../../clock";
import type { Invoker } from "./invoker";

// "How Lambda handles errors and retries with asynchronous invocation": two more attempts, after one and two minutes.
const RETRY_DELAYS = [60_000, 120_000];
// A throttled event goes back to the queue, for up to six hours.
const THROTTLE_DELAY = 5_000;
const MAXIMUM_EVENT_AGE = 6 * 60 * 60_000;

/** Invokes a function with a queued event, and again where it fails; each failure is told as the invocation it is. */
export async function invokeLater(
  clock: Clock,
  invoker: Invoker,
  payload: string,
  isStopped: () => boolean,
): Promise<void> {
  const queuedAt = clock.now();
  const delays = [...RETRY_DELAYS];
  while (!isStopped()) {
    let delay: number | undefined = THROTTLE_DELAY;
    try {
      const { error } = await invoker.invoke(payload);
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
