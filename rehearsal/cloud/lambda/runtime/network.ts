import { Socket } from "node:net";

/**
 * Where a host answers (`http://127.0.0.1:port`), unless there is no such host; or its own address, where there is no way
 * to it.
 */
export type Resolve = (host: string, port: number) => Promise<{ url?: string; unreachable?: string }>;

/** The part of undici's Dispatcher that Node's own fetch uses. */
interface Dispatcher {
  dispatch(request: Request, handler: Handler): boolean;
}
interface Request {
  origin: string | URL;
  headers: Record<string, string>;
}
interface Handler {
  onError(error: Error): void;
}

// Node's fetch looks its dispatcher up under this symbol, for each request and each redirect.
const DISPATCHER = Symbol.for("undici.globalDispatcher.1");
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|\[::1\])$/;

/**
 * Keeps the connections of a function or a task on this machine: fetch reaches the hosts that the account knows, by their
 * own names; every other host does not exist, whichever module asks for it.
 */
export function confineNetwork(resolve: Resolve): void {
  confineSockets();
  const realFetch = globalThis.fetch;
  let redirected = false;
  // Node loads undici with the first fetch; who never fetches need not wait for it.
  globalThis.fetch = (...request) => {
    if (!redirected) {
      redirected = true;
      redirectFetch(resolve);
    }
    return realFetch(...request);
  };
}

function redirectFetch(resolve: Resolve): void {
  void globalThis.Response; // Loads undici, which sets its dispatcher.
  const dispatchers = globalThis as unknown as Record<symbol, Dispatcher>;
  const real = dispatchers[DISPATCHER];
  if (real === undefined)
    throw new Error(`Node ${process.version} keeps its fetch dispatcher elsewhere: see network.ts.`);

  dispatchers[DISPATCHER] = {
    dispatch(request, handler) {
      const { hostname, host, port, protocol } = new URL(request.origin);
      if (LOOPBACK.test(hostname)) return real.dispatch(request, handler);
      const portNumber = Number(port) || (protocol === "http:" ? 80 : 443);
      resolve(hostname, portNumber).then(
        ({ url: origin, unreachable }) => {
          if (unreachable !== undefined) handler.onError(timedOut(unreachable, portNumber));
          else if (origin === undefined) handler.onError(notFound(hostname));
          else real.dispatch({ ...request, origin, headers: { ...request.headers, host } }, handler);
        },
        (error: Error) => handler.onError(error),
      );
      return true;
    },
  };
}

/** Every TCP connection of Node's modules passes here: http, https, tls, undici. */
function confineSockets(): void {
  const connect = Socket.prototype.connect as (this: Socket, ...request: unknown[]) => Socket;
  Socket.prototype.connect = function (this: Socket, ...request: unknown[]) {
    const host = hostOf(request);
    if (host === undefined || LOOPBACK.test(host)) return connect.apply(this, request);
    process.nextTick(() => this.destroy(notFound(host)));
    return this;
  } as Socket["connect"];
}

/** `connect(options)`, `connect(port, host)`, `connect(path)`, or the `[options]` that Node's modules pass on. */
function hostOf([first, second]: unknown[]): string | undefined {
  const options = Array.isArray(first) ? first[0] : first;
  if (options !== null && typeof options === "object") return (options as { host?: string }).host;
  return typeof options === "number" && typeof second === "string" ? second : undefined;
}

/** The error of a name server that does not know the name. */
function notFound(hostname: string): Error {
  const error = new Error(`getaddrinfo ENOTFOUND ${hostname}`);
  return Object.assign(error, { errno: -3008, code: "ENOTFOUND", syscall: "getaddrinfo", hostname });
}

/** The error of packets that nobody answers, without the minutes that it takes the kernel to give up. */
function timedOut(address: string, port: number): Error {
  const error = new Error(`connect ETIMEDOUT ${address}:${port}`);
  return Object.assign(error, { errno: -110, code: "ETIMEDOUT", syscall: "connect", address, port });
}
