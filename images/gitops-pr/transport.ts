import type { Log } from "./log.ts";

export interface TransportOptions {
  log: Log;
  /** Aborted when the task must end. */
  signal: AbortSignal;
  /** Milliseconds. */
  now: () => number;
  sleep: (milliseconds: number) => Promise<unknown>;
}

/** The parts of a GitHub response that say when to retry. Header names are in lower case. */
export interface Answer {
  status: number;
  headers: Record<string, string | number | undefined>;
  words: string;
}

/** Timeout of one response, in milliseconds. */
const ANSWER = 20_000;
/** Maximum total wait for rate limits, in milliseconds. */
const PATIENCE = 180_000;
/** If GitHub gives no duration for a rate limit, wait one minute, as it recommends. */
const MINUTE = 60_000;
/** Maximum redirects of a request (fetch allows 20). */
const REDIRECTS = 5;

/**
 * fetch for Octokit, with a time limit, fully read responses, and the pauses that GitHub asks for.
 * @throws Error with a readable message; named AbortError if a retry would not help, because Octokit does not retry it
 */
export function createTransport({ log, signal, now, sleep }: TransportOptions): typeof fetch {
  let patience = PATIENCE;
  return async (input, init = {}) => {
    for (;;) {
      const response = await answerOf(String(input), init, signal);
      const words = await bodyOf(response, signal);
      const { status } = response;
      const headers = Object.fromEntries(response.headers);
      const pause = pauseOf({ status, headers, words }, now());
      if (pause === undefined || pause > patience) {
        // For statuses such as 204, Response accepts only null, not an empty body.
        return new Response(words === "" ? null : words, { status, headers: { ...headers, ...typeOf(response) } });
      }
      log("warn", "GitHub asks to wait", { status, milliseconds: pause });
      patience -= pause;
      await sleep(pause);
    }
  };
}

/**
 * How long to pause for a rate limit: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
 * @param now milliseconds
 * @returns milliseconds; `undefined` if the response is not a rate limit
 */
export function pauseOf({ status, headers, words }: Answer, now: number): number | undefined {
  const after = headers["retry-after"];
  const isOver = String(headers["x-ratelimit-remaining"]) === "0";
  const isLimit = status === 403 && (after !== undefined || isOver || /rate limit/i.test(words));
  if (status !== 429 && !isLimit) {
    return undefined;
  }
  // `retry-after` is either a number of seconds or a date.
  const until = Number.isNaN(Number(after)) ? Date.parse(String(after)) : now + Number(after) * 1_000;
  const reset = isOver ? Number(headers["x-ratelimit-reset"]) * 1_000 : Number.NaN;
  const pause = [until, reset].find((it) => !Number.isNaN(it));
  return pause === undefined ? MINUTE : Math.max(1_000, pause - now);
}

async function answerOf(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  // On 301 or 302, fetch would turn a POST into a GET, whose response would look like a success.
  const redirect = (init.method ?? "GET") === "GET" ? "follow" : "manual";
  let at = url;
  for (let redirects = 0; ; redirects++) {
    const response = await reached(
      () => fetch(at, { ...init, redirect, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER)]) }),
      signal,
    );
    const { status } = response;
    if (status < 300 || status >= 400) {
      return response;
    }
    await response.body?.cancel();
    const to = new URL(response.headers.get("location") ?? at, at);
    // 307 and 308 repeat the same request at another address: for example if a repository was renamed.
    const isSame = (status === 307 || status === 308) && to.origin === new URL(at).origin;
    if (!isSame || redirects === REDIRECTS) {
      throw final(
        `GitHub returned ${status} and redirects the task to ${to.origin}${to.pathname}: correct slipway:forges.github.url, ` +
          "or slipway:pullRequests.repository if the repository was renamed",
      );
    }
    at = to.href;
  }
}

/** @throws Error if the response is incomplete, or is a success without JSON: for example a proxy's page */
async function bodyOf(response: Response, signal: AbortSignal): Promise<string> {
  const text = await reached(() => response.text(), signal);
  if (response.ok && response.status !== 204) {
    try {
      JSON.parse(text);
    } catch {
      throw new Error(`GitHub returned ${response.status} without JSON: ${text}`);
    }
  }
  return text;
}

const typeOf = ({ ok }: Response) => (ok ? { "content-type": "application/json" } : {});

async function reached<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    const { message, cause } = error as Error;
    throw new Error(`GitHub cannot be reached: ${cause instanceof Error ? cause.message : message}`);
  }
}

const final = (message: string): Error => Object.assign(new Error(message), { name: "AbortError" });
