import * as apigatewayv2 from "@pulumi/aws/apigatewayv2";
import * as lambda from "@pulumi/aws/lambda";
import * as pulumi from "@pulumi/pulumi";
import { createLogGroup } from "./logGroup";
import type { Operations } from "./operations";

export interface ApiArgs {
  operations: Operations;
  /** Whose pages may call it from a browser, `https://ci.acme.example` or `*`. Default: nobody's. */
  origins?: string[] | undefined;
}

export interface RouteArgs {
  /** What the routes lead to. */
  function: { arn: pulumi.Output<string>; functionName: pulumi.Output<string> };
  /** `POST /webhooks/github`, each by the name of its resource. */
  routes: Record<string, string>;
  /** The requests that may invoke the function, as method and path without a space; `*` stands for any text. */
  invokedBy: string;
}

/** The stack's HTTP API: what forges and people call. */
export class Api extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  readonly apiId: pulumi.Output<string>;
  private readonly api: apigatewayv2.Api;
  private readonly operations: Operations;

  constructor(name: string, { operations, origins = [] }: ApiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Api", name, {}, opts);
    this.operations = operations;
    this.api = new apigatewayv2.Api(
      `${name}-api`,
      { protocolType: "HTTP", ...(origins.length === 0 ? {} : { corsConfiguration: sharedWith(origins) }) },
      { parent: this },
    );
    createStage(name, this.api, operations, this);
    this.url = this.api.apiEndpoint;
    this.apiId = this.api.id;
    this.registerOutputs({ url: this.url });
  }

  /** Leads requests to a function. */
  addRoutes(name: string, args: RouteArgs, opts: { parent: pulumi.Resource }): void {
    const { api } = this;
    const integration = new apigatewayv2.Integration(
      name,
      {
        apiId: api.id,
        integrationType: "AWS_PROXY",
        integrationUri: args.function.arn,
        payloadFormatVersion: "2.0",
      },
      opts,
    );
    const target = pulumi.interpolate`integrations/${integration.id}`;
    for (const [routeName, routeKey] of Object.entries(args.routes))
      new apigatewayv2.Route(routeName, { apiId: api.id, routeKey, target }, opts);
    new lambda.Permission(
      name,
      {
        action: "lambda:InvokeFunction",
        function: args.function.functionName,
        principal: this.operations.account.servicePrincipal("apigateway"),
        sourceArn: pulumi.interpolate`${api.executionArn}/*/${args.invokedBy}`,
      },
      opts,
    );
  }
}

/** What browsers are told. API Gateway answers their preflight requests itself, before any function. */
const sharedWith = (allowOrigins: string[]) => ({
  allowOrigins,
  allowMethods: ["GET", "POST", "DELETE", "OPTIONS"],
  // `*` would not cover authorization: https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name
  allowHeaders: ["authorization", "content-type"],
  maxAge: 3600,
});

function createStage(name: string, api: apigatewayv2.Api, operations: Operations, parent: pulumi.Resource): void {
  const logGroup = createLogGroup(`${name}-api-logs`, operations.logRetentionDays, { parent });
  new apigatewayv2.Stage(
    `${name}-api`,
    {
      apiId: api.id,
      // The stage that has no part in the path.
      name: "$default",
      autoDeploy: true,
      // Requests a second, over all callers: far more than an organisation pushes, far less than a flood.
      defaultRouteSettings: { throttlingRateLimit: 20, throttlingBurstLimit: 40 },
      accessLogSettings: { destinationArn: logGroup.arn, format: JSON.stringify(ACCESS_LOG) },
    },
    { parent },
  );
}

// No address: callers may put their token in the query.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
const ACCESS_LOG = {
  requestId: "$context.requestId",
  ip: "$context.identity.sourceIp",
  time: "$context.requestTime",
  route: "$context.routeKey",
  status: "$context.status",
  error: "$context.integrationErrorMessage",
};
