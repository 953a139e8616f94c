import { expect } from "chai";
import {
  actionOf,
  conditionOf,
  type RequestLine,
  type Rule,
  route,
} from "../../../../rehearsal/cloud/loadBalancer/routing";
import { matches } from "../../../../rehearsal/cloud/loadBalancer/targetGroup";

const line = (more: Partial<RequestLine>): RequestLine => ({
  host: "acme.example",
  path: "/",
  query: "",
  method: "GET",
  headers: {},
  ...more,
});

describe("load balancer rules", () => {
  const conditions: [string, Parameters<typeof conditionOf>[0], Partial<RequestLine>, boolean][] = [
    ["a host", { hostHeader: { values: ["shop.acme.example"] } }, { host: "Shop.acme.example" }, true],
    ["a host by wildcard", { hostHeader: { values: ["*.acme.example"] } }, { host: "a.b.acme.example" }, true],
    ["no other host", { hostHeader: { values: ["*.acme.example"] } }, { host: "acme.example" }, false],
    ["one of several hosts", { hostHeader: { values: ["a.example", "b.example"] } }, { host: "b.example" }, true],
    ["a path", { pathPattern: { values: ["/img/*"] } }, { path: "/img/a/b.png" }, true],
    ["a path by case", { pathPattern: { values: ["/img/*"] } }, { path: "/IMG/a.png" }, false],
    ["one character", { pathPattern: { values: ["/v?/"] } }, { path: "/v12/" }, false],
    ["a method", { httpRequestMethod: { values: ["POST"] } }, { method: "POST" }, true],
    ["no other method", { httpRequestMethod: { values: ["POST"] } }, {}, false],
    ["a header", { httpHeader: { httpHeaderName: "X-Beta", values: ["y*"] } }, { headers: { "x-beta": "Yes" } }, true],
    ["no missing header", { httpHeader: { httpHeaderName: "X-Beta", values: ["y*"] } }, {}, false],
  ];
  for (const [name, condition, request, holds] of conditions)
    it(`match ${name}`, () => {
      expect(conditionOf(condition)(line(request))).to.equal(holds);
    });

  it("are asked by priority, and all their conditions must hold", () => {
    const rule = (priority: number, body: string, ...declared: Parameters<typeof conditionOf>[0][]): Rule => ({
      priority,
      conditions: declared.map(conditionOf),
      action: { type: "fixed-response", status: 200, contentType: "text/plain", body },
    });
    const rules = [
      rule(50000, "rest", { pathPattern: { values: ["/*"] } }),
      rule(2, "api", { hostHeader: { values: ["acme.example"] } }, { pathPattern: { values: ["/api/*"] } }),
      rule(1, "status", { pathPattern: { values: ["/api/status"] } }),
    ];
    const bodies = ["/api/status", "/api/x", "/x"].map((path) => route(rules, line({ path })));
    expect(bodies.map((it) => it?.type === "fixed-response" && it.body)).to.deep.equal(["status", "api", "rest"]);
    expect(route([], line({}))).to.equal(undefined);
  });

  const redirects: [Record<string, string>, string][] = [
    [{ protocol: "HTTPS", port: "443" }, "https://acme.example:443/a/b?c=d"],
    [{ host: "new.#{host}", path: "/old/#{path}", query: "" }, "http://new.acme.example:80/old/a/b"],
  ];
  for (const [redirect, location] of redirects)
    it(`redirect to ${location}`, () => {
      const declared = [{ type: "redirect", redirect: { statusCode: "HTTP_301", ...redirect } }];
      const action = actionOf(declared, { protocol: "HTTP", port: 80 });
      const to = action.type === "redirect" && [action.status, action.location(line({ path: "/a/b", query: "c=d" }))];
      expect(to).to.deep.equal([301, location]);
    });

  it("refuse what is not simulated", () => {
    const listener = { protocol: "HTTP", port: 80 };
    expect(() => actionOf([{ type: "authenticate-oidc" }], listener)).to.throw(
      "the action authenticate-oidc is not simulated",
    );
    expect(() => conditionOf({ sourceIp: { values: ["10.0.0.0/8"] } })).to.throw(
      "the condition sourceIp is not simulated",
    );
  });

  const matchers: [string, number, boolean][] = [
    ["200", 200, true],
    ["200", 204, false],
    ["200,301", 301, true],
    ["200-399", 399, true],
    ["200-299,404", 400, false],
  ];
  for (const [matcher, status, expected] of matchers)
    it(`count ${status} for ${matcher} as ${expected ? "healthy" : "unhealthy"}`, () => {
      expect(matches(matcher, status)).to.equal(expected);
    });
});
