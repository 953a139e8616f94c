import { type CachedSecret, isExplainedBy, isSame } from "../secret";

/** The token in a request's Authorization header, if it has one. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
}

/** Whether the token is the secret. */
export function isToken(secret: CachedSecret, token: string): Promise<boolean> {
  return isExplainedBy(secret, (value) => isSame(token, value));
}
