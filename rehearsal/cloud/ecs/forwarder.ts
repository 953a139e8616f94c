import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import { TLSSocket } from "node:tls";
import type { Connections } from "../network/connections";
import type { CertificateAuthority } from "./certificates";

/** A task's access to outside hosts, for programs without a preload: git. */
export interface Forwarder {
  port: number;
  /** Closes all connections and accepts no new ones. */
  close(): void;
}

/**
 * Starts a proxy for HTTPS. A program configured to use it calls hosts by their names, sends them its credentials, and
 * checks their certificates. TLS ends here; the requests are forwarded to the host's actual address.
 */
export async function startForwarder(
  { resolve }: Pick<Connections, "resolve">,
  authority: CertificateAuthority,
): Promise<Forwarder> {
  const open = new Set<Duplex>();
  // Proxies get full URLs for `http:`, which no forge uses.
  const server = createServer((_, response) => response.writeHead(501).end("Only HTTPS is forwarded.\n"));

  server.on("connect", ({ url = "" }: IncomingMessage, socket: Duplex, head: Buffer) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    // The side that breaks off a connection knows already.
    socket.on("error", () => {});
    const [host = "", port = "443"] = url.split(":");
    const address = resolve(host, Number(port));
    // No status means an unresolvable name or unanswered packets: these are the closest.
    if (address.url === undefined) return refuse(socket, "502 getaddrinfo ENOTFOUND");
    if (address.unreachable !== undefined) return refuse(socket, "504 connect ETIMEDOUT");
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    socket.unshift(head);
    const secure = new TLSSocket(socket, { isServer: true, secureContext: authority.contextOf(host) });
    const upstream = new URL(address.url);
    const forge = connect(Number(upstream.port), upstream.hostname);
    pipeline(secure, forge, secure, () => socket.destroy());
  });

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
      for (const socket of open) socket.destroy();
    },
  };
}

const refuse = (socket: Duplex, status: string) => socket.end(`HTTP/1.1 ${status}\r\n\r\n`);
