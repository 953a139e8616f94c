import { expect } from "chai";
import { fromProxyResult, toProxyEvent } from "../../../../rehearsal/cloud/apiGateway/proxyEvent";

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

describe("A proxy event", () => {
  const SCOPE = { accountId: "1", apiId: "a", domainName: "a.example", stage: "$default", routeKey: "$default" };
  const eventOf = (target: string, headers = {}) =>
    toProxyEvent(
      { id: "1", method: "GET", target, headers, body: Buffer.alloc(0), sourceIp: "10.0.0.1", at: 1_767_603_600_000 },
      SCOPE,
    );

  for (const [target, rawPath, query] of [
    ["/a%20b/%C3%A9?x=%20", "/a b/é", "x=%20"],
    ["/me%3Fadmin=1?x=1", "/me", "x=1"],
    ["/a%zz", "/a%zz", ""],
  ] as const)
    it(`of ${target} has the path ${rawPath}, decoded as API Gateway decodes it`, () => {
      const event = eventOf(target);
      expect([event.rawPath, event.requestContext.http.path, event.rawQueryString]).to.deep.equal([
        rawPath,
        rawPath,
        query,
      ]);
    });

  it("has the sender's address behind those that the sender claims", () => {
    expect(eventOf("/", { "x-forwarded-for": "1.2.3.4" }).headers["x-forwarded-for"]).to.equal("1.2.3.4, 10.0.0.1");
    expect(eventOf("/").headers["x-forwarded-for"]).to.equal("10.0.0.1");
  });

  it("has a trace id with its time, unless it brings one", () => {
    expect(eventOf("/").headers["x-amzn-trace-id"]).to.match(/^Root=1-695b7d90-[0-9a-f]{24}$/);
    const given = { "x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678" };
    expect(eventOf("/", given).headers["x-amzn-trace-id"]).to.equal(given["x-amzn-trace-id"]);
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
