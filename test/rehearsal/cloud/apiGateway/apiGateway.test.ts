import { request } from "node:http";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { createClock } from "../../../../rehearsal/clock";
import { createApiGateway } from "../../../../rehearsal/cloud/apiGateway";
import { createThrottle } from "../../../../rehearsal/cloud/apiGateway/throttle";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { declareFunction, isKind, linesOf } from "../lambda/support";

const ECHO = "exports.handler = async (event) => event";
const PATH = "/webhooks/github";

describe("An HTTP API", () => {
  let cloud: TestCloud;
  let url: string;

  beforeEach(async () => {
    cloud = await createTestCloud([createApiGateway, createLambda, createLogs]);
  });
  afterEach(() => cloud.close());

  interface Options {
    routeKey?: string;
    permission?: false | { sourceArn?: string };
    integration?: Record<string, unknown>;
    stage?: Record<string, unknown>;
    timeout?: number;
  }

  async function declare(code: string, options: Options = {}) {
    const { routeKey = `POST ${PATH}`, permission = {}, integration = {}, stage = {}, timeout = 3 } = options;
    const { arn, name } = await declareFunction(cloud, "webhook", code, { timeout });
    const api = await cloud.declare("aws:apigatewayv2/api:Api", "api", { protocolType: "HTTP" });
    const { id } = await cloud.declare("aws:apigatewayv2/integration:Integration", "webhook", {
      apiId: api.id,
      integrationType: "AWS_PROXY",
      integrationUri: arn,
      payloadFormatVersion: "2.0",
      ...integration,
    });
    await cloud.declare("aws:apigatewayv2/route:Route", "webhook", {
      apiId: api.id,
      routeKey,
      target: `integrations/${id}`,
    });
    await cloud.declare("aws:cloudwatch/logGroup:LogGroup", "access", { name: "access" });
    await cloud.declare("aws:apigatewayv2/stage:Stage", "api", {
      apiId: api.id,
      name: "$default",
      autoDeploy: true,
      accessLogSettings: {
        destinationArn: "arn:aws:logs:us-east-1:123456789012:log-group:access",
        format:
          '{"id":"$context.requestId","route":"$context.routeKey","status":"$context.status","error":"$context.integrationErrorMessage","other":"$context.nothing"}',
      },
      ...stage,
    });
    const executionArn = `arn:aws:execute-api:us-east-1:123456789012:${api.id}`;
    if (permission !== false)
      await cloud.declare("aws:lambda/permission:Permission", "webhook", {
        action: "lambda:InvokeFunction",
        function: name,
        principal: "apigateway.amazonaws.com",
        sourceArn: `${executionArn}/*/${routeKey.replace(" ", "")}`,
        ...permission,
      });
    url = `${cloud.addresses.get(`${api.id}.execute-api.us-east-1.amazonaws.com`)}/${cloud.token}`;
    return { apiId: api.id, api: api.outputs, executionArn };
  }

  const post = (path = PATH, init: RequestInit = {}) =>
    fetch(`${url}${path}`, { method: "POST", body: "{}", headers: { "content-type": "application/json" }, ...init });
  const answer = async (response: Response) => [response.status, await response.text()];
  const logged = () => linesOf(cloud, "access").map((it) => JSON.parse(it));

  it("passes a request on in payload format 2.0", async () => {
    const { apiId, api } = await declare(ECHO);
    expect(api).to.include({ apiEndpoint: `https://${apiId}.execute-api.us-east-1.amazonaws.com` });
    const sent = request(`${url}${PATH}?a=1&a=2&b=%20x`, {
      method: "POST",
      headers: {
        "x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678",
        "Content-Type": "application/json",
        "X-List": ["1", "2"],
        Cookie: "c=1; d=2",
        "User-Agent": "hooks/1",
      },
    });
    const received = new Promise<string>((resolve) => sent.on("response", (response) => resolve(text(response))));
    sent.end('{"é":1}');
    const { requestContext, ...event } = JSON.parse(await received);
    expect(event).to.deep.equal({
      version: "2.0",
      routeKey: `POST ${PATH}`,
      rawPath: PATH,
      rawQueryString: "a=1&a=2&b=%20x",
      cookies: ["c=1", "d=2"],
      headers: {
        "content-length": "8",
        "content-type": "application/json",
        host: `${apiId}.execute-api.us-east-1.amazonaws.com`,
        "user-agent": "hooks/1",
        "x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
        "x-list": "1, 2",
      },
      queryStringParameters: { a: "1,2", b: " x" },
      body: '{"é":1}',
      isBase64Encoded: false,
    });
    const { requestId, timeEpoch, time, ...context } = requestContext;
    expect(context).to.deep.equal({
      accountId: "123456789012",
      apiId,
      domainName: `${apiId}.execute-api.us-east-1.amazonaws.com`,
      domainPrefix: apiId,
      http: { method: "POST", path: PATH, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "hooks/1" },
      routeKey: `POST ${PATH}`,
      stage: "$default",
    });
    expect([requestId.length, timeEpoch, time]).to.deep.equal([
      16,
      Date.UTC(2026, 0, 5, 9),
      "05/Jan/2026:09:00:00 +0000",
    ]);
  });

  it("answers as the function says, and tells it", async () => {
    const { apiId } = await declare(
      "exports.handler = async () => ({ statusCode: 202, headers: { 'X-Outcome': 'queued' }, cookies: ['a=1', 'b=2'], body: 'cXVldWVk', isBase64Encoded: true })",
    );
    const response = await post();
    expect(response.headers.get("x-outcome")).to.equal("queued");
    expect(response.headers.getSetCookie()).to.deep.equal(["a=1", "b=2"]);
    expect(response.headers.get("apigw-requestid")).to.equal(logged()[0].id);
    expect(await answer(response)).to.deep.equal([202, "queued"]);
    expect(cloud.events.filter(isKind("api-request"))).to.deep.equal([
      { kind: "api-request", api: apiId, method: "POST", path: PATH, status: 202 },
    ]);
    expect(logged()).to.deep.equal([
      { id: logged()[0].id, route: `POST ${PATH}`, status: "202", error: "-", other: "-" },
    ]);
  });

  for (const [what, path, method] of [
    ["path", "/webhooks/gitlab", "POST"],
    ["method", PATH, "PUT"],
  ] as const)
    it(`knows no other ${what} than its routes'`, async () => {
      await declare(ECHO);
      expect(await answer(await post(path, { method }))).to.deep.equal([404, '{"message":"Not Found"}']);
      expect(logged()[0]).to.include({ route: "-", status: "404" });
    });

  it("sends everything to $default, where that is the route", async () => {
    await declare("exports.handler = async (event) => event.rawPath", { routeKey: "$default" });
    expect(await answer(await post("/a/b?c"))).to.deep.equal([200, "/a/b"]);
  });

  for (const [what, permission] of [
    ["a permission", false],
    ["a permission for this route", { sourceArn: "arn:aws:execute-api:us-east-1:123456789012:*/*/GET/other" }],
  ] as const)
    it(`fails without ${what} to invoke the function, and the denial is on record`, async () => {
      const { executionArn } = await declare(ECHO, { permission });
      expect(await answer(await post())).to.deep.equal([500, '{"message":"Internal Server Error"}']);
      const [denied] = cloud.trail.filter((it) => it.outcome === "denied");
      expect([denied?.principal, denied?.operation]).to.deep.equal(["apigateway.amazonaws.com", "Invoke"]);
      expect(logged()[0].error).to.contain(
        "Service: apigateway.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:webhook",
      );
      expect(executionArn).to.match(/^arn:aws:execute-api:us-east-1:123456789012:[0-9a-f]{10}$/);
    });

  it("says no more of a function's error than that there was one", async () => {
    await declare("exports.handler = async () => { throw new Error('secret') }");
    expect(await answer(await post())).to.deep.equal([500, '{"message":"Internal Server Error"}']);
    expect(logged()[0].error).to.equal("secret");
  });

  it("does not wait longer than the integration's timeout", async () => {
    await declare("exports.handler = () => new Promise(() => {})", { integration: { timeoutMilliseconds: 50 } });
    expect(await answer(await post())).to.deep.equal([503, '{"message":"Service Unavailable"}']);
  });

  for (const [what, size] of [
    ["API Gateway takes", 10 * 1024 * 1024 + 1],
    ["Lambda takes", 6 * 1024 * 1024],
  ] as const)
    it(`refuses a larger body than ${what}`, async () => {
      await declare(ECHO);
      const response = await post(PATH, { body: "x".repeat(size) });
      expect(await answer(response)).to.deep.equal([413, '{"message":"Request Entity Too Large"}']);
    });

  it("throttles what goes beyond the stage's burst", async () => {
    await declare("exports.handler = async () => 'ok'", {
      stage: { defaultRouteSettings: { throttlingRateLimit: 1, throttlingBurstLimit: 1 } },
    });
    expect(await answer(await post())).to.deep.equal([200, "ok"]);
    expect(await answer(await post())).to.deep.equal([429, '{"message":"Too Many Requests"}']);
    await cloud.clock.turn(1000);
    expect(await answer(await post())).to.deep.equal([200, "ok"]);
  });

  it("throttles each route that has settings of its own by itself: a flood to one leaves the others open", async () => {
    const one = { throttlingRateLimit: 1, throttlingBurstLimit: 1 };
    const { apiId } = await declare("exports.handler = async () => 'ok'", {
      stage: { defaultRouteSettings: one, routeSettings: [{ routeKey: `POST ${PATH}`, ...one }] },
    });
    const { id } = await cloud.declare("aws:apigatewayv2/integration:Integration", "other", {
      apiId,
      integrationType: "AWS_PROXY",
      integrationUri: "arn:aws:lambda:us-east-1:123456789012:function:webhook",
      payloadFormatVersion: "2.0",
    });
    await cloud.declare("aws:apigatewayv2/route:Route", "other", {
      apiId,
      routeKey: "POST /other",
      target: `integrations/${id}`,
    });
    expect((await post("/other")).status).to.not.equal(429);
    expect((await post("/other")).status).to.equal(429);
    expect((await post("/other")).status).to.equal(429);
    expect((await post()).status).to.equal(200);
    expect((await post()).status).to.equal(429);
  });

  it("has no stage with settings of a route that is not there", async () => {
    const routeSettings = [{ routeKey: "POST /other", throttlingRateLimit: 1, throttlingBurstLimit: 1 }];
    expect((await refusal(declare(ECHO, { stage: { routeSettings } }))).message).to.equal(
      "Unable to find Route by key POST /other within the provided RouteSettings",
    );
  });

  const refusals: { what: string; options: Options; message: string }[] = [
    {
      what: "payload format 1.0",
      options: { integration: { payloadFormatVersion: "1.0" } },
      message: "aws:apigatewayv2/integration:Integration webhook: payloadFormatVersion 1.0 is not simulated.",
    },
    {
      what: "a greedy path parameter",
      options: { routeKey: "GET /{proxy+}/pulls" },
      message: "aws:apigatewayv2/route:Route webhook: routeKey GET /{proxy+}/pulls is not simulated.",
    },
    {
      what: "a stage that is not deployed",
      options: { stage: { autoDeploy: false } },
      message: "aws:apigatewayv2/stage:Stage api: autoDeploy false is not simulated.",
    },
  ];
  for (const { what, options, message } of refusals)
    it(`is refused with ${what}`, async () => {
      expect((await refusal(declare(ECHO, options))).message).to.equal(message);
    });
});

describe("A throttle", () => {
  it("fills at its rate, up to its burst", async () => {
    const clock = createClock(0, 0);
    const admits = createThrottle(clock, 2, 3);
    const admitted = (requests: number) => Array.from({ length: requests }, admits).filter(Boolean).length;
    expect(admitted(5)).to.equal(3);
    await clock.turn(1000);
    expect(admitted(5)).to.equal(2);
    await clock.turn(60_000);
    expect(admitted(5)).to.equal(3);
  });
});
