import * as apigatewayv2 from "@pulumi/aws/apigatewayv2";
import * as lambda from "@pulumi/aws/lambda";
import * as pulumi from "@pulumi/pulumi";
import { createAlarm } from "../foundation/alarm";
import { createLogGroup } from "../foundation/logGroup";
import type { Settings } from "../settings";
import { takesWebhooks } from "../settings/derived";
import type { StackContext } from "../stackContext";

export interface HttpApiArgs {
  stack: StackContext;
  /** Origins whose pages may call the API, such as `https://ci.acme.example`, or `*`. Default: none. */
  origins?: string[] | undefined;
}

export interface RouteArgs {
  /** The function that handles the routes. */
  function: { arn: pulumi.Output<string>; functionName: pulumi.Output<string> };
  /** Routes by resource name: `POST /webhooks/github/{repository+}`. */
  routes: Record<string, string>;
  /** The requests that may invoke the function: method and path without a space; `*` matches any text. */
  invokedBy: string;
}

/** The stack's HTTP API, called by forges, people and CI. */
export class HttpApi extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  readonly apiId: pulumi.Output<string>;
  private readonly api: apigatewayv2.Api;
  private readonly routes: apigatewayv2.Route[] = [];
  private readonly routeKeys: string[] = [];
  private readonly stack: StackContext;

  /** @returns `undefined` in a stack without webhooks, deployments by HTTP and pull requests */
  static from(name: string, { stack, settings }: { stack: StackContext; settings: Settings }): HttpApi | undefined {
    const isCalled = takesWebhooks(settings) || settings.deploymentApi || settings.pullRequests !== undefined;
    return isCalled ? new HttpApi(name, { stack, origins: settings.pullRequests?.origins }) : undefined;
  }

  constructor(
    private readonly name: string,
    { stack, origins = [] }: HttpApiArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("slipway:infra:HttpApi", name, {}, opts);
    this.stack = stack;
    this.api = new apigatewayv2.Api(
      `${name}-api`,
      { protocolType: "HTTP", ...(origins.length === 0 ? {} : { corsConfiguration: sharedWith(origins) }) },
      { parent: this },
    );
    createAlarms(name, this.api, stack, this);
    this.url = this.api.apiEndpoint;
    this.apiId = this.api.id;
    this.registerOutputs({ url: this.url });
  }

  /** Starts to accept requests. Call it after all routes are added: the stage names each of them. */
  open(): void {
    createStage(this.name, this.api, this.routeKeys, this.stack, { parent: this, dependsOn: this.routes });
  }

  /** Routes requests to a function. */
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
    for (const [routeName, routeKey] of Object.entries(args.routes)) {
      this.routes.push(new apigatewayv2.Route(routeName, { apiId: api.id, routeKey, target }, opts));
      this.routeKeys.push(routeKey);
    }
    new lambda.Permission(
      name,
      {
        action: "lambda:InvokeFunction",
        function: args.function.functionName,
        principal: this.stack.account.servicePrincipal("apigateway"),
        sourceArn: pulumi.interpolate`${api.executionArn}/*/${args.invokedBy}`,
      },
      opts,
    );
  }
}

/** CORS configuration. API Gateway answers preflight requests itself, without invoking a function. */
const sharedWith = (allowOrigins: string[]) => ({
  allowOrigins,
  allowMethods: ["GET", "POST", "DELETE", "OPTIONS"],
  // `*` would not include authorization: https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name
  allowHeaders: ["authorization", "content-type"],
  maxAge: 3600,
});

/** Within five minutes. Occasional requests for missing paths stay below this. */
const CLIENT_ERRORS = 20;

function createAlarms(name: string, api: apigatewayv2.Api, stack: StackContext, parent: pulumi.Resource): void {
  const common = { stack, namespace: "AWS/ApiGateway", statistic: "Sum", dimensions: { ApiId: api.id } } as const;
  createAlarm(
    `${name}-api-5xx`,
    {
      ...common,
      description:
        "A request to the API failed: see the log groups of the API and of the function behind its route. If it was a webhook, the next comparison of the branch heads delivers the push.",
      metrics: ["5xx"],
    },
    { parent },
  );
  createAlarm(
    `${name}-api-4xx`,
    {
      ...common,
      description: `The API refused more than ${CLIENT_ERRORS} requests within five minutes: wrong secrets or tokens, or a flood. See the API's log group for who sends them.`,
      metrics: ["4xx"],
      threshold: CLIENT_ERRORS,
    },
    { parent },
  );
}

/** Requests per second to one route, by all callers: far more than an organisation pushes, far less than a flood. */
const LIMITS = { throttlingRateLimit: 20, throttlingBurstLimit: 40 };

function createStage(
  name: string,
  api: apigatewayv2.Api,
  routeKeys: string[],
  stack: StackContext,
  opts: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): void {
  const logGroup = createLogGroup(`${name}-api-logs`, stack.logRetentionDays, { parent: opts.parent });
  new apigatewayv2.Stage(
    `${name}-api`,
    {
      apiId: api.id,
      // The stage without a path prefix.
      name: "$default",
      autoDeploy: true,
      defaultRouteSettings: LIMITS,
      // Limits apply per route, so a flood of requests to one route does not block the others.
      routeSettings: routeKeys.map((routeKey) => ({ routeKey, ...LIMITS })),
      accessLogSettings: { destinationArn: logGroup.arn, format: JSON.stringify(ACCESS_LOG) },
    },
    opts,
  );
}

// Does not log URLs, because callers may put their token in the query.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
const ACCESS_LOG = {
  requestId: "$context.requestId",
  ip: "$context.identity.sourceIp",
  time: "$context.requestTime",
  route: "$context.routeKey",
  status: "$context.status",
  error: "$context.integrationErrorMessage",
};
