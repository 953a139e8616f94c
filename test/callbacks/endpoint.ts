import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A request of the SDK to a service that speaks AWS JSON. */
export interface Request {
  /** `SendMessage` */
  operation: string;
  input: Record<string, unknown>;
}

/** A request to a service that does not: S3, GitHub. */
export interface PlainRequest {
  method: string;
  /** Path and query. */
  url: string;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

export interface PlainAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Breaks the connection after the body, which is not all that was announced. */
  broken?: boolean;
  /** Sends the body, and keeps the connection as if there were more. */
  hanging?: boolean;
}

/** A place that plays AWS, and GitHub too: it answers what a test tells it to, and remembers what it was asked. */
export interface Endpoint {
  /** `http://127.0.0.1:port` */
  url: string;
  requests: Request[];
  /** What each operation answers. A thrown {@link awsFault} is the service's error. */
  answers: Record<string, (input: Record<string, unknown>) => object>;
  /** Where a service is that a stand-in of its own plays, by the beginning of its target: `DynamoDB`. */
  elsewhere: Record<string, string>;
  /** What everything else answers. */
  plain: (request: PlainRequest) => PlainAnswer | Promise<PlainAnswer>;
  close(): Promise<void>;
}

interface Fault extends Error {
  status: number;
  details: object;
}

/** An error of an AWS service. @param details what it tells beside the message */
export function awsFault(name: string, message: string, status = 400, details = {}): Fault {
  return Object.assign(new Error(message), { name, status, details });
}

export async function startEndpoint(): Promise<Endpoint> {
  const server = createServer((request, response) => {
    answer(endpoint, request).then(
      ({ status, headers, body, broken, hanging }) => {
        response.writeHead(status, headers);
        if (broken || hanging) {
          response.write(body, () => broken && response.destroy());
        } else {
          response.end(body);
        }
      },
      (error: Error) => response.writeHead(500).end(String(error.stack)),
    );
  });
  const endpoint: Endpoint = {
    url: "",
    requests: [],
    answers: {},
    elsewhere: {},
    plain: () => ({ status: 404 }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return endpoint;
}

async function answer(endpoint: Endpoint, request: IncomingMessage): Promise<PlainAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  const body = Buffer.concat(chunks);
  const target = request.headers["x-amz-target"];
  if (typeof target !== "string") {
    return endpoint.plain({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
  }
  const operation = target.slice(target.indexOf(".") + 1);
  const input = JSON.parse(body.toString() || "{}");
  endpoint.requests.push({ operation, input });
  try {
    const respond = endpoint.answers[operation];
    const url = endpoint.elsewhere[target.slice(0, target.indexOf("_"))];
    if (respond === undefined && url !== undefined) {
      return await forward(url, request.headers, body);
    }
    if (respond === undefined) {
      throw awsFault("UnknownOperationException", `the test has no answer for ${operation}`);
    }
    return { status: 200, body: JSON.stringify(respond(input)) };
  } catch (error) {
    const { name, message, status, details } = error as Fault;
    return { status: status ?? 500, body: JSON.stringify({ ...details, __type: name, message }) };
  }
}

async function forward(url: string, headers: IncomingMessage["headers"], body: Buffer): Promise<PlainAnswer> {
  const { host: _host, "content-length": _length, connection: _connection, ...others } = headers;
  const given = Object.entries(others).map(([name, value]): [string, string] => [name, String(value)]);
  const response = await fetch(url, { method: "POST", headers: given, body: new Uint8Array(body) });
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
}
