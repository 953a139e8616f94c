import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { refuse } from "./answer";
import { bodyBytes, type HttpRequest, readJson } from "./request";

/** Why an input is rejected. */
export interface Refusal {
  kind: "refused";
  /** Absent if it is the whole input. */
  field?: string;
  reason: string;
}

export function refuseInput({ reason, field }: Refusal): APIGatewayProxyStructuredResultV2 {
  return refuse(400, reason, field === undefined ? {} : { field });
}

export type JsonBody =
  | { kind: "json"; value: unknown }
  | { kind: "answered"; answer: APIGatewayProxyStructuredResultV2 };

/**
 * A request's body, parsed as JSON; otherwise the answer is 413, 415 or 400.
 * @param limit in bytes
 */
export function jsonBody(event: HttpRequest, limit: number): JsonBody {
  const body = bodyBytes(event);
  if (body.length > limit) {
    return { kind: "answered", answer: refuse(413, `the body is larger than ${limit} bytes`) };
  }
  const payload = readJson(event.headers["content-type"], body);
  switch (payload.kind) {
    case "json":
      return payload;
    case "unsupported": {
      const reason = `content type ${payload.contentType || "(none)"}: use application/json`;
      return { kind: "answered", answer: refuse(415, reason) };
    }
    case "malformed":
      return { kind: "answered", answer: refuse(400, payload.reason) };
  }
}
