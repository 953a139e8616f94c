import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createLocalServer } from "../loopback";
import { isConnectionLost } from "./injection";
import {
  type AwsError,
  awsError,
  type HttpAnswer,
  isAwsError,
  type Principal,
  type Protocol,
  type Sender,
  type Service,
} from "./service";

export interface EndpointOptions {
  service(name: string): Service;
  principalOf(accessKeyId: string): Principal | undefined;
  /** Whether the key's holder has a network path to the service. */
  admits(accessKeyId: string, service: string): boolean;
  /** The account's time, in milliseconds since the epoch. */
  now(): number;
  /** The process that has the key, if faults can be injected into it. */
  senderOf(accessKeyId: string): Sender | undefined;
  call(
    caller: Principal,
    service: string,
    operation: string,
    input: object,
    sent: SentCall,
  ): Promise<object | undefined>;
}

/** Only present in calls over HTTP. */
export interface SentCall {
  sender?: Sender | undefined;
  /** The SDK's id of the call, shared by all its attempts. */
  invocation?: string | undefined;
}

/**
 * The single address in AWS_ENDPOINT_URL. The SigV4 header of the unmodified SDK names the service and the caller.
 * Signatures are not checked: access keys are random, and no web page may call the endpoint.
 */
export async function startEndpoint(options: EndpointOptions): Promise<{ url: string; close(): Promise<void> }> {
  const server = createLocalServer({}, (request, response) => {
    serve(options, request, response).catch((error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => closeServer(server) };
}

export function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function serve(options: EndpointOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let protocol: Protocol = awsJson;
  let answer: HttpAnswer;
  try {
    const { caller, service, connected, sender } = identify(options, request);
    // No network path, no response. A timeout would take minutes of real time; to the SDK a reset means the same.
    if (!connected) {
      request.socket.resetAndDestroy();
      return;
    }
    protocol = service.protocol ?? awsJson;
    const { operation, input } = await protocol.read(request);
    const invocation = request.headers["amz-sdk-invocation-id"];
    const output = await options.call(caller, service.name, operation, input, {
      sender,
      ...(typeof invocation === "string" && { invocation }),
    });
    answer = protocol.answer(operation, output, request);
  } catch (error) {
    if (isConnectionLost(error)) {
      request.socket.resetAndDestroy();
      return;
    }
    answer = protocol.fail(asAwsError(error), request);
  }
  // The SDK compares it with its own clock, and retries any error if the service's clock seems minutes off.
  const date = new Date(options.now()).toUTCString();
  response.writeHead(answer.status, { ...answer.headers, date });
  if (answer.body instanceof Readable) await pipeline(answer.body, response);
  else response.end(answer.body);
}

function identify(
  options: EndpointOptions,
  request: IncomingMessage,
): { caller: Principal; service: Service; connected: boolean; sender: Sender | undefined } {
  const scope = /Credential=([^/]+)\/[^/]+\/[^/]+\/([^/]+)\/aws4_request/.exec(request.headers.authorization ?? "");
  const [, accessKeyId = "", serviceName = ""] = scope ?? [];
  if (scope === null) throw awsError("MissingAuthenticationTokenException", "The request is not signed.", 403);
  const caller = options.principalOf(accessKeyId);
  if (caller === undefined)
    throw awsError("UnrecognizedClientException", "The security token included in the request is invalid.", 403);
  return {
    caller,
    service: options.service(serviceName),
    connected: options.admits(accessKeyId, serviceName),
    sender: options.senderOf(accessKeyId),
  };
}

/** An error of the simulation must not look like AWS's: it is a 501, which the SDK does not retry. */
function asAwsError(error: unknown): AwsError {
  if (isAwsError(error)) return error;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return awsError("RehearsalFault", `The rehearsal failed: ${message}`, 501);
}

export const awsJson: Protocol = {
  async read(request) {
    const operation =
      String(request.headers["x-amz-target"] ?? "")
        .split(".")
        .at(-1) ?? "";
    const body = await text(request);
    return { operation, input: body === "" ? {} : JSON.parse(body) };
  },
  answer: (_operation, output) => ({
    status: 200,
    headers: { "content-type": "application/x-amz-json-1.1" },
    body: JSON.stringify(wire(output ?? {})),
  }),
  fail: (error) => ({
    status: error.status,
    headers: { "content-type": "application/x-amz-json-1.1", "x-amzn-errortype": error.code },
    body: JSON.stringify({ ...error.details, __type: error.code, message: error.message }),
  }),
};

/** AWS JSON has timestamps as seconds since the epoch, and blobs as base64. */
function wire(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(wire);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, wire(item)]));
  return value;
}
