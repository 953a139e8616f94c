import { failure } from "../shared/failure";
import { AGENT, type ForgeRequest } from "../shared/forgeAccess";

/** Forges use one or two. */
const LIMIT = 5;

export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** The answer to a request. */
export interface Reply {
  response: Response;
  /** Who answered, for a person. Never the URL of a redirect, which may contain a token. */
  place: string;
}

/**
 * Sends a request and follows its redirects manually. On a redirect to another origin, `fetch` drops only
 * `Authorization`, so GitLab's `Private-Token` would be sent there too.
 * https://fetch.spec.whatwg.org/#http-redirect-fetch
 *
 * @throws Failure if a host cannot be reached, or a redirect is unsafe
 */
export async function follow({ url, headers }: ForgeRequest, signal: AbortSignal): Promise<Reply> {
  let address = new URL(url);
  let sent = headers;
  let place = url;
  for (let redirects = 0; redirects <= LIMIT; redirects += 1) {
    const response = await fetch(address, { headers: sent, redirect: "manual", signal }).catch((error: unknown) => {
      throw failure("SystemUnavailable", `${place} cannot be reached: ${causeOf(error)}`);
    });
    const location = response.headers.get("location");
    if (!isRedirect(response.status) || location === null) {
      return { response, place };
    }
    await response.body?.cancel();
    const next = nextAddress(address, location, place);
    if (next.origin !== address.origin) {
      sent = AGENT;
    }
    address = next;
    place = `${next.host} (redirected from ${url})`;
  }
  throw failure("RevisionUnavailable", `${url} redirects more than ${LIMIT} times`);
}

/** The target of a redirect. @throws Failure, which does not repeat the location */
export function nextAddress(from: URL, location: string, place: string): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  // Never from https to http, which others could read or change in transit. `fetch` rejects URLs with a user name or
  // password, and its error would repeat them.
  const isSafe = next?.protocol === "https:" || (next?.protocol === "http:" && from.protocol === "http:");
  if (next === undefined || !isSafe || next.username !== "" || next.password !== "") {
    throw failure(
      "RevisionUnavailable",
      `${place} redirects to an invalid address, to one with a password, or from https to http: correct the address of the forge`,
    );
  }
  return next;
}

/** `fetch` says only "fetch failed". Its cause may be several errors, with a code but no common message. */
function causeOf(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { message?: string; code?: string } };
  return cause?.message || cause?.code || message;
}
