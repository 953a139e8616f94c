import { createServer, type IncomingMessage, request as requestOf, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** What the task asks for over the network: `UpdateItem running`, `POST /repos/acme/gitops/pulls`. */
export type Call = string;

/** All that the task reaches: DynamoDB at the root, GitHub's hosts under their names. */
export interface NetworkProxy {
  /** `http://127.0.0.1:port` */
  url: string;
  /** Those that were served, in order. */
  calls: Call[];
  /** Told of each call when it has been served, and before the task hears of it. */
  served: (call: Call) => Promise<void> | void;
  close(): Promise<void>;
}

export async function startProxy(dynamoDb: string, github: string): Promise<NetworkProxy> {
  const server = createServer((request, response) => {
    serve(proxy, { dynamoDb, github }, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: NetworkProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: [],
    served: () => undefined,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}

async function serve(
  proxy: NetworkProxy,
  { dynamoDb, github }: { dynamoDb: string; github: string },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await buffer(request);
  const [, host, path = ""] = /^\/((?:api\.)?github\.com)(\/.*)$/.exec(request.url ?? "") ?? [];
  const { origin, headers, call } =
    host === undefined
      ? { origin: dynamoDb, headers: request.headers, call: dynamoDbCall(request, body) }
      : {
          origin: `${github}${path}`,
          headers: { ...request.headers, host },
          call: `${request.method} ${path.replace(/\?(?!service=).*$/, "")}`,
        };
  const answer = await forward(origin, request.method ?? "", headers, body);
  const content = await buffer(answer);
  // git asks once without its token, and then with it.
  if (answer.statusCode !== 401) {
    proxy.calls.push(call);
    await proxy.served(call);
  }
  const { "transfer-encoding": _, ...told } = answer.headers;
  response.writeHead(answer.statusCode ?? 502, { ...told, "content-length": content.length }).end(content);
}

function dynamoDbCall({ headers }: IncomingMessage, body: Buffer): Call {
  const [, operation = ""] = String(headers["x-amz-target"]).split(".");
  const { ExpressionAttributeValues: values } = JSON.parse(body.toString());
  return operation === "UpdateItem" ? `${operation} ${values[":state"].S}` : operation;
}

function forward(
  url: string,
  method: string,
  headers: IncomingMessage["headers"],
  body: Buffer,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { "transfer-encoding": _, ...sent } = headers;
    const length = body.length === 0 ? {} : { "content-length": body.length };
    requestOf(url, { method, headers: { ...sent, ...length } }, resolve)
      .on("error", reject)
      .end(body);
  });
}
