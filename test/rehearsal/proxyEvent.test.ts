import { expect } from "chai";
import { fromProxyResult, toProxyEvent } from "../../rehearsal/cloud/apiGateway/proxyEvent";

describe("The body of a proxy event", () => {
  const cases: { type?: string; base64: boolean }[] = [
    { type: "application/json", base64: false },
    { type: "application/json; charset=utf-8", base64: false },
    { type: "Text/Plain", base64: false },
    { type: "application/xml", base64: false },
    { type: "application/javascript", base64: false },
    { type: "application/x-www-form-urlencoded", base64: true },
    { type: "application/vnd.api+json", base64: true },
    { type: "application/octet-stream", base64: true },
    { base64: true },
  ];
  for (const { type, base64 } of cases)
    it(`of ${type ?? "no type"} is ${base64 ? "base64" : "text"}`, () => {
      const event = toProxyEvent(
        {
          id: "1",
          method: "POST",
          target: "/",
          headers: { "content-type": type },
          body: Buffer.from("a=1"),
          sourceIp: "127.0.0.1",
          at: 0,
        },
        { accountId: "1", apiId: "a", domainName: "a.example", stage: "$default", routeKey: "$default" },
      );
      expect([event.isBase64Encoded, event.body]).to.deep.equal([base64, base64 ? "YT0x" : "a=1"]);
    });
});

describe("The answer for a function's value", () => {
  const json = { "content-type": "application/json" };
  const plain = { "content-type": "text/plain; charset=utf-8" };
  for (const [value, expected] of [
    [{ a: 1 }, { status: 200, headers: json, body: '{"a":1}' }],
    ["text", { status: 200, headers: json, body: "text" }],
    [null, { status: 200, headers: json, body: "null" }],
    [{ statusCode: 204 }, { status: 204, headers: plain, body: "" }],
    [
      { statusCode: "200", body: "x" },
      { status: 200, headers: plain, body: "x" },
    ],
    [
      { statusCode: 200, headers: { "Content-Type": "text/html" } },
      { status: 200, headers: { "content-type": "text/html" }, body: "" },
    ],
  ] as const)
    it(JSON.stringify(value), () => {
      expect(fromProxyResult(JSON.stringify(value))).to.deep.equal(expected);
    });

  for (const value of [{ statusCode: 700 }, { statusCode: 200, body: {} }, { statusCode: 200, headers: "none" }])
    it(`${JSON.stringify(value)} is refused`, () => {
      expect(() => fromProxyResult(JSON.stringify(value))).to.throw(
        /doesn't match the format that API Gateway expects/,
      );
    });
});
