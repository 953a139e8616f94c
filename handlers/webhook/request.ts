import { mediaTypeOf, type Payload, parseJson, readJson } from "../shared/http/request";

/** Parses the payload in either content type that GitHub offers for webhooks; the form is its default. */
export function readPayload(contentType: string | undefined, body: Buffer): Payload {
  if (mediaTypeOf(contentType) !== "application/x-www-form-urlencoded") {
    return readJson(contentType, body);
  }
  const payload = new URLSearchParams(body.toString("utf8")).get("payload");
  return payload === null ? { kind: "malformed", reason: "the form has no field payload" } : parseJson(payload);
}
