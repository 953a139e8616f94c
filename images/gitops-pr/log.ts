/** What a log line may carry beside its message. */
export type LogFields = Record<string, string | number | undefined>;

/** Writes one JSON line: `{"level":"info","message":"…",…}`. */
export type Log = (level: "info" | "warn" | "error", message: string, fields?: LogFields) => void;

/** Takes a secret out of a text. */
export type Redact = (text: string) => string;

/** @param write gets each line, with its newline */
export function createLog(write: (line: string) => void, redact: Redact): Log {
  return (level, message, fields = {}) => {
    const told = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? redact(value) : value,
    ]);
    write(`${JSON.stringify({ level, message: redact(message), ...Object.fromEntries(told) })}\n`);
  };
}

/** @param token in all the forms in which git and HTTP write it; `undefined` if there is none */
export function createRedact(token: string | undefined): Redact {
  if (token === undefined) {
    return (text) => text;
  }
  // Basic authentication encodes the user's name with it, so the token begins at any of three places of base64's groups.
  const encoded = ["", "x", "xx"].map((before) => stableBase64(before, token)).filter((it) => it.length >= 8);
  const forms = [token, encodeURIComponent(token), ...encoded];
  return (text) => forms.reduce((redacted, form) => redacted.replaceAll(form, "[token]"), text);
}

/** The characters of base64 that depend on the token alone, whatever stands before and after it. */
function stableBase64(before: string, token: string): string {
  const encoded = Buffer.from(`${before}${token}`).toString("base64").replace(/=+$/, "");
  const first = Math.ceil((before.length * 8) / 6);
  return encoded.slice(first, Math.floor(((before.length + token.length) * 8) / 6));
}

/** Where the token is refused, or does not let enough be done. */
export const TOKEN_ADVICE =
  "look at the token of slipway:pullRequests, which needs contents and pull requests of the repository, read and write";

/**
 * A text in one line of so many characters. A word is left out where it would be cut: half a token would not be taken out
 * of the text any more.
 */
export function brief(text: string, limit = 1_000): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length <= limit ? line : `${line.slice(0, limit).replace(/\S*$/, "")}…`;
}

/** The error as one line for a person. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const name = error.name === "Error" || error.name === "AbortError" ? "" : `${error.name}: `;
  return `${name}${error.message || "no message"}`;
}
