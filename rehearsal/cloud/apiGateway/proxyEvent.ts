import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { APIGatewayProxyEventV2 } from "aws-lambda";

/** A request as the API received it. */
export interface ApiRequest {
  id: string;
  method: string;
  /** Path and query, as in the request line. */
  target: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  sourceIp: string;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface ApiAnswer {
  status: number;
  headers: Record<string, string | string[]>;
  body: string | Buffer;
}

export interface ApiScope {
  accountId: string;
  apiId: string;
  domainName: string;
  stage: string;
  routeKey: string;
  pathParameters?: Record<string, string>;
}

// What API Gateway passes on as text. All else is base64, including forms and bodies without a type. Not documented,
// but measured against AWS in https://github.com/ministackorg/ministack/pull/766.
const TEXT = /^(text\/.*|application\/(json|xml|javascript))$/;

/** Connection headers, which API Gateway drops, and headers that it sets itself. */
const NOT_PASSED_ON = ["connection", "keep-alive", "transfer-encoding", "upgrade", "expect", "cookie"];

/** The event of payload format 2.0 for a Lambda proxy integration. */
export function toProxyEvent(request: ApiRequest, scope: ApiScope): APIGatewayProxyEventV2 {
  const [path = "/", rawQueryString = ""] = splitOnce(request.target, "?");
  const rawPath = decodedPath(path);
  const { body } = request;
  const isText = TEXT.test(mediaType(request.headers["content-type"]));
  const headers = proxyHeaders(request, scope);
  return {
    version: "2.0",
    routeKey: scope.routeKey,
    rawPath,
    rawQueryString,
    ...(request.headers.cookie === undefined ? {} : { cookies: request.headers.cookie.split(/; */) }),
    headers,
    ...(rawQueryString === "" ? {} : { queryStringParameters: joined(new URLSearchParams(rawQueryString)) }),
    ...(scope.pathParameters === undefined ? {} : { pathParameters: scope.pathParameters }),
    requestContext: {
      accountId: scope.accountId,
      apiId: scope.apiId,
      domainName: scope.domainName,
      domainPrefix: scope.apiId,
      http: {
        method: request.method,
        path: rawPath,
        protocol: "HTTP/1.1",
        sourceIp: request.sourceIp,
        userAgent: request.headers["user-agent"] ?? "",
      },
      requestId: request.id,
      routeKey: scope.routeKey,
      stage: scope.stage,
      time: commonLogTime(request.at),
      timeEpoch: Math.round(request.at),
    },
    ...(body.length === 0 ? {} : { body: body.toString(isText ? "utf8" : "base64") }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

function proxyHeaders(request: ApiRequest, { domainName }: ApiScope): Record<string, string> {
  const passed = Object.entries(request.headers)
    .filter(([name]) => !NOT_PASSED_ON.includes(name))
    // Node has already lower-cased the names and joined repeated headers with commas.
    .map(([name, value]) => [name, String(value)] as const);
  return {
    ...Object.fromEntries(passed),
    "content-length": String(request.body.length),
    // Clients outside reach the API by no other name.
    host: domainName,
    "x-amzn-trace-id": request.headers["x-amzn-trace-id"]?.toString() ?? traceId(request),
    // The sender's own claims come first. Only the last address is API Gateway's.
    "x-forwarded-for": [request.headers["x-forwarded-for"], request.sourceIp].filter(Boolean).join(", "),
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https",
  };
}

/**
 * The path with its escapes decoded, despite its name. A decoded question mark ends it. Measured against AWS in
 * https://github.com/middleapi/standard-server/pull/93.
 */
function decodedPath(path: string): string {
  try {
    return splitOnce(decodeURIComponent(path), "?")[0] ?? "/";
  } catch {
    return path;
  }
}

/** `Root=1-` with the time in hexadecimal seconds and 24 digits: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html */
function traceId({ at, id }: ApiRequest): string {
  const digits = createHash("sha256").update(id).digest("hex").slice(0, 24);
  return `Root=1-${Math.floor(at / 1000).toString(16)}-${digits}`;
}

/** Repeated parameters are joined with commas. */
function joined(parameters: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name).join(",")]));
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

const mediaType = (contentType = "") => contentType.split(";")[0]?.trim().toLowerCase() ?? "";

/** `05/Jan/2026:09:00:00 +0000` */
export function commonLogTime(at: number): string {
  const [, day, month, year, time] = new Date(at).toUTCString().split(" ");
  return `${day}/${month}/${year}:${time} +0000`;
}

/**
 * Converts a function's result into a response. In format 2.0, an object with a `statusCode` is taken as it is; any
 * other value becomes a JSON body.
 * @throws if the value has neither shape
 */
export function fromProxyResult(payload: string): ApiAnswer {
  const value: unknown = JSON.parse(payload);
  if (!isRecord(value) || value.statusCode === undefined)
    return {
      status: 200,
      headers: { "content-type": "application/json" },
      body: typeof value === "string" ? value : JSON.stringify(value),
    };
  const { statusCode, headers = {}, body = "", isBase64Encoded = false, cookies } = value;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) throw malformed("statusCode", statusCode);
  if (!isRecord(headers)) throw malformed("headers", headers);
  if (typeof body !== "string") throw malformed("body", body);
  const named = Object.entries(headers).map(([name, it]) => [name.toLowerCase(), String(it)] as const);
  return {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      ...Object.fromEntries(named),
      ...(Array.isArray(cookies) ? { "set-cookie": cookies.map(String) } : {}),
    },
    body: isBase64Encoded === true ? Buffer.from(body, "base64") : body,
  };
}

const malformed = (field: string, value: unknown) =>
  new Error(
    `The response from the Lambda function doesn't match the format that API Gateway expects: ${field} is ${JSON.stringify(value)}`,
  );

const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);
