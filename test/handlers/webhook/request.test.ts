import { expect } from "chai";
import { bodyBytes } from "../../../handlers/shared/http/request";
import { readPayload } from "../../../handlers/webhook/request";

describe("webhook request", () => {
  it("has the bytes that were sent, encoded or not", () => {
    const text = '{"name":"Zoë"}';
    const encoded = Buffer.from(text).toString("base64");
    expect(bodyBytes({ headers: {}, body: text, isBase64Encoded: false })).to.deep.equal(Buffer.from(text));
    expect(bodyBytes({ headers: {}, body: encoded, isBase64Encoded: true })).to.deep.equal(Buffer.from(text));
    expect(bodyBytes({ headers: {}, isBase64Encoded: false })).to.deep.equal(Buffer.alloc(0));
  });

  const form = "application/x-www-form-urlencoded";
  const table: [string, string | undefined, string, object][] = [
    ["JSON", "application/json", '{"a":1}', { kind: "json", value: { a: 1 } }],
    ["JSON with a charset", "Application/JSON; charset=utf-8", "[]", { kind: "json", value: [] }],
    ["a form", form, "payload=%7B%22a%22%3A%22b+c%22%7D", { kind: "json", value: { a: "b c" } }],
    ["a form without payload", form, "other=1", { kind: "malformed", reason: "the form has no field payload" }],
    ["a form whose payload is not JSON", form, "payload=%7B", { kind: "malformed", reason: "the payload is not JSON" }],
    ["no JSON", "application/json", "{", { kind: "malformed", reason: "the payload is not JSON" }],
    ["nothing", "application/json", "", { kind: "malformed", reason: "the payload is not JSON" }],
    ["text", "text/plain", "{}", { kind: "unsupported", contentType: "text/plain" }],
    ["no content type", undefined, "{}", { kind: "unsupported", contentType: "" }],
  ];
  for (const [what, contentType, body, payload] of table) {
    it(`with ${what} is read as ${JSON.stringify(payload)}`, () => {
      expect(readPayload(contentType, Buffer.from(body))).to.deep.equal(payload);
    });
  }
});
