import { request } from "node:http";
import { expect } from "chai";
import { createApiGateway } from "../../../../rehearsal/cloud/apiGateway";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { namedRefusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { declareFunction } from "../lambda/support";

const ORIGIN = "https://ci.acme.example";
const SHARED = {
  allowOrigins: [ORIGIN],
  allowMethods: ["GET", "POST", "DELETE", "OPTIONS"],
  allowHeaders: ["authorization", "content-type"],
  maxAge: 3600,
};
const ALLOWED = { "access-control-allow-origin": ORIGIN };
const PREFLIGHT = {
  ...ALLOWED,
  "access-control-allow-methods": "GET,POST,DELETE,OPTIONS",
  "access-control-allow-headers": "authorization,content-type",
  "access-control-max-age": "3600",
};

/** A function that has an opinion of its own about origins. */
const OPINIONATED = `exports.handler = async ({ requestContext: { http } }) => ({
  statusCode: 201,
  headers: { "Access-Control-Allow-Origin": "https://elsewhere.example", "access-control-allow-methods": "PUT", "x-method": http.method },
  body: "made",
})`;

describe("An HTTP API's CORS", () => {
  let cloud: TestCloud;
  let host: string;
  let apiId: string;

  beforeEach(async () => {
    cloud = await createTestCloud([createApiGateway, createLambda, createLogs]);
  });
  afterEach(() => cloud.close());

  const declareApi = (corsConfiguration: object | undefined) =>
    cloud.declare("aws:apigatewayv2/api:Api", "api", { protocolType: "HTTP", corsConfiguration });

  async function declare(corsConfiguration?: object, routeKey = "POST /pullrequests"): Promise<void> {
    const { arn, name } = await declareFunction(cloud, "pullRequests", OPINIONATED);
    ({ id: apiId } = await declareApi(corsConfiguration));
    const { id } = await cloud.declare("aws:apigatewayv2/integration:Integration", "i", {
      apiId,
      integrationType: "AWS_PROXY",
      integrationUri: arn,
      payloadFormatVersion: "2.0",
    });
    await cloud.declare("aws:apigatewayv2/route:Route", "r", { apiId, routeKey, target: `integrations/${id}` });
    await cloud.declare("aws:apigatewayv2/stage:Stage", "s", { apiId, name: "$default", autoDeploy: true });
    await cloud.declare("aws:lambda/permission:Permission", "p", {
      action: "lambda:InvokeFunction",
      function: name,
      principal: "apigateway.amazonaws.com",
    });
    host = `${apiId}.execute-api.us-east-1.amazonaws.com`;
  }

  /** By the API's own name, and not by fetch, which sends no `origin` of one's own. */
  function ask(method: string, headers: Record<string, string> = {}, path = "/pullrequests") {
    return new Promise<{ status: number; cors: object; method: unknown }>((resolve, reject) => {
      const sent = request(
        `${cloud.addresses.get(host)}${path}`,
        { method, headers: { host, ...headers }, agent: false },
        (response) => {
          response.resume();
          const cors = Object.entries(response.headers).filter(([name]) => name.startsWith("access-control-"));
          const { statusCode: status = 0 } = response;
          resolve({ status, cors: Object.fromEntries(cors), method: response.headers["x-method"] });
        },
      );
      sent.on("error", reject).end();
    });
  }
  const preflight = (origin = ORIGIN) => ({ origin, "access-control-request-method": "POST" });

  it("answers preflight requests itself, whatever the routes, and calls no function", async () => {
    await declare(SHARED);
    for (const path of ["/pullrequests", "/nowhere"])
      expect(await ask("OPTIONS", preflight(), path)).to.deep.equal({
        status: 204,
        cors: PREFLIGHT,
        method: undefined,
      });
    expect(cloud.events.map((it) => it.kind)).to.deep.equal(["api-request", "api-request"]);
    expect(cloud.events[0]).to.deep.equal({
      kind: "api-request",
      api: apiId,
      method: "OPTIONS",
      path: "/pullrequests",
      status: 204,
    });
  });

  it("adds its headers to a function's answer in place of the function's own", async () => {
    await declare(SHARED);
    expect(await ask("POST", { origin: ORIGIN })).to.deep.equal({ status: 201, cors: ALLOWED, method: "POST" });
  });

  it("leaves the function's headers where the API has no configuration, and asks it for preflights too", async () => {
    await declare(undefined, "ANY /pullrequests");
    const cors = {
      "access-control-allow-origin": "https://elsewhere.example",
      "access-control-allow-methods": "PUT",
    };
    expect(await ask("POST", { origin: ORIGIN })).to.deep.equal({ status: 201, cors, method: "POST" });
    expect(await ask("OPTIONS", preflight())).to.deep.equal({ status: 201, cors, method: "OPTIONS" });
  });

  it("takes OPTIONS that is no preflight for a request like any other", async () => {
    await declare(SHARED, "ANY /pullrequests");
    expect(await ask("OPTIONS", { origin: ORIGIN })).to.deep.equal({ status: 201, cors: ALLOWED, method: "OPTIONS" });
  });

  const origins: [allowed: string[], origin: string | undefined, header: string | undefined][] = [
    [[ORIGIN, "https://www.acme.example"], "https://www.acme.example", "https://www.acme.example"],
    [[ORIGIN], "https://evil.example", undefined],
    [[ORIGIN], `${ORIGIN}.evil.example`, undefined],
    [[ORIGIN], "http://ci.acme.example", undefined],
    [[ORIGIN], undefined, undefined],
    [["*"], "https://evil.example", "*"],
    [["https://*"], "https://any.example", "https://any.example"],
    [["https://*"], "http://any.example", undefined],
  ];
  for (const [allowOrigins, origin, header] of origins)
    it(`tells ${origin ?? "nobody"} ${header ?? "nothing"} where ${allowOrigins.join(" and ")} may ask`, async () => {
      await declare({ ...SHARED, allowOrigins });
      const expected = header === undefined ? {} : { "access-control-allow-origin": header };
      const headers: Record<string, string> = origin === undefined ? {} : { origin };
      expect(await ask("POST", headers)).to.deep.equal({ status: 201, cors: expected, method: "POST" });
      if (origin === undefined) return;
      expect(await ask("OPTIONS", preflight(origin))).to.deep.equal({
        status: 204,
        cors: header === undefined ? {} : { ...PREFLIGHT, ...expected },
        method: undefined,
      });
    });

  it("tells which headers a page may read, and that credentials may come", async () => {
    await declare({ ...SHARED, exposeHeaders: ["location", "x-method"], allowCredentials: true });
    expect((await ask("POST", { origin: ORIGIN })).cors).to.deep.equal({
      ...ALLOWED,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "location,x-method",
    });
  });

  const mistakes: [what: string, change: object, message: string][] = [
    [
      "an origin without a scheme",
      { allowOrigins: ["ci.acme.example"] },
      "BadRequestException: Invalid format for origin ci.acme.example: http:// or https:// and a host, or *",
    ],
    [
      "an origin with a path",
      { allowOrigins: ["https://ci.acme.example/"] },
      "BadRequestException: Invalid format for origin https://ci.acme.example/: http:// or https:// and a host, or *",
    ],
    [
      "credentials from everywhere",
      { allowOrigins: ["*"], allowCredentials: true },
      "BadRequestException: allow-credentials is not supported if 'allow-origin' is *",
    ],
    ["more than a day", { maxAge: 86_401 }, "BadRequestException: Invalid maxAge 86401: -1 to 86400 seconds"],
  ];
  for (const [what, change, message] of mistakes)
    it(`refuses ${what}`, async () => {
      expect(await namedRefusal(declareApi({ ...SHARED, ...change }))).to.equal(message);
    });
});
