import type { Clock } from "../../clock";

/** Whether one more request is allowed; takes its token if so. */
export type Throttle = () => boolean;

/** Settings of a stage or of one of its routes. */
export interface ThrottleSettings {
  throttlingRateLimit?: number | undefined;
  throttlingBurstLimit?: number | undefined;
}

/**
 * The limits of a stage: a token bucket for each route with its own settings, and a shared one for the others.
 * @param routes settings by route key
 */
export function createThrottles(
  clock: Clock,
  common: ThrottleSettings = {},
  routes: ReadonlyMap<string, ThrottleSettings> = new Map(),
): (routeKey: string) => Throttle {
  // The account's limits, if the stage sets none.
  const throttle = (own: ThrottleSettings = {}) =>
    createThrottle(
      clock,
      own.throttlingRateLimit ?? common.throttlingRateLimit ?? 10_000,
      own.throttlingBurstLimit ?? common.throttlingBurstLimit ?? 5_000,
    );
  const shared = throttle();
  const own = new Map([...routes].map(([routeKey, settings]) => [routeKey, throttle(settings)]));
  return (routeKey) => own.get(routeKey) ?? shared;
}

/**
 * A token bucket.
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
