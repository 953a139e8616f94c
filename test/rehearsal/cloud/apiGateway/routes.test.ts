import { expect } from "chai";
import { createApiGateway } from "../../../../rehearsal/cloud/apiGateway";
import { matchRoute } from "../../../../rehearsal/cloud/apiGateway/routing";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { namedRefusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { declareFunction } from "../lambda/support";

const ECHO = `exports.handler = async (event) => ({
  statusCode: 200,
  body: JSON.stringify([process.env.AWS_LAMBDA_FUNCTION_NAME, event.routeKey, event.pathParameters, event.queryStringParameters]),
})`;

describe("The routes of an HTTP API", () => {
  let cloud: TestCloud;
  let apiId: string;
  let url: string;

  beforeEach(async () => {
    cloud = await createTestCloud([createApiGateway, createLambda, createLogs]);
    const api = await cloud.declare("aws:apigatewayv2/api:Api", "api", { protocolType: "HTTP" });
    apiId = api.id;
    url = `${cloud.addresses.get(`${apiId}.execute-api.us-east-1.amazonaws.com`)}/${cloud.token}`;
    const stage = { apiId, name: "$default", autoDeploy: true };
    await cloud.declare("aws:apigatewayv2/stage:Stage", "api", stage);
  });
  afterEach(() => cloud.close());

  /** Declares a function of the API, and its routes, each with the permission that it needs. */
  async function route(functionName: string, ...routeKeys: string[]) {
    const { arn } = await declareFunction(cloud, functionName, ECHO);
    const { id } = await cloud.declare("aws:apigatewayv2/integration:Integration", functionName, {
      apiId,
      integrationType: "AWS_PROXY",
      integrationUri: arn,
      payloadFormatVersion: "2.0",
    });
    for (const routeKey of routeKeys) {
      const inputs = { apiId, routeKey, target: `integrations/${id}` };
      await cloud.declare("aws:apigatewayv2/route:Route", routeKey, inputs);
      await permit(functionName, routeKey.replace(" ", ""));
    }
  }
  const permit = (functionName: string, path: string) =>
    cloud.declare("aws:lambda/permission:Permission", functionName, {
      action: "lambda:InvokeFunction",
      function: functionName,
      principal: "apigateway.amazonaws.com",
      sourceArn: `arn:aws:execute-api:us-east-1:123456789012:${apiId}/*/${path}`,
    });
  const answer = async (method: string, path: string) => {
    const response = await fetch(`${url}${path}`, { method });
    return [response.status, await response.json()];
  };

  it("lead to the functions that they name, with the parameters of path and query", async () => {
    await route("webhook", "POST /webhooks/github");
    await route("deployments", "POST /deployments", "GET /deployments/{id}");
    const found = [
      await answer("POST", "/webhooks/github"),
      await answer("POST", "/deployments?dry=1"),
      await answer("GET", "/deployments/0b9e%2Ff7?verbose=yes&verbose=no"),
    ];
    expect(found).to.deep.equal([
      [200, ["webhook", "POST /webhooks/github", null, null]],
      [200, ["deployments", "POST /deployments", null, { dry: "1" }]],
      [200, ["deployments", "GET /deployments/{id}", { id: "0b9e/f7" }, { verbose: "yes,no" }]],
    ]);
    const unknown = { message: "Not Found" };
    for (const [method, path] of [
      ["GET", "/deployments"],
      ["GET", "/deployments/"],
      ["GET", "/deployments/1/log"],
      ["DELETE", "/deployments/1"],
      ["GET", "/"],
    ] as const)
      expect([method, path, ...(await answer(method, path))]).to.deep.equal([method, path, 404, unknown]);
  });

  for (const [path, status] of [
    ["GET/deployments/{id}", 200],
    ["GET/deployments/*", 200],
    ["GET/deployments/1", 500],
    ["POST/deployments/{id}", 500],
  ] as const)
    it(`are ${status === 200 ? "" : "not "}allowed to invoke by a permission for ${path}`, async () => {
      await route("deployments");
      const { arn } = await declareFunction(cloud, "reader", ECHO);
      const { id } = await cloud.declare("aws:apigatewayv2/integration:Integration", "reader", {
        apiId,
        integrationType: "AWS_PROXY",
        integrationUri: arn,
        payloadFormatVersion: "2.0",
      });
      const inputs = { apiId, routeKey: "GET /deployments/{id}", target: `integrations/${id}` };
      await cloud.declare("aws:apigatewayv2/route:Route", "reader", inputs);
      await permit("reader", path);
      expect((await answer("GET", "/deployments/1"))[0]).to.equal(status);
    });

  it("are each of a shape of its own", async () => {
    await route("deployments", "GET /deployments/{id}");
    expect(await namedRefusal(route("others", "GET /deployments/{number}"))).to.equal(
      "ConflictException: Route with key GET /deployments/{id} already exists for this API",
    );
  });
});

describe("The route of a request", () => {
  const ROUTES = [
    "$default",
    "ANY /pets",
    "GET /pets",
    "GET /pets/{id}",
    "GET /pets/dog",
    "ANY /pets/{kind}/{id}",
    "GET /pets/dog/{id}",
    "GET /{kind}/dog/1",
    "GET /pets/{rest+}",
    "GET /hooks/{repository+}",
  ];
  const cases: [request: string, routeKey: string, pathParameters?: Record<string, string>][] = [
    ["GET /pets", "GET /pets"],
    ["POST /pets", "ANY /pets"],
    ["GET /pets/7", "GET /pets/{id}", { id: "7" }],
    ["GET /pets/dog", "GET /pets/dog"],
    ["GET /pets/dog/7", "GET /pets/dog/{id}", { id: "7" }],
    ["POST /pets/dog/7", "ANY /pets/{kind}/{id}", { kind: "dog", id: "7" }],
    ["GET /pets/dog/1", "GET /pets/dog/{id}", { id: "1" }],
    ["GET /cats/dog/1", "GET /{kind}/dog/1", { kind: "cats" }],
    ["GET /pets/a%20b", "GET /pets/{id}", { id: "a b" }],
    ["GET /pets/%zz", "$default"],
    ["GET /hooks/acme/shop/loyalty", "GET /hooks/{repository+}", { repository: "acme/shop/loyalty" }],
    ["GET /hooks/acme%2Fshop", "GET /hooks/{repository+}", { repository: "acme/shop" }],
    ["GET /pets/cat/7/8", "GET /pets/{rest+}", { rest: "cat/7/8" }],
    ["GET /hooks", "$default"],
    ["GET /hooks/", "$default"],
    ["POST /hooks/acme/shop", "$default"],
    ["DELETE /pets/7", "$default"],
    ["GET /Pets", "$default"],
  ];
  for (const [request, routeKey, pathParameters] of cases)
    it(`${request} is ${routeKey}`, () => {
      const [method = "", path = ""] = request.split(" ");
      const expected = pathParameters === undefined ? { routeKey } : { routeKey, pathParameters };
      expect(matchRoute(ROUTES, method, path)).to.deep.equal(expected);
    });

  it("is none where there is no $default", () => {
    expect(matchRoute(["GET /pets"], "GET", "/")).to.equal(undefined);
  });
});
