import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { expect } from "chai";
import { type CertificateAuthority, createAuthority } from "../../../../rehearsal/cloud/ecs/certificates";
import { type Forwarder, startForwarder } from "../../../../rehearsal/cloud/ecs/forwarder";
import { closeServer } from "../../../../rehearsal/cloud/endpoint";
import type { Address } from "../../../../rehearsal/cloud/network/connections";
import { namedRefusal } from "../../../refusal";

describe("A task's forwarder", () => {
  const forge = createServer((asked, response) =>
    response.end(`${asked.method} ${asked.url} of ${asked.headers.host}`),
  );
  let authority: CertificateAuthority;
  let forwarder: Forwarder;
  let asked: string[];

  before(() => new Promise<void>((resolve) => forge.listen(0, "127.0.0.1", resolve)));
  after(() => closeServer(forge));
  beforeEach(async () => {
    asked = [];
    authority = createAuthority();
    const url = `http://127.0.0.1:${(forge.address() as AddressInfo).port}`;
    const answers: Record<string, Partial<Address>> = {
      "github.com": { url },
      "git.acme.example": { url, unreachable: "203.0.113.7" },
    };
    const resolve = (host: string, port: number): Address => {
      asked.push(`${host}:${port}`);
      return { kind: "address", host, port, ...answers[host] };
    };
    forwarder = await startForwarder({ resolve }, authority);
  });
  afterEach(() => forwarder.close());

  /** Asks for a connection as clients ask a proxy. */
  function connect(target: string): Promise<{ status: number | undefined; socket: Socket }> {
    const sent = request({ port: forwarder.port, host: "127.0.0.1", method: "CONNECT", path: target, agent: false });
    return new Promise((resolve, reject) => {
      sent.on("connect", ({ statusCode: status }, socket) => resolve({ status, socket }));
      sent.on("error", reject).end();
    });
  }

  async function secure(socket: Socket, servername: string, ca = authority.certificate): Promise<TLSSocket> {
    const socketOf = connectTls({ socket, servername, ca });
    await once(socketOf, "secureConnect");
    return socketOf;
  }

  it("leads to where the host answers, under the host's own name", async () => {
    const { status, socket } = await connect("github.com:443");
    expect(status).to.equal(200);
    const tls = await secure(socket, "github.com");
    const { subject, subjectAltName, issuer } = new X509Certificate(tls.getPeerCertificate().raw);
    expect([subject, subjectAltName, issuer]).to.deep.equal([
      "CN=github.com",
      "DNS:github.com",
      "CN=slipway rehearsal",
    ]);
    tls.write("GET /acme/gitops.git HTTP/1.1\r\nHost: github.com\r\nConnection: close\r\n\r\n");
    let text = "";
    for await (const chunk of tls) text += chunk;
    expect(text.split("\r\n").at(-1)).to.equal("GET /acme/gitops.git of github.com");
    expect(asked).to.deep.equal(["github.com:443"]);
  });

  it("passes for no other host than was asked for", async () => {
    const { socket } = await connect("github.com:443");
    expect(await namedRefusal(secure(socket, "gitlab.com"))).to.equal(
      "Error: Hostname/IP does not match certificate's altnames: Host: gitlab.com. is not in the cert's altnames: DNS:github.com",
    );
  });

  it("is trusted by nobody who does not know its authority", async () => {
    const { socket } = await connect("github.com:443");
    const other = createAuthority().certificate;
    expect(await namedRefusal(secure(socket, "github.com", other))).to.equal("Error: certificate signature failure");
  });

  for (const [what, target, expected] of [
    ["has no way to", "git.acme.example:8443", 504],
    ["does not know", "gone.example:443", 502],
  ] as const)
    it(`refuses a host that it ${what}`, async () => {
      expect((await connect(target)).status).to.equal(expected);
      expect(asked).to.deep.equal([target]);
    });

  it("forwards nothing that is not encrypted", async () => {
    const response = await fetch(`http://127.0.0.1:${forwarder.port}/`);
    expect([response.status, await response.text()]).to.deep.equal([501, "Only HTTPS is forwarded.\n"]);
  });

  it("breaks off what is open when it ends, and takes no more", async () => {
    const tls = await secure((await connect("github.com:443")).socket, "github.com");
    const closed = once(tls, "close");
    tls.resume().on("error", () => {});
    forwarder.close();
    await closed;
    expect(await namedRefusal(connect("github.com:443"))).to.match(/^Error: connect ECONNREFUSED 127\.0\.0\.1:\d+$/);
  });
});
