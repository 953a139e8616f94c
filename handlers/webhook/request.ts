/** The part of an API Gateway event that intake reads: HTTP API, payload format 2.0. */
export interface WebhookRequest {
  /** Names in lower case, as API Gateway hands them over. */
  headers: Record<string, string | undefined>;
  body?: string | undefined;
  isBase64Encoded: boolean;
}

/** The bytes that the sender sent: API Gateway encodes the body in base64 unless it takes the content type for text. */
export function bodyBytes(request: WebhookRequest): Buffer {
  return Buffer.from(request.body ?? "", request.isBase64Encoded ? "base64" : "utf8");
}

export type Payload =
  | { kind: "json"; value: unknown }
  | { kind: "unsupported"; contentType: string }
  | { kind: "malformed"; reason: string };

/** Reads the payload in either of the two content types that GitHub lets one choose; the form is its default. */
export function readPayload(contentType: string | undefined, body: Buffer): Payload {
  const mediaType = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  switch (mediaType) {
    case "application/json":
      return parseJson(body.toString("utf8"));
    case "application/x-www-form-urlencoded": {
      const payload = new URLSearchParams(body.toString("utf8")).get("payload");
      return payload === null ? { kind: "malformed", reason: "the form has no field payload" } : parseJson(payload);
    }
    default:
      return { kind: "unsupported", contentType: mediaType };
  }
}

function parseJson(text: string): Payload {
  try {
    return { kind: "json", value: JSON.parse(text) };
  } catch {
    // The parser's message quotes the body, which is the sender's and goes neither into an answer nor into a log.
    return { kind: "malformed", reason: "the payload is not JSON" };
  }
}
