import { createHmac } from "node:crypto";
import type { PullRequestRequest } from "../../images/gitops-pr/pullRequestRecord";
import { type CachedSecret, isSame, verifyWithRotation } from "../shared/secret";

/** A token's limits. In patterns, `*` matches any characters. */
export interface TokenScope {
  /** Patterns of service names. */
  services: string[];
  /** A pattern of image names, without tag and digest. `{service}` stands for the service's name. Absent: any image. */
  image?: string | undefined;
}

export type TokenScopes = Record<string, TokenScope>;

/**
 * The token of a scope: its name, a dot, and an HMAC with the unlimited token as key. So a scope needs no secret of its
 * own, and rotating the secret rotates every token.
 */
export function scopedToken(secret: string, name: string): string {
  return `${name}.${createHmac("sha256", secret).update(`pull requests: ${name}`).digest("hex")}`;
}

/**
 * Finds a token's scope.
 * @returns the scope; `{}` for the unlimited token; `undefined` for an invalid token
 * @throws Secrets Manager's error
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

/** Whether a token may request, read and delete a service's pull requests. */
export function allowsService({ services }: Partial<TokenScope>, service: string): boolean {
  return services === undefined || services.some((pattern) => matches(pattern, service));
}

/** Why a token cannot request a pull request, and the field that is not allowed. */
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

/** `registry:5000/storefront` for `storefront=registry:5000/storefront:v2@sha256:…`. */
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
