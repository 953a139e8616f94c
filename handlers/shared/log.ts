/** Fields of a log line besides its message. Never an event, a header or a secret. */
export type LogFields = Record<string, string | number | boolean | string[] | undefined> & {
  level?: never;
  message?: never;
};

/**
 * Writes one JSON line: `{"level":"info","message":"…",…}`.
 *
 * Writes directly to standard output: for `console.log`, the Lambda runtime prefixes a time, a request id and a level,
 * and the line would no longer be JSON.
 */
export function log(level: "info" | "warn" | "error", message: string, fields: LogFields = {}): void {
  process.stdout.write(`${JSON.stringify({ level, message, ...fields })}\n`);
}
