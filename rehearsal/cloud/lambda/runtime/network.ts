import { Socket } from "node:net";

/**
 * A host's actual address (`http://127.0.0.1:port`); none if the host does not exist; its public address if it is
 * unreachable.
 */
export type Resolve = (host: string, port: number) => Promise<{ url?: string; unreachable?: string }>;

/** The part of undici's Dispatcher used by Node's fetch. */
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

// Node's fetch reads its dispatcher from this symbol for each request and redirect.
const DISPATCHER = Symbol.for("undici.globalDispatcher.1");
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|\[::1\])$/;

/**
 * Keeps the connections of a function or task on this machine. fetch reaches the hosts that the account knows by their
 * own names; all others do not exist, for any module.
 */
export function confineNetwork(resolve: Resolve): void {
  confineSockets();
  const realFetch = globalThis.fetch;
  let redirected = false;
  // Node loads undici on the first fetch; programs without fetch skip that time.
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

/** All TCP connections of Node's modules go through here: http, https, tls, undici. */
function confineSockets(): void {
  const connect = Socket.prototype.connect as (this: Socket, ...request: unknown[]) => Socket;
  Socket.prototype.connect = function (this: Socket, ...request: unknown[]) {
    const host = hostOf(request);
    if (host === undefined || LOOPBACK.test(host)) return connect.apply(this, request);
    process.nextTick(() => this.destroy(notFound(host)));
    return this;
  } as Socket["connect"];
}

/** `connect(options)`, `connect(port, host)`, `connect(path)`, or the `[options]` of Node's own modules. */
function hostOf([first, second]: unknown[]): string | undefined {
  const options = Array.isArray(first) ? first[0] : first;
  if (options !== null && typeof options === "object") return (options as { host?: string }).host;
  return typeof options === "number" && typeof second === "string" ? second : undefined;
}

/** A name server's error for an unknown name. */
function notFound(hostname: string): Error {
  const error = new Error(`getaddrinfo ENOTFOUND ${hostname}`);
  return Object.assign(error, { errno: -3008, code: "ENOTFOUND", syscall: "getaddrinfo", hostname });
}

/** The error of unanswered packets, without the minutes until the kernel gives up. */
function timedOut(address: string, port: number): Error {
  const error = new Error(`connect ETIMEDOUT ${address}:${port}`);
  return Object.assign(error, { errno: -110, code: "ETIMEDOUT", syscall: "connect", address, port });
}
