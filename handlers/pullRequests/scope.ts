import { createHmac } from "node:crypto";
import { type CachedSecret, isSame, verifyWithRotation } from "../shared/secret";
import type { PullRequestRequest } from "./record";

/** What a token may ask for. In patterns, `*` stands for any characters. */
export interface TokenScope {
  /** Patterns of services' names. */
  services: string[];
  /** A pattern of images' names, without tag and digest. `{service}` stands for the service's name. Absent: any image. */
  image?: string | undefined;
}

/** Scopes by name. */
export type TokenScopes = Record<string, TokenScope>;

/**
 * The token of a scope: its name, a dot, and an HMAC under the token that has no limits. So a scope needs no secret of its own,
 * and whoever rotates the secret rotates every token.
 */
export function scopedToken(secret: string, name: string): string {
  return `${name}.${createHmac("sha256", secret).update(`pull requests: ${name}`).digest("hex")}`;
}

/**
 * Whose token it is.
 * @returns the scope, `{}` for the token without limits; `undefined` for a token that is none
 * @throws what Secrets Manager answers
 */
export async function scopeOf(
  secret: CachedSecret,
  scopes: TokenScopes,
  token: string,
): Promise<Partial<TokenScope> | undefined> {
  const name = token.split(".", 1)[0] ?? "";
  const scope = Object.hasOwn(scopes, name) ? scopes[name] : undefined;
  let found: Partial<TokenScope> | undefined;
  await verifyWithRotation(secret, (value) => {
    if (isSame(token, value)) {
      found = {};
    } else if (scope !== undefined && isSame(token, scopedToken(value, name))) {
      found = scope;
    }
    return found !== undefined;
  });
  return found;
}

/** Whether a token may ask for, read and delete a service's pull requests. */
export function allowsService({ services }: Partial<TokenScope>, service: string): boolean {
  return services === undefined || services.some((pattern) => matches(pattern, service));
}

/** Why a token may not ask for a pull request, and which field says what it may not. */
export function beyondScope(
  scope: Partial<TokenScope>,
  { service, image }: Pick<PullRequestRequest, "service" | "image">,
): { field: string; reason: string } | undefined {
  if (!allowsService(scope, service)) {
    return { field: "repository", reason: `this token is not for ${service}: it is for ${scope.services?.join(", ")}` };
  }
  const allowed = scope.image?.replaceAll("{service}", service);
  const name = imageName(image);
  return allowed === undefined || matches(allowed, name)
    ? undefined
    : { field: "image", reason: `this token is not for images named ${name}: it is for ${allowed}` };
}

/** Of `storefront=registry:5000/storefront:v2@sha256:…`, the part `registry:5000/storefront`. */
function imageName(image: string): string {
  return image
    .slice(image.indexOf("=") + 1)
    .replace(/@sha256:[0-9a-f]{64}$/, "")
    .replace(/:[\w.-]+$/, "");
}

function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(text);
}
