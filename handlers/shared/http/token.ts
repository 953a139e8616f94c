import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { type CachedSecret, isSame, verifyWithRotation } from "../secret";
import { refuse, unavailable } from "./answer";

/** The token in a request's Authorization header, if it has one. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
}

/** Whether the token is the secret. */
export function isToken(secret: CachedSecret, token: string): Promise<boolean> {
  return verifyWithRotation(secret, (value) => isSame(token, value));
}

/** The sender of a request, or the answer if the sender is unknown. */
export type Caller<Identity> =
  | { kind: "known"; identity: Identity }
  | { kind: "refused"; answer: APIGatewayProxyStructuredResultV2 };

/**
 * Identifies the sender of a request by its token.
 * @param hint what a request without a token must send
 * @param identify `undefined` for an unknown token
 */
export async function identifyCaller<Identity>(
  token: string | undefined,
  hint: string,
  identify: (token: string) => Promise<Identity | undefined>,
): Promise<Caller<Identity>> {
  if (token === undefined) {
    return { kind: "refused", answer: refuse(401, hint, {}, { "www-authenticate": "Bearer" }) };
  }
  try {
    const identity = await identify(token);
    if (identity !== undefined) {
      return { kind: "known", identity };
    }
    const headers = { "www-authenticate": 'Bearer error="invalid_token"' };
    return { kind: "refused", answer: refuse(401, "the bearer token is not valid", {}, headers) };
  } catch (error) {
    return { kind: "refused", answer: unavailable("the expected token cannot be read", error) };
  }
}

/**
 * The answer to a request that does not contain the secret.
 * @param hint what a request without a token must send
 */
export async function requireToken(
  secret: CachedSecret,
  token: string | undefined,
  hint: string,
): Promise<APIGatewayProxyStructuredResultV2 | undefined> {
  const caller = await identifyCaller(token, hint, async (given) => (await isToken(secret, given)) || undefined);
  return caller.kind === "refused" ? caller.answer : undefined;
}
