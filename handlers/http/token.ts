import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { type CachedSecret, isExplainedBy, isSame } from "../secret";
import { refuse, unavailable } from "./answer";

/** The token in a request's Authorization header, if it has one. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
}

/** Whether the token is the secret. */
export function isToken(secret: CachedSecret, token: string): Promise<boolean> {
  return isExplainedBy(secret, (value) => isSame(token, value));
}

/**
 * What a request is answered that does not bring the secret.
 * @param hint what a request without a token has to bring
 */
export async function refuseStranger(
  secret: CachedSecret,
  token: string | undefined,
  hint: string,
): Promise<APIGatewayProxyStructuredResultV2 | undefined> {
  if (token === undefined) {
    return refuse(401, hint, {}, { "www-authenticate": "Bearer" });
  }
  try {
    return (await isToken(secret, token))
      ? undefined
      : refuse(401, "the bearer token is another", {}, { "www-authenticate": 'Bearer error="invalid_token"' });
  } catch (error) {
    return unavailable("the token to compare with cannot be read", error);
  }
}
