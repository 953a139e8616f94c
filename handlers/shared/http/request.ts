/** The fields of an API Gateway event that every request needs: HTTP API, payload format 2.0. */
export interface HttpRequest {
  /** API Gateway sends header names in lower case. */
  headers: Record<string, string | undefined>;
  body?: string | undefined;
  isBase64Encoded: boolean;
}

/** The body's raw bytes: API Gateway encodes the body in base64 unless its content type is text. */
export function bodyBytes(request: HttpRequest): Buffer {
  return Buffer.from(request.body ?? "", request.isBase64Encoded ? "base64" : "utf8");
}

export type Payload =
  | { kind: "json"; value: unknown }
  | { kind: "unsupported"; contentType: string }
  | { kind: "malformed"; reason: string };

/** The content type without its parameters: `application/json` of `Application/JSON; charset=utf-8`. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

/** Parses a body that must be `application/json`. */
export function readJson(contentType: string | undefined, body: Buffer): Payload {
  const mediaType = mediaTypeOf(contentType);
  return mediaType === "application/json"
    ? parseJson(body.toString("utf8"))
    : { kind: "unsupported", contentType: mediaType };
}

export function parseJson(text: string): Payload {
  try {
    return { kind: "json", value: JSON.parse(text) };
  } catch {
    // The parser's message quotes the sender's body, which must not appear in answers or logs.
    return { kind: "malformed", reason: "the payload is not JSON" };
  }
}
