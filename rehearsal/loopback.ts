import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";

/** Which requests a server on this machine accepts. */
export interface Admission {
  /**
   * Whether the server has this public name (no port, lower case). No page is loaded from such a name here, so a
   * request with it comes from a program. Default: no names.
   */
  hasName?: (host: string) => boolean;
  /** First part of the path of every request by port; it is removed. Default: none. */
  token?: string;
  /** Whether the server answers pages: its own, and any page by its public names. Default: no pages. */
  answersPages?: boolean;
}

interface Refusal {
  status: number;
  message: string;
}

/** The port's host in printed URLs, and what people type instead. */
const LOOPBACK = /^(127\.0\.0\.1|localhost)$/;

/** A secret for printed URLs: unguessable and valid in a path. */
export const createToken = (): string => randomBytes(16).toString("hex");

/**
 * An HTTP server that no web page can control. Any page in the developer's browser may send simple requests to any port
 * of 127.0.0.1, and a page whose own name resolves to 127.0.0.1 (DNS rebinding) may also read the responses.
 */
export function createLocalServer(admission: Admission, listener: RequestListener): Server {
  return createServer(guarded(admission, listener));
}

/** A request listener called only for requests that the admission accepts. */
export function guarded(admission: Admission, listener: RequestListener): RequestListener {
  return (request, response) => {
    const refusal = refusalOf(admission, request);
    if (refusal === undefined) {
      listener(request, response);
      return;
    }
    response.writeHead(refusal.status, { "content-type": "text/plain", connection: "close" });
    response.end(`${refusal.message}\n`);
  };
}

function refusalOf({ hasName, token, answersPages }: Admission, request: IncomingMessage): Refusal | undefined {
  const { host = "", origin, "sec-fetch-site": site = "none" } = request.headers;
  const name = host.replace(/:\d+$/, "").toLowerCase();
  const byPort = LOOPBACK.test(name);
  if (!byPort && hasName?.(name) !== true)
    return { status: 421, message: `The host "${host}" is not a name of this server.` };
  // A page's origin is the address it was loaded from. Images and links send no Origin header.
  const isForeign = (origin !== undefined && origin !== `http://${host}`) || /^(cross|same)-site$/.test(String(site));
  if (answersPages ? byPort && isForeign : isForeign || origin !== undefined)
    return { status: 403, message: "Web pages may not call this server." };
  if (byPort && token !== undefined && !takeOff(token, request))
    return { status: 403, message: "The path does not begin with the token: use the URL as it was printed." };
  return undefined;
}

/** Whether the path starts with the token, which is then removed. */
function takeOff(token: string, request: IncomingMessage): boolean {
  const { url = "" } = request;
  const prefix = `/${token}`;
  const rest = url.slice(prefix.length);
  if (!url.startsWith(prefix) || !/^([/?]|$)/.test(rest)) return false;
  request.url = rest.startsWith("/") ? rest : `/${rest}`;
  return true;
}
