/** How long to retry after transient errors. */
export interface Patience {
  /** Milliseconds between attempts; there is one attempt more than pauses. */
  pauses: number[];
  /** Milliseconds after which no new attempt starts. */
  limit: number;
  /** Milliseconds. */
  now: () => number;
  sleep: (milliseconds: number) => Promise<unknown>;
}

/**
 * Retries until the attempt succeeds, or fails permanently.
 * @param passes whether the error is transient
 * @throws the error of the last attempt
 */
export async function patiently<T>(
  attempt: () => Promise<T>,
  passes: (error: unknown) => boolean,
  { pauses, limit, now, sleep }: Patience,
): Promise<T> {
  const until = now() + limit;
  for (const pause of pauses) {
    try {
      return await attempt();
    } catch (error) {
      if (!passes(error) || now() + pause >= until) {
        throw error;
      }
      await sleep(pause);
    }
  }
  return attempt();
}
