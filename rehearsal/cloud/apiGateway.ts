import type { ApiArgs } from "@pulumi/aws/apigatewayv2/api";
import type { IntegrationArgs } from "@pulumi/aws/apigatewayv2/integration";
import type { RouteArgs } from "@pulumi/aws/apigatewayv2/route";
import type { StageArgs } from "@pulumi/aws/apigatewayv2/stage";
import type { Unwrap } from "@pulumi/pulumi";
import { openAccessLog } from "./apiGateway/accessLog";
import { type Api, openApi } from "./apiGateway/api";
import { readCors } from "./apiGateway/cors";
import { isRouteKey, shapeOf } from "./apiGateway/routing";
import { createThrottles } from "./apiGateway/throttle";
import { inputsOf } from "./declared";
import { awsError, type Cloud, type Created, type Declaration, type Service } from "./service";

const DEFAULT_STAGE = "$default";

/** Amazon API Gateway: HTTP APIs with Lambda proxy integrations, each answering on a port of its own. */
export function createApiGateway(cloud: Cloud): Service {
  const apis = new Map<string, Api>();

  function find(apiId: string): Api {
    const api = apis.get(apiId);
    if (api === undefined) throw awsError("NotFoundException", `Invalid API identifier specified: ${apiId}`, 404);
    return api;
  }

  async function createApi(declaration: Declaration): Promise<Created> {
    const inputs = inputsOf<Unwrap<ApiArgs>>(declaration, [
      "name",
      "protocolType",
      "corsConfiguration",
      "description",
      "tags",
      "region",
    ]);
    if (inputs.protocolType !== "HTTP") throw notSimulated(declaration, "protocolType", inputs.protocolType);
    const id = cloud.id(10);
    const api = await openApi(cloud, id, inputs.corsConfiguration && readCors(inputs.corsConfiguration));
    apis.set(id, api);
    cloud.addresses.set(api.domainName, api.address);
    return {
      id,
      outputs: {
        name: cloud.physicalName(declaration, inputs.name),
        arn: cloud.arn("apigateway", `/apis/${id}`, { account: "" }),
        apiEndpoint: `https://${api.domainName}`,
        executionArn: api.executionArn,
      },
    };
  }

  function createIntegration(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<IntegrationArgs>>(declaration, [
      "apiId",
      "integrationType",
      "integrationUri",
      "integrationMethod",
      "payloadFormatVersion",
      "timeoutMilliseconds",
      "description",
      "region",
    ]);
    const { integrationType, payloadFormatVersion = "1.0", integrationUri = "", timeoutMilliseconds = 30_000 } = inputs;
    if (integrationType !== "AWS_PROXY") throw notSimulated(declaration, "integrationType", integrationType);
    if (payloadFormatVersion !== "2.0") throw notSimulated(declaration, "payloadFormatVersion", payloadFormatVersion);
    if (timeoutMilliseconds < 50 || timeoutMilliseconds > 30_000)
      throw awsError("BadRequestException", "Timeout should be between 50 ms and 30000 ms");
    // A function's ARN, or an address that contains it.
    const functionArn = /arn:[\w-]+:lambda:[^/]+/.exec(integrationUri)?.[0];
    if (functionArn === undefined) throw awsError("BadRequestException", `Invalid integration URI: ${integrationUri}`);
    const id = cloud.id(7);
    find(inputs.apiId).integrations.set(id, { functionArn, timeoutMilliseconds });
    return { id };
  }

  function createRoute(declaration: Declaration): Created {
    const { apiId, routeKey, target, authorizationType } = inputsOf<Unwrap<RouteArgs>>(declaration, [
      "apiId",
      "routeKey",
      "target",
      "authorizationType",
      "region",
    ]);
    if (authorizationType !== undefined && authorizationType !== "NONE")
      throw notSimulated(declaration, "authorizationType", authorizationType);
    if (!isRouteKey(routeKey)) throw notSimulated(declaration, "routeKey", routeKey);
    const { routes, integrations } = find(apiId);
    const former = [...routes.keys()].find((it) => shapeOf(it) === shapeOf(routeKey));
    if (former !== undefined)
      throw awsError("ConflictException", `Route with key ${former} already exists for this API`, 409);
    const integration = integrations.get(target?.replace("integrations/", "") ?? "");
    if (integration === undefined) throw awsError("BadRequestException", `Invalid target: ${target}`);
    routes.set(routeKey, integration);
    return { id: cloud.id(7) };
  }

  async function createStage(declaration: Declaration): Promise<Created> {
    const inputs = inputsOf<Unwrap<StageArgs>>(declaration, [
      "apiId",
      "name",
      "autoDeploy",
      "accessLogSettings",
      "defaultRouteSettings",
      "routeSettings",
      "description",
      "tags",
      "region",
    ]);
    const api = find(inputs.apiId);
    if (inputs.name !== DEFAULT_STAGE) throw notSimulated(declaration, "the stage name", inputs.name);
    if (inputs.autoDeploy !== true) throw notSimulated(declaration, "autoDeploy", inputs.autoDeploy);
    const { accessLogSettings: log, defaultRouteSettings, routeSettings = [] } = inputs;
    const unknown = routeSettings.find(({ routeKey }) => !api.routes.has(routeKey));
    if (unknown !== undefined)
      throw awsError(
        "NotFoundException",
        `Unable to find Route by key ${unknown.routeKey} within the provided RouteSettings`,
        404,
      );
    api.stage = {
      name: DEFAULT_STAGE,
      accessLog: log && (await openAccessLog(cloud, log.destinationArn, log.format)),
      throttleOf: createThrottles(
        cloud.clock,
        defaultRouteSettings,
        new Map(routeSettings.map((settings) => [settings.routeKey, settings])),
      ),
    };
    return {
      id: DEFAULT_STAGE,
      outputs: {
        arn: cloud.arn("apigateway", `/apis/${inputs.apiId}/stages/${DEFAULT_STAGE}`, { account: "" }),
        executionArn: `${api.executionArn}/${DEFAULT_STAGE}`,
        invokeUrl: `https://${api.domainName}/`,
      },
    };
  }

  return {
    name: "apigateway",
    resources: {
      "aws:apigatewayv2/api:Api": createApi,
      "aws:apigatewayv2/integration:Integration": createIntegration,
      "aws:apigatewayv2/route:Route": createRoute,
      "aws:apigatewayv2/stage:Stage": createStage,
    },
    operations: {},
    async stop() {
      await Promise.all([...apis.values()].map((it) => it.close()));
    },
  };
}

const notSimulated = ({ type, name }: Declaration, field: string, value: unknown) =>
  new Error(`${type} ${name}: ${field} ${value} is not simulated.`);
