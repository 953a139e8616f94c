import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";

/** What an HTTP API is answered, payload format 2.0. */
export function jsonAnswer(
  statusCode: number,
  value: object,
  headers: Record<string, string> = {},
): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) };
}
