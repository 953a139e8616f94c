import { createHash, timingSafeEqual } from "node:crypto";
import { type CachedSecret, isExplainedBy } from "../secret";

/** The token in a request's Authorization header, if it has one. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
}

/** Whether the token is the secret. */
export function isToken(secret: CachedSecret, token: string): Promise<boolean> {
  const given = digest(token);
  return isExplainedBy(secret, (value) => timingSafeEqual(given, digest(value)));
}

/** Of one length, whatever is compared: the time that it takes tells nothing of the secret's. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
