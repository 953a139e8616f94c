import { failure } from "../shared/failure";
import { AGENT, type ForgeRequest } from "../shared/forgeAccess";

/** Forges need one or two. */
const LIMIT = 5;

/** Whether an answer of this status leads elsewhere. */
export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** What came of a request. */
export interface Reply {
  response: Response;
  /** Who answered, for a person. Never an address that was redirected to: such ones may carry a token. */
  place: string;
}

/**
 * Sends a request and follows its redirects, by hand: `fetch` drops `Authorization` where a redirect leads to another
 * origin, and nothing else, so that GitLab's `Private-Token` would go there too. https://fetch.spec.whatwg.org/#http-redirect-fetch
 *
 * @throws Failure if someone on the way cannot be reached, or redirects where nobody should go
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
    place = `${next.host}, to which ${url} redirects,`;
  }
  throw failure("RevisionUnavailable", `${url} redirects more than ${LIMIT} times`);
}

/** Where a redirect leads. @throws Failure, which does not repeat the location */
export function nextAddress(from: URL, location: string, place: string): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  // What was asked for by https is not to be had, nor changed on its way, by anyone in between. User names and
  // passwords `fetch` takes in no address, and its error would repeat them.
  const isSafe = next?.protocol === "https:" || (next?.protocol === "http:" && from.protocol === "http:");
  if (next === undefined || !isSafe || next.username !== "" || next.password !== "") {
    throw failure("RevisionUnavailable", `${place} redirects to no address that slipway would follow`);
  }
  return next;
}

/** `fetch` says only "fetch failed", and its cause may be several errors, which together have a code but no message. */
function causeOf(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { message?: string; code?: string } };
  return cause?.message || cause?.code || message;
}
