import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import type { InvocationRequest, InvocationResponse } from "@aws-sdk/client-lambda";
import { awsError, type Protocol } from "../service";

const INVOKE = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

/** Lambda's API is REST: the function is in the path, the options are headers, and the body is the payload itself. */
export const lambdaProtocol: Protocol = {
  async read(request) {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://lambda");
    const name = INVOKE.exec(pathname)?.[1];
    if (request.method !== "POST" || name === undefined)
      throw awsError("NotSimulated", `lambda: ${request.method} ${pathname} is not simulated: add it in lambda/.`, 501);
    const input: InvocationRequest = {
      FunctionName: decodeURIComponent(name),
      InvocationType: header(request, "x-amz-invocation-type") as InvocationRequest["InvocationType"],
      LogType: header(request, "x-amz-log-type") as InvocationRequest["LogType"],
      Qualifier: searchParams.get("Qualifier") ?? undefined,
      Payload: await buffer(request),
    };
    return { operation: "Invoke", input };
  },
  answer(_operation, output) {
    const { StatusCode = 200, Payload, FunctionError, ExecutedVersion = "$LATEST" } = output as InvocationResponse;
    return {
      status: StatusCode,
      headers: {
        "content-type": "application/json",
        "x-amz-executed-version": ExecutedVersion,
        ...(FunctionError === undefined ? {} : { "x-amz-function-error": FunctionError }),
      },
      body: Payload === undefined ? undefined : Buffer.from(Payload),
    };
  },
  fail: (error) => ({
    status: error.status,
    headers: { "content-type": "application/json", "x-amzn-errortype": error.code },
    body: JSON.stringify({
      Type: error.status < 500 ? "User" : "Service",
      Message: error.message,
      message: error.message,
    }),
  }),
};

const header = (request: IncomingMessage, name: string) => request.headers[name]?.toString();
