import type { CreateLogStreamRequest, PutLogEventsRequest } from "@aws-sdk/client-cloudwatch-logs";
import { awsError, type Cloud, type Principal } from "../service";
import { type ApiRequest, type ApiScope, commonLogTime } from "./proxyEvent";

/** What is known about a request once it is answered. */
export interface Served {
  request: ApiRequest;
  scope: ApiScope;
  status: number;
  responseLength: number;
  /** Why the function could not be invoked. */
  error?: string;
}

export type AccessLog = (served: Served) => Promise<void>;

// API Gateway delivers access logs through a service-linked role.
const DELIVERY: Principal = { kind: "aws", service: "apigateway.amazonaws.com" };

/**
 * Writes one line for a request, in the format of the stage's access log settings.
 * @throws BadRequestException as API Gateway does for a format without a request id
 */
export async function openAccessLog(cloud: Cloud, destinationArn: string, format: string): Promise<AccessLog> {
  if (!format.includes("$context.requestId") && !format.includes("$context.extendedRequestId"))
    throw awsError(
      "BadRequestException",
      "Invalid access log format: it must include $context.requestId or $context.extendedRequestId.",
    );
  const logGroupName = destinationArn.split(":").slice(6).join(":");
  const logStreamName = `${new Date(cloud.clock.now()).toISOString().slice(0, 10)}-${cloud.id(16)}`;
  await cloud.call<CreateLogStreamRequest, object>(DELIVERY, "logs", "CreateLogStream", {
    logGroupName,
    logStreamName,
  });
  return async (served) => {
    const logEvents = [{ timestamp: Math.round(cloud.clock.now()), message: formatAccess(format, served) }];
    await cloud.call<PutLogEventsRequest, object>(DELIVERY, "logs", "PutLogEvents", {
      logGroupName,
      logStreamName,
      logEvents,
    });
  };
}

/** Fills in the `$context` variables; a hyphen if there is no value. */
export function formatAccess(format: string, { request, scope, status, responseLength, error }: Served): string {
  const values: Record<string, string | number | undefined> = {
    accountId: scope.accountId,
    apiId: scope.apiId,
    domainName: scope.domainName,
    "error.message": error,
    extendedRequestId: request.id,
    httpMethod: request.method,
    "identity.sourceIp": request.sourceIp,
    "identity.userAgent": request.headers["user-agent"],
    integrationErrorMessage: error,
    path: request.target.split("?")[0],
    protocol: "HTTP/1.1",
    requestId: request.id,
    requestTime: commonLogTime(request.at),
    requestTimeEpoch: Math.round(request.at),
    responseLength,
    routeKey: scope.routeKey,
    stage: scope.stage,
    status,
  };
  return format.replace(/\$context\.([\w.]*\w)/g, (_variable, name: string) => String(values[name] ?? "-"));
}
