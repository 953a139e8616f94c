/** What a log line may carry beside its message. Never an event, a header or a secret. */
export type LogFields = Record<string, string | number | boolean | string[] | undefined> & {
  level?: never;
  message?: never;
};

/**
 * Writes one JSON line: `{"level":"info","message":"…",…}`.
 *
 * Straight to standard output: the Lambda runtime puts a time, a request id and a level before what `console.log`
 * is given, and the line would not be JSON any more.
 */
export function log(level: "info" | "warn" | "error", message: string, fields: LogFields = {}): void {
  process.stdout.write(`${JSON.stringify({ level, message, ...fields })}\n`);
}
