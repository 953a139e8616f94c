import { failure } from "../shared/failure";
import { nameOf, type SecretLocation } from "../shared/secret";
import { bodyOf, type ChatKind, refusalOf } from "./shape";

/**
 * Checks that a secret's text is a webhook URL. The error has no cause, because URL's errors quote their input.
 * @throws Failure that names the secret, but not its content
 */
export function checkedUrl(location: SecretLocation, url: string): string {
  if (!URL.canParse(url) || new URL(url).protocol !== "https:") {
    throw failure("ConfigurationError", `${nameOf(location)} is not an https URL: store the chat's webhook URL there`);
  }
  return url;
}

const TIMEOUT = 5_000;

/**
 * Posts a text to a chat.
 * @param url contains the chat's secret, which no error repeats
 * @returns why the chat rejected it; undefined on success
 */
export async function post(kind: ChatKind, url: string, text: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json; charset=utf-8" },
      body: bodyOf(kind, text),
      // The target of a redirect must not get the message.
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT),
    });
    // Before shortening: part of a secret would not be found.
    const answer = withoutSecrets(await response.text(), url);
    const refusal = refusalOf(kind, response.status, answer);
    return refusal === undefined ? undefined : `it returned ${refusal}`;
  } catch (error) {
    return `it cannot be reached: ${codeOf(error)}`;
  }
}

/** Only the error's code: fetch's messages may contain the URL. */
function codeOf(error: unknown): string {
  const { name = "", cause } = error as { name?: string; cause?: { code?: string } };
  return cause?.code ?? (name === "TimeoutError" ? `no answer within ${TIMEOUT} ms` : name);
}

/** The chat's answer without those parts of the URL that are long enough to be secret: a chat may repeat the URL. */
function withoutSecrets(answer: string, url: string): string {
  const { pathname, search } = new URL(url);
  const parts = `${pathname}${search}`.split(/[/?&=]/).filter((part) => part.length >= 8);
  return parts.reduce((text, part) => text.replaceAll(part, "***"), answer);
}
