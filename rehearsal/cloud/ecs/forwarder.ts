import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import { TLSSocket } from "node:tls";
import type { Connections } from "../network/connections";
import type { CertificateAuthority } from "./certificates";

/** A task's way to hosts outside, for programs that have no preload: git. */
export interface Forwarder {
  port: number;
  /** Breaks every connection off; none comes about any more. */
  close(): void;
}

/**
 * Starts a proxy for HTTPS. A program that is told of it by its own configuration calls hosts by their own names, sends its
 * credentials to those names, and checks their certificates; here TLS ends, and the rest goes to where the host answers.
 */
export async function startForwarder(
  { resolve }: Pick<Connections, "resolve">,
  authority: CertificateAuthority,
): Promise<Forwarder> {
  const open = new Set<Duplex>();
  // A proxy is asked for `http:` addresses by their whole URL, which no forge is reached by.
  const server = createServer((_, response) => response.writeHead(501).end("Only HTTPS is forwarded.\n"));

  server.on("connect", ({ url = "" }: IncomingMessage, socket: Duplex, head: Buffer) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    // Whoever breaks off a connection knows of it.
    socket.on("error", () => {});
    const [host = "", port = "443"] = url.split(":");
    const address = resolve(host, Number(port));
    // No status stands for a name without an address, or for packets that nobody answers: these are the nearest.
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
