import { request as httpRequest, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";

export interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Timeout in real milliseconds. Default: 10 seconds, GitHub's own limit for a delivery. */
  limit?: number;
}

export interface Response {
  status: number;
  headers: Record<string, string>;
  body: string;
  milliseconds: number;
}

/**
 * Calls a public address from outside the account. The name is resolved through the account's addresses, and sent in
 * the Host header, as load balancers and gateways expect.
 * @throws if the name is unknown, if nothing listens, or on a timeout
 */
export async function request(
  addresses: ReadonlyMap<string, string>,
  address: string,
  options: RequestOptions = {},
): Promise<Response> {
  const url = new URL(address);
  const local = addresses.get(url.hostname);
  if (local === undefined)
    throw new Error(`${url.hostname} cannot be resolved: the account knows ${[...addresses.keys()].join(", ")}.`);
  const limit = options.limit ?? 10_000;
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const failed = (error: Error) =>
      reject(
        new Error(
          error.name === "AbortError"
            ? `${address} did not answer within ${limit} ms.`
            : `${address}: ${error.message}`,
        ),
      );
    const answered = (incoming: IncomingMessage) => {
      const headers = Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
      );
      buffer(incoming).then((body) => {
        const milliseconds = Math.round(performance.now() - began);
        resolve({ status: incoming.statusCode ?? 0, headers, body: body.toString(), milliseconds });
      }, failed);
    };
    const { method = "GET", body = "" } = options;
    const headers = { ...options.headers, host: url.host, "content-length": Buffer.byteLength(body) };
    httpRequest(
      new URL(url.pathname + url.search, local),
      { method, headers, agent: false, signal: AbortSignal.timeout(limit) },
      answered,
    )
      .once("error", failed)
      .end(body);
  });
}
