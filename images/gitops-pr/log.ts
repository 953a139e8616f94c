/** Additional fields of a log line. */
export type LogFields = Record<string, string | number | undefined>;

/** Writes one JSON line: `{"level":"info","message":"…",…}`. */
export type Log = (level: "info" | "warn" | "error", message: string, fields?: LogFields) => void;

/** Removes a secret from a text. */
export type Redact = (text: string) => string;

/** @param write called with each line, including its newline */
export function createLog(write: (line: string) => void, redact: Redact): Log {
  return (level, message, fields = {}) => {
    const shown = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? redact(value) : value,
    ]);
    write(`${JSON.stringify({ level, message: redact(message), ...Object.fromEntries(shown) })}\n`);
  };
}

/** @param token redacted in every form in which git and HTTP write it; `undefined` if there is none */
export function createRedact(token: string | undefined): Redact {
  if (token === undefined) {
    return (text) => text;
  }
  // Basic authentication encodes `user:token`, so the token can start at any of three positions in a base64 group.
  const encoded = ["", "x", "xx"].map((before) => stableBase64(before, token)).filter((it) => it.length >= 8);
  const forms = [token, encodeURIComponent(token), ...encoded];
  return (text) => forms.reduce((redacted, form) => redacted.replaceAll(form, "[token]"), text);
}

/** The base64 characters that depend only on the token, whatever is before and after it. */
function stableBase64(before: string, token: string): string {
  const encoded = Buffer.from(`${before}${token}`).toString("base64").replace(/=+$/, "");
  const first = Math.ceil((before.length * 8) / 6);
  return encoded.slice(first, Math.floor(((before.length + token.length) * 8) / 6));
}

/** Advice if the token is rejected or lacks permissions. */
export const TOKEN_ADVICE =
  "check the token of slipway:pullRequests, which needs read and write access to the repository's contents and pull requests";

/**
 * The text in one line, at most `limit` characters long. A word that would be cut is omitted: redaction does not
 * recognise half a token.
 */
export function brief(text: string, limit = 1_000): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length <= limit ? line : `${line.slice(0, limit).replace(/\S*$/, "")}…`;
}

/** The error in one line. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const name = error.name === "Error" || error.name === "AbortError" ? "" : `${error.name}: `;
  return `${name}${error.message || "no message"}`;
}
