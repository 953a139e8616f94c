import type { IncomingHttpHeaders } from "node:http";
import type { ApiArgs } from "@pulumi/aws/apigatewayv2/api";
import type { Unwrap } from "@pulumi/pulumi";
import { awsError } from "../service";

type Declared = NonNullable<Unwrap<ApiArgs>["corsConfiguration"]>;

/** Which pages of other origins may call an API, and how. */
export type Cors = Required<Omit<Declared, "maxAge">> & Pick<Declared, "maxAge">;

const ANY = "*";
const ORIGIN = /^https?:\/\/(\*|[^/*\s]+)$/;
// API Gateway's limit: one day.
const LONGEST = 86_400;

/** @throws BadRequestException for what API Gateway does not accept */
export function readCors(declared: Declared): Cors {
  const {
    allowOrigins = [],
    allowMethods = [],
    allowHeaders = [],
    exposeHeaders = [],
    allowCredentials = false,
    maxAge,
  } = declared;
  const wrong = allowOrigins.find((it) => it !== ANY && !ORIGIN.test(it));
  if (wrong !== undefined) throw invalid(`Invalid format for origin ${wrong}: http:// or https:// and a host, or *`);
  // https://github.com/aws/aws-cdk/issues/9076
  if (allowCredentials && allowOrigins.includes(ANY))
    throw invalid("allow-credentials is not supported if 'allow-origin' is *");
  if (maxAge !== undefined && (maxAge < -1 || maxAge > LONGEST))
    throw invalid(`Invalid maxAge ${maxAge}: -1 to ${LONGEST} seconds`);
  return { allowOrigins, allowMethods, allowHeaders, exposeHeaders, allowCredentials, maxAge };
}

/**
 * Whether it is a preflight request, which the API answers itself, whatever its routes.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
 */
export const isPreflight = (method: string, headers: IncomingHttpHeaders): boolean =>
  method === "OPTIONS" && headers.origin !== undefined && headers["access-control-request-method"] !== undefined;

/** Headers of a preflight response; none if the page's origin is not allowed. */
export function preflightHeaders(cors: Cors, headers: IncomingHttpHeaders): Record<string, string> {
  const allowed = originHeaders(cors, headers);
  if (Object.keys(allowed).length === 0) return {};
  return {
    ...allowed,
    ...listed("access-control-allow-methods", cors.allowMethods),
    ...listed("access-control-allow-headers", cors.allowHeaders),
    ...(cors.maxAge === undefined ? {} : { "access-control-max-age": String(cors.maxAge) }),
  };
}

/** Headers of an integration's response. Its own CORS headers are dropped if the API has a CORS configuration. */
export function answerHeaders<T>(
  cors: Cors,
  headers: IncomingHttpHeaders,
  answered: Record<string, T>,
): Record<string, T | string> {
  const kept = Object.entries(answered).filter(([name]) => !name.startsWith("access-control-"));
  const allowed = originHeaders(cors, headers);
  const exposed = Object.keys(allowed).length === 0 ? [] : cors.exposeHeaders;
  return { ...Object.fromEntries(kept), ...allowed, ...listed("access-control-expose-headers", exposed) };
}

function originHeaders({ allowOrigins, allowCredentials }: Cors, { origin }: IncomingHttpHeaders) {
  if (origin === undefined) return {};
  const allowed = allowOrigins.includes(ANY) ? ANY : allowOrigins.some((it) => admits(it, origin)) ? origin : undefined;
  if (allowed === undefined) return {};
  return {
    "access-control-allow-origin": allowed,
    ...(allowCredentials ? { "access-control-allow-credentials": "true" } : {}),
  };
}

/** `https://*` allows every origin of a scheme. */
const admits = (allowed: string, origin: string): boolean =>
  allowed.endsWith("://*") ? origin.startsWith(allowed.slice(0, -1)) : allowed === origin;

const listed = (name: string, values: string[]): Record<string, string> =>
  values.length === 0 ? {} : { [name]: values.join(",") };

const invalid = (message: string) => awsError("BadRequestException", message);
