import type { Log } from "./log.ts";

export interface TransportOptions {
  log: Log;
  /** Aborted when the task is to end. */
  signal: AbortSignal;
  /** Milliseconds. */
  now: () => number;
  sleep: (milliseconds: number) => Promise<unknown>;
}

/** An answer of GitHub's, as far as it says when to ask again. Names of headers are in small letters. */
export interface Answer {
  status: number;
  headers: Record<string, string | number | undefined>;
  words: string;
}

/** Milliseconds that one answer may take. */
const ANSWER = 20_000;
/** Milliseconds that are waited in all where GitHub asks for it. */
const PATIENCE = 180_000;
/** Where GitHub limits and does not say for how long, it wants a minute. */
const MINUTE = 60_000;
/** How often a request is sent on, as fetch itself would do it 20 times. */
const REDIRECTS = 5;

/**
 * fetch for Octokit: with a time limit, with answers that have been read to their end, and with the pauses that GitHub asks
 * for.
 * @throws Error in words for a person; one of the name AbortError where asking again does not help, which Octokit takes
 * as final
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
        // A status without a body allows not even an empty one.
        return new Response(words === "" ? null : words, { status, headers: { ...headers, ...typeOf(response) } });
      }
      log("warn", "GitHub asks to wait", { status, milliseconds: pause });
      patience -= pause;
      await sleep(pause);
    }
  };
}

/**
 * How long GitHub wants not to be asked: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
 * @param now milliseconds
 * @returns milliseconds; `undefined` if it limits nothing
 */
export function pauseOf({ status, headers, words }: Answer, now: number): number | undefined {
  const after = headers["retry-after"];
  const isOver = String(headers["x-ratelimit-remaining"]) === "0";
  const isLimit = status === 403 && (after !== undefined || isOver || /rate limit/i.test(words));
  if (status !== 429 && !isLimit) {
    return undefined;
  }
  // Either a number of seconds or a date.
  const until = Number.isNaN(Number(after)) ? Date.parse(String(after)) : now + Number(after) * 1_000;
  const reset = isOver ? Number(headers["x-ratelimit-reset"]) * 1_000 : Number.NaN;
  const pause = [until, reset].find((it) => !Number.isNaN(it));
  return pause === undefined ? MINUTE : Math.max(1_000, pause - now);
}

async function answerOf(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  // fetch would make a GET of a POST that is redirected by 301 or 302, and its answer would look like a success.
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
    // 307 and 308 say that the same is to be asked elsewhere: of a repository that was renamed, for one.
    const isSame = (status === 307 || status === 308) && to.origin === new URL(at).origin;
    if (!isSame || redirects === REDIRECTS) {
      throw final(
        `GitHub answers ${status} and sends the task to ${to.origin}${to.pathname}: correct slipway:forges.github.url, ` +
          "or slipway:pullRequests.repository where that was renamed",
      );
    }
    at = to.href;
  }
}

/** @throws Error if the answer breaks off, or is a success without JSON: a proxy's page, for one */
async function bodyOf(response: Response, signal: AbortSignal): Promise<string> {
  const text = await reached(() => response.text(), signal);
  if (response.ok && response.status !== 204) {
    try {
      JSON.parse(text);
    } catch {
      throw new Error(`GitHub answers ${response.status} and no JSON: ${text}`);
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
