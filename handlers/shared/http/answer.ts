import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { explain } from "../failure";
import { log } from "../log";

/** What an HTTP API is answered, payload format 2.0. */
export function jsonAnswer(
  statusCode: number,
  value: object,
  headers: Record<string, string> = {},
): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) };
}

/** Answers `{reason, …}`, and logs the same. @param details what else the reason is about: `{field}` */
export function refuse(
  statusCode: number,
  reason: string,
  details: Record<string, string> = {},
  headers: Record<string, string> = {},
): APIGatewayProxyStructuredResultV2 {
  log("warn", "request refused", { statusCode, reason, ...details });
  return jsonAnswer(statusCode, { reason, ...details }, headers);
}

/** Answers 503. The cause is for the log alone. */
export function unavailable(reason: string, error: unknown): APIGatewayProxyStructuredResultV2 {
  log("error", "request failed", { statusCode: 503, reason, cause: explain(error) });
  return jsonAnswer(503, { reason });
}
