import { createHash, timingSafeEqual } from "node:crypto";
import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { explain, failure, failureType } from "./failure";

/** The location of a text in Secrets Manager: the whole secret, or one key of its JSON. */
export interface SecretLocation {
  /** ARN or name. */
  secretId: string;
  key?: string;
}

/** The location, for a person. */
export function nameOf({ secretId, key }: SecretLocation): string {
  return key === undefined ? `secret ${secretId}` : `key ${key} of secret ${secretId}`;
}

const LIFETIME = 5 * 60_000;
const REREAD_AFTER = 10_000;

/** A secret that is cached for a while. */
export interface CachedSecret {
  /** The secret, at most five minutes old. */
  current(): Promise<string>;
  /**
   * The secret, read again after a signature or token did not match the cached one: it may have been rotated.
   * `undefined` if the cached one is less than ten seconds old, so that forged requests cannot cause a stream of calls
   * to Secrets Manager.
   */
  afterRotation(): Promise<string | undefined>;
}

/** @param read reads from Secrets Manager; @param now milliseconds */
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

/** Whether the cached secret passes a check. If not, the secret is read again in case it was rotated. */
export async function verifyWithRotation(secret: CachedSecret, check: (value: string) => boolean): Promise<boolean> {
  if (check(await secret.current())) {
    return true;
  }
  const rotated = await secret.afterRotation();
  return rotated !== undefined && check(rotated);
}

/** Whether two texts are equal. The time reveals neither content nor length. */
export function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/**
 * Reads the text at a location, and trims it: secrets written by `echo` or from a file end with a newline. Needs
 * secretsmanager:GetSecretValue on the secret.
 * @param content what the secret should contain, for the error: `the webhook's secret`
 * @throws Failure that names the secret if it cannot be read, or is empty: an empty secret would let anyone in
 */
export async function readSecret(
  client: SecretsManagerClient,
  location: SecretLocation,
  content: string,
): Promise<string> {
  const { SecretString } = await client
    .send(new GetSecretValueCommand({ SecretId: location.secretId }))
    .catch((error: unknown) => {
      const type = failureType(error);
      throw failure(
        // Neither an outage nor a denial: for example, the secret does not exist.
        type === "JobFailed" ? "ConfigurationError" : type,
        `secret ${location.secretId} cannot be read: ${explain(error)}`,
        error,
      );
    });
  return requireText(location, SecretString ?? "", content);
}

/**
 * The text at a location in a secret that was already read.
 * @param secret the whole secret
 * @param content as for {@link readSecret}
 * @throws Failure that names the location if it contains no text
 */
export function requireText(location: SecretLocation, secret: string, content: string): string {
  const text = textAt(location, secret);
  if (text === undefined) {
    throw failure("ConfigurationError", `${nameOf(location)} has no text value: store ${content} there`);
  }
  return text;
}

/** The same; `undefined` if the key is missing or has no text. JSON errors quote the secret, so they are swallowed. */
export function textAt({ key }: SecretLocation, secret: string): string | undefined {
  if (key === undefined) {
    return secret.trim() || undefined;
  }
  try {
    const value = (JSON.parse(secret) as Record<string, unknown> | null)?.[key];
    return typeof value === "string" ? value.trim() || undefined : undefined;
  } catch {
    return undefined;
  }
}
