/** How long something that may pass is waited for. */
export interface Patience {
  /** Milliseconds between one try and the next; one try more than there are pauses. */
  pauses: number[];
  /** Milliseconds after which no other try begins. */
  limit: number;
  /** Milliseconds. */
  now: () => number;
  sleep: (milliseconds: number) => Promise<unknown>;
}

/**
 * Tries until it succeeds, or until it fails for good.
 * @param passes whether the same may well succeed later
 * @throws what the last try threw
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
