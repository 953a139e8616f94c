const LIFETIME = 5 * 60_000;
const REREAD_AFTER = 10_000;

/** A secret that is read once and kept for a while. */
export interface CachedSecret {
  /** The secret, at most five minutes old. */
  current(): Promise<string>;
  /**
   * The secret read anew, for a signature that the cached one does not explain: it may have been rotated.
   * `undefined` if the cached one is younger than ten seconds, so that forged requests cannot turn into a stream of
   * calls to Secrets Manager.
   */
  afterRotation(): Promise<string | undefined>;
}

/** @param read asks Secrets Manager; @param now milliseconds */
export function cachedSecret(read: () => Promise<string>, now: () => number): CachedSecret {
  const cache: { value?: string; readAt: number } = { readAt: 0 };
  const refresh = async (): Promise<string> => {
    const value = await read();
    cache.value = value;
    cache.readAt = now();
    return value;
  };
  return {
    async current() {
      return cache.value !== undefined && now() - cache.readAt < LIFETIME ? cache.value : refresh();
    },
    async afterRotation() {
      return now() - cache.readAt < REREAD_AFTER ? undefined : refresh();
    },
  };
}
