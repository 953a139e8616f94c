import type { Clock } from "../../clock";

/** Whether one more request fits; takes its token if so. */
export type Throttle = () => boolean;

/**
 * The token bucket of a stage's default route settings.
 * @param rate requests a second, in the long run
 * @param burst requests at once
 */
export function createThrottle(clock: Clock, rate: number, burst: number): Throttle {
  let tokens = burst;
  let filledAt = clock.now();
  return () => {
    const now = clock.now();
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * rate);
    filledAt = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
