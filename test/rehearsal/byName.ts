import { request } from "node:http";
import { Readable } from "node:stream";

/**
 * Asks a host of the account by its name, as functions and tasks do: the Host header has the name, which Node's own fetch does
 * not let a caller set. Redirects are not followed.
 */
export function fetchByName(
  addresses: ReadonlyMap<string, string>,
  address: string,
  { method = "GET", headers, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Response> {
  const { host, pathname, search } = new URL(address);
  const url = `${addresses.get(host) ?? [...addresses.values()][0]}${pathname}${search}`;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method, headers: { "user-agent": "node", ...headers, host }, agent: false },
      (incoming) => {
        const { statusCode: status = 0 } = incoming;
        const hasBody = status !== 204 && status !== 304;
        resolve(
          new Response(hasBody ? (Readable.toWeb(incoming) as ReadableStream) : null, {
            status,
            headers: Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]),
          }),
        );
      },
    );
    sent.on("error", reject).end(body);
  });
}
