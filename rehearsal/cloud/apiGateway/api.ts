import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { InvocationRequest, InvocationResponse } from "@aws-sdk/client-lambda";
import { createLocalServer } from "../../loopback";
import { closeServer } from "../endpoint";
import type { Cloud, Principal } from "../service";
import type { AccessLog } from "./accessLog";
import { answerHeaders, type Cors, isPreflight, preflightHeaders } from "./cors";
import { type ApiAnswer, type ApiRequest, type ApiScope, fromProxyResult, toProxyEvent } from "./proxyEvent";
import { matchRoute } from "./routing";
import type { Throttle } from "./throttle";

export interface Integration {
  functionArn: string;
  timeoutMilliseconds: number;
}

export interface Stage {
  name: string;
  accessLog?: AccessLog;
  /** The limit of a route. */
  throttleOf(routeKey: string): Throttle;
}

/** A running HTTP API. */
export interface Api {
  readonly domainName: string;
  readonly executionArn: string;
  /** `http://127.0.0.1:port` */
  readonly address: string;
  /** Absent if the API leaves CORS to its integrations. */
  readonly cors?: Cors | undefined;
  readonly integrations: Map<string, Integration>;
  /** By route key. */
  readonly routes: Map<string, Integration>;
  /** Absent until declared. */
  stage?: Stage;
  close(): Promise<void>;
}

// "Quotas for HTTP APIs": payload size.
const MAXIMUM_PAYLOAD = 10 * 1024 * 1024;

type Outcome = ApiAnswer & { routeKey: string; error?: string };

export async function openApi(cloud: Cloud, id: string, cors?: Cors): Promise<Api> {
  const domainName = `${id}.execute-api.${cloud.region}.${cloud.dnsSuffix}`;
  // Pages may call an API by its own name, as CORS allows; but no browser can resolve that name here.
  const admission = { hasName: (host: string) => host === domainName, token: cloud.token, answersPages: true };
  const server = createLocalServer(admission, (request, response) => {
    serve(cloud, id, api, request, response).catch((error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const api: Api = {
    domainName,
    executionArn: cloud.arn("execute-api", id),
    address: `http://127.0.0.1:${port}`,
    cors,
    integrations: new Map(),
    routes: new Map(),
    close: () => closeServer(server),
  };
  return api;
}

async function serve(
  cloud: Cloud,
  apiId: string,
  api: Api,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request: ApiRequest = {
    id: cloud.id(16),
    method: incoming.method ?? "GET",
    target: incoming.url ?? "/",
    headers: incoming.headers,
    body: Buffer.alloc(0),
    sourceIp: incoming.socket.remoteAddress ?? "127.0.0.1",
    at: cloud.clock.now(),
  };
  const scope = { accountId: cloud.accountId, apiId, domainName: api.domainName, stage: api.stage?.name ?? "-" };
  const body = await readBody(incoming);
  const outcome =
    body === undefined ? refuse(413, "Request Entity Too Large") : await route(cloud, api, { ...request, body }, scope);

  const { status, headers, body: content, routeKey, error } = outcome;
  const path = request.target.split("?")[0] ?? "/";
  cloud.tell({ kind: "api-request", api: apiId, method: request.method, path, status });
  const responseLength = Buffer.byteLength(content);
  await api.stage?.accessLog?.({ request, scope: { ...scope, routeKey }, status, responseLength, error });
  response.writeHead(status, { ...headers, "apigw-requestid": request.id, "content-length": responseLength });
  response.end(content);
}

/** Undefined if larger than API Gateway accepts; the rest is then read and dropped. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAXIMUM_PAYLOAD) chunks.push(chunk);
  }
  return size <= MAXIMUM_PAYLOAD ? Buffer.concat(chunks) : undefined;
}

async function route(cloud: Cloud, api: Api, request: ApiRequest, scope: Omit<ApiScope, "routeKey">): Promise<Outcome> {
  const { cors } = api;
  if (api.stage !== undefined && cors !== undefined && isPreflight(request.method, request.headers))
    return { status: 204, headers: preflightHeaders(cors, request.headers), body: "", routeKey: "-" };
  const [path = "/"] = request.target.split("?");
  const match = matchRoute(api.routes.keys(), request.method, path);
  const integration = api.routes.get(match?.routeKey ?? "");
  if (api.stage === undefined || match === undefined || integration === undefined) return refuse(404, "Not Found");
  if (!api.stage.throttleOf(match.routeKey)()) return refuse(429, "Too Many Requests", match.routeKey);
  return integrate(cloud, api, integration, request, { ...scope, ...match });
}

async function integrate(
  cloud: Cloud,
  api: Api,
  integration: Integration,
  request: ApiRequest,
  scope: ApiScope,
): Promise<Outcome> {
  const { routeKey } = scope;
  // The resource in the function's permission. For route `GET /path/{id}` it is `…/stage/GET/path/{id}`, as declared,
  // whatever the requested path: https://github.com/aws/serverless-application-model/issues/540
  const sourceArn = `${api.executionArn}/${scope.stage}/${routeKey.replace(" ", "")}`;
  const caller: Principal = {
    kind: "service",
    service: "apigateway.amazonaws.com",
    context: { "aws:SourceArn": sourceArn, "aws:SourceAccount": cloud.accountId },
  };
  const invocation = cloud.call<InvocationRequest, InvocationResponse>(caller, "lambda", "Invoke", {
    FunctionName: integration.functionArn,
    Payload: Buffer.from(JSON.stringify(toProxyEvent(request, scope))),
  });
  try {
    const answer = await orTimeout(invocation, integration.timeoutMilliseconds);
    if (answer === undefined)
      return refuse(503, "Service Unavailable", routeKey, `No answer in ${integration.timeoutMilliseconds} ms`);
    const payload = Buffer.from(answer.Payload ?? []).toString("utf8");
    if (answer.FunctionError !== undefined)
      return refuse(500, "Internal Server Error", routeKey, JSON.parse(payload).errorMessage);
    const answered = fromProxyResult(payload);
    const headers =
      api.cors === undefined ? answered.headers : answerHeaders(api.cors, request.headers, answered.headers);
    return { ...answered, headers, routeKey };
  } catch (error) {
    // The client does not see the cause. It is in the access log; a denied call is in the account's trail.
    const { name, message } = error as Error;
    return name === "RequestTooLargeException"
      ? refuse(413, "Request Entity Too Large", routeKey, message)
      : refuse(500, "Internal Server Error", routeKey, message);
  }
}

/** Undefined on a timeout. Real time, as for the function. */
function orTimeout<T>(answer: Promise<T>, milliseconds: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds, undefined);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function refuse(status: number, message: string, routeKey = "-", error?: string): Outcome {
  const headers = { "content-type": "application/json" };
  return { status, headers, body: JSON.stringify({ message }), routeKey, error };
}
