import { readdirSync, readFileSync } from "node:fs";
import { request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { type Admission, createLocalServer, createToken } from "../../rehearsal/loopback";

const NAME = "github.com";
const TOKEN = "0123456789abcdef0123456789abcdef";
const root = path.resolve(__dirname, "../../rehearsal");

const foreignHost = (host: string) => [421, `The host "${host}" is not a name of this server.\n`];
const page = [403, "Web pages may not call this server.\n"];
const noToken = [403, "The path does not begin with the token: use the URL as it was printed.\n"];

describe("A server of the rehearsal", () => {
  let server: Server;
  let port: number;

  async function start(admission: Admission): Promise<void> {
    server = createLocalServer(admission, (asked, response) => response.end(`${asked.method} ${asked.url}`));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  }
  afterEach(() => server.close());

  function ask(target: string, headers: Record<string, string> = {}, method = "POST"): Promise<[number, string]> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port, path: target, method, headers, agent: false }, (response) => {
        text(response).then((body) => resolve([response.statusCode ?? 0, body]), reject);
      });
      sent.on("error", reject).end();
    });
  }

  const repositories: Admission = { hasName: (host) => host === NAME, token: TOKEN };
  const own = () => ({ host: `127.0.0.1:${port}` });

  it("answers at the printed URL, and passes the path on without the token", async () => {
    await start(repositories);
    expect(await ask(`/${TOKEN}/acme/storefront/push?version=4.0.0`)).to.deep.equal([
      200,
      "POST /acme/storefront/push?version=4.0.0",
    ]);
    expect(await ask(`/${TOKEN}?a=1`, { host: `localhost:${port}` })).to.deep.equal([200, "POST /?a=1"]);
    expect(await ask(`/${TOKEN}`, own(), "GET")).to.deep.equal([200, "GET /"]);
  });

  it("answers programs by its own name, without a token", async () => {
    await start(repositories);
    for (const host of [NAME, `${NAME}:443`, "GitHub.com"])
      expect(await ask("/acme/storefront", { host })).to.deep.equal([200, "POST /acme/storefront"]);
  });

  it("refuses a simple request of a page, which browsers send to any port", async () => {
    await start(repositories);
    for (const origin of ["https://evil.example", "null", "http://localhost:3000"])
      expect(await ask(`/${TOKEN}/push`, { origin })).to.deep.equal(page);
    expect(await ask(`/${TOKEN}/push`, { origin: `http://127.0.0.1:${port}` })).to.deep.equal(page);
    expect(await ask("/push", { host: NAME, origin: "https://evil.example" })).to.deep.equal(page);
  });

  it("refuses an image or a link of a page, which send no Origin header", async () => {
    await start(repositories);
    for (const site of ["cross-site", "same-site"])
      expect(await ask(`/${TOKEN}/push`, { "sec-fetch-site": site }, "GET")).to.deep.equal(page);
    expect(await ask(`/${TOKEN}/push`, { "sec-fetch-site": "none" }, "GET")).to.deep.equal([200, "GET /push"]);
  });

  it("refuses a page whose own name resolves to this machine", async () => {
    await start(repositories);
    for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.github.com"])
      expect(await ask(`/${TOKEN}/push`, { host: `${host}:${port}` })).to.deep.equal(foreignHost(`${host}:${port}`));
  });

  it("does not believe a header that names another host", async () => {
    await start(repositories);
    for (const name of ["x-forwarded-host", "forwarded", "x-host"]) {
      expect(await ask("/push", { host: "evil.example", [name]: NAME })).to.deep.equal(foreignHost("evil.example"));
      expect(await ask("/push", { [name]: NAME })).to.deep.equal(noToken);
    }
  });

  it("refuses who comes by the port without the token, or with another one", async () => {
    await start(repositories);
    const other = createToken();
    expect(other).to.match(/^[0-9a-f]{32}$/);
    for (const target of [
      "/push",
      `/${other}/push`,
      `/${TOKEN}push`,
      `//${TOKEN}/push`,
      `/${TOKEN.toUpperCase()}/push`,
    ])
      expect(await ask(target)).to.deep.equal(noToken);
  });

  it("without a name or a token answers programs at its port only", async () => {
    await start({});
    expect(await ask("/credentials")).to.deep.equal([200, "POST /credentials"]);
    expect(await ask("/credentials", { host: NAME })).to.deep.equal(foreignHost(NAME));
    expect(await ask("/credentials", { origin: "https://evil.example" })).to.deep.equal(page);
  });

  it("lets a service's own pages call it, and no other page", async () => {
    await start({ hasName: (host) => host === NAME, answersPages: true });
    expect(await ask("/cart", { origin: `http://127.0.0.1:${port}`, "sec-fetch-site": "same-origin" })).to.deep.equal([
      200,
      "POST /cart",
    ]);
    expect(await ask("/cart", { host: NAME, origin: "https://ci.acme.example" })).to.deep.equal([200, "POST /cart"]);
    expect(await ask("/cart", { origin: "https://evil.example" })).to.deep.equal(page);
    expect(await ask("/cart", { origin: `http://localhost:${port}` })).to.deep.equal(page);
    expect(await ask("/", { "sec-fetch-site": "cross-site" }, "GET")).to.deep.equal(page);
    expect(await ask("/", { host: `evil.example:${port}` }, "GET")).to.deep.equal(foreignHost(`evil.example:${port}`));
  });
});

describe("The rehearsal's servers", () => {
  // The proxy of tasks answers CONNECT only, which no page can send. The programs of builds have a protocol of their own,
  // which begins with a token.
  const exceptions = ["cloud/codeBuild/programServer.ts", "cloud/ecs/forwarder.ts", "loopback.ts"];

  it("are all made where pages are refused", () => {
    const sources = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((it) => it.endsWith(".ts"));
    const unguarded = sources.filter((file) => /\bcreateServer\b/.test(readFileSync(path.join(root, file), "utf8")));
    expect(unguarded.sort()).to.deep.equal(exceptions);
  });
});
