import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";

/** Who may ask a server on this machine. */
export interface Admission {
  /**
   * Whether the server has this public name (no port, lower case). No page is loaded from such a name here, so a request that
   * carries it comes from a program. Default: it has none.
   */
  hasName?: (host: string) => boolean;
  /** First part of the path of every request that comes by the port only. It is taken off. Default: none is asked for. */
  token?: string;
  /** Whether the server answers pages: those that it sent itself, and by its public names any. Default: it answers no page. */
  answersPages?: boolean;
}

interface Refusal {
  status: number;
  message: string;
}

/** What the port is called in printed URLs, and what people type instead. */
const LOOPBACK = /^(127\.0\.0\.1|localhost)$/;

/** A secret for the URLs that are printed: it cannot be guessed, and fits into a path. */
export const createToken = (): string => randomBytes(16).toString("hex");

/**
 * An HTTP server that no web page can drive. Every page in the developer's browser may send simple requests to any port of
 * 127.0.0.1, and one whose own name resolves to 127.0.0.1 (DNS rebinding) may read the answers too.
 */
export function createLocalServer(admission: Admission, listener: RequestListener): Server {
  return createServer(guarded(admission, listener));
}

/** A request listener that is called only for requests that the admission allows. */
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
  // A page's own origin is the address that it was loaded from. Images and links send no Origin header.
  const isForeign = (origin !== undefined && origin !== `http://${host}`) || /^(cross|same)-site$/.test(String(site));
  if (answersPages ? byPort && isForeign : isForeign || origin !== undefined)
    return { status: 403, message: "Web pages may not call this server." };
  if (byPort && token !== undefined && !takeOff(token, request))
    return { status: 403, message: "The path does not begin with the token: use the URL as it was printed." };
  return undefined;
}

/** Whether the path begins with the token, which is then taken off. */
function takeOff(token: string, request: IncomingMessage): boolean {
  const { url = "" } = request;
  const prefix = `/${token}`;
  const rest = url.slice(prefix.length);
  if (!url.startsWith(prefix) || !/^([/?]|$)/.test(rest)) return false;
  request.url = rest.startsWith("/") ? rest : `/${rest}`;
  return true;
}
