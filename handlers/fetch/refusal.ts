import { failure } from "../shared/failure";
import type { PushMessage } from "../shared/message";
import type { FetchFailure } from "./retry";

/** The answer to the request for an archive, without its body. */
export interface Answer {
  /** Who answered. */
  place: string;
  status: number;
  statusText: string;
  headers: Pick<Headers, "get">;
}

/**
 * Why an answer is not an archive; `undefined` if it is one.
 *
 * `RevisionUnavailable` needs somebody to fix it, `SystemUnavailable` is transient.
 *
 * @param token name of the token that was sent; `undefined` if none was
 * @param now milliseconds since the epoch
 */
export function refusalOf(
  answer: Answer,
  { forge, repository, commit }: Pick<PushMessage, "forge" | "repository" | "commit">,
  token: string | undefined,
  now: number = Date.now(),
): FetchFailure | undefined {
  const { place, status, statusText } = answer;
  const setting = `slipway:forges.${forge}.token`;
  const said = `commit ${commit} of ${repository} at ${forge}: ${place} returned ${`${status} ${statusText}`.trim()}`;
  const signIn =
    token === undefined
      ? `it requires a token: store one in Secrets Manager and set ${setting}`
      : `the token in ${token} was rejected: store a valid token there that can read the repository`;
  if (status === 200) {
    return isPage(answer) ? failure("RevisionUnavailable", `${said} with a web page: ${signIn}`) : undefined;
  }
  if (isThrottled(answer)) {
    const hint = token === undefined ? `; a token raises the limit: set ${setting}` : "";
    return later(answer, `${said}: too many requests${hint}`, now);
  }
  if (status === 401 || status === 403) {
    return failure("RevisionUnavailable", `${said}: ${signIn}`);
  }
  if (status === 404) {
    const gone = "the commit was force-pushed away, or the repository was renamed or deleted, or";
    const hidden =
      token === undefined
        ? `it is private: if so, store a token in Secrets Manager and set ${setting}`
        : `the token in ${token} cannot read it`;
    return failure("RevisionUnavailable", `${said}: ${gone} ${hidden}`);
  }
  // 408 is a timeout, 425 asks for a retry; no other status below 500 is transient.
  const passes = status >= 500 || status === 408 || status === 425;
  return passes ? later(answer, said, now) : failure("RevisionUnavailable", said);
}

/** A transient failure, with the forge's retry time. */
export function later({ headers }: Pick<Answer, "headers">, message: string, now: number): FetchFailure {
  const retryAfter = retryAfterOf(headers, now);
  return Object.assign(failure("SystemUnavailable", message), retryAfter === undefined ? {} : { retryAfter });
}

/**
 * Seconds until the forge allows the next request.
 * - `Retry-After` is seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 * - GitHub gives the end of its hourly limit in seconds since the epoch:
 *   https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
function retryAfterOf(headers: Answer["headers"], now: number): number | undefined {
  const retryAfter = headers.get("retry-after")?.trim() ?? "";
  const reset = headers.get("x-ratelimit-remaining") === "0" ? (headers.get("x-ratelimit-reset") ?? "") : "";
  if (/^\d+$/.test(retryAfter)) {
    return Number(retryAfter);
  }
  const at = /^\d+$/.test(reset) && retryAfter === "" ? Number(reset) * 1_000 : Date.parse(retryAfter);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - now) / 1_000);
}

/** Bitbucket and Gitee redirect unauthenticated requests to a sign-in page; so do captive portals. */
function isPage({ headers }: Answer): boolean {
  return /^text\/html\b/i.test(headers.get("content-type") ?? "");
}

/** GitHub also uses 403: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
export function isThrottled({ status, headers }: Pick<Answer, "status" | "headers">): boolean {
  const spent = headers.get("x-ratelimit-remaining") === "0" || headers.get("retry-after") !== null;
  return status === 429 || (status === 403 && spent);
}
