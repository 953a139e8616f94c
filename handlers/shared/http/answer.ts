import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { explain } from "../failure";
import { log } from "../log";

/** A JSON answer of an HTTP API, payload format 2.0. */
export function jsonAnswer(
  statusCode: number,
  value: object,
  headers: Record<string, string> = {},
): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) };
}

/** Answers `{reason, …}`, and logs the same. @param details further fields, such as `{field}` */
export function refuse(
  statusCode: number,
  reason: string,
  details: Record<string, string> = {},
  headers: Record<string, string> = {},
): APIGatewayProxyStructuredResultV2 {
  log("warn", "request refused", { statusCode, reason, ...details });
  return jsonAnswer(statusCode, { reason, ...details }, headers);
}

/** Answers 503. The cause is only logged. */
export function unavailable(reason: string, error: unknown): APIGatewayProxyStructuredResultV2 {
  log("error", "request failed", { statusCode: 503, reason, cause: explain(error) });
  return jsonAnswer(503, { reason });
}
