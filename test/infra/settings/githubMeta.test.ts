import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect } from "chai";
import { contains } from "../../../infra/settings/cidr";
import { fetchGithubCidrs, META, widen } from "../../../infra/settings/githubMeta";
import { refusalMessage } from "../../refusal";
import { mistakesOf, withInstance } from "../configurations";
import { ROOT } from "../support";

const NOW = new Date("2026-11-21T23:59:59Z");
const BASE = ["192.30.252.0/22", "185.199.108.0/22", "140.82.112.0/20", "143.55.64.0/20"];

/** As GitHub answers, with fewer sites: `git`, `web` and `api` among lists of other services, IPv6 among IPv4. */
const ANSWER = {
  verifiable_password_authentication: false,
  hooks: ["192.30.252.0/22", "185.199.108.0/22"],
  web: [...BASE, "2a0a:a440::/29", "20.205.243.166/32", "4.237.22.38/32"],
  api: [...BASE, "2a0a:a440::/29", "20.205.243.168/32", "4.237.22.34/32"],
  git: [...BASE, "2606:50c0::/32", "20.205.243.160/32", "20.205.243.166/32"],
  actions: ["4.148.0.0/16"],
  domains: { website: ["*.github.com"] },
};

describe("GitHub's networks", () => {
  it("are those of git, web and api, widened to /28 and merged", async () => {
    await answering(200, JSON.stringify(ANSWER), async (source) => {
      expect(await fetchGithubCidrs(source, NOW)).to.deep.equal({
        source,
        fetched: "2026-11-21",
        cidrs: [
          "4.237.22.32/28",
          "20.205.243.160/28",
          "140.82.112.0/20",
          "143.55.64.0/20",
          "185.199.108.0/22",
          "192.30.252.0/22",
        ],
      });
    });
  });

  const kept = "infra/settings/githubCidrs.json was not changed. Try again, or set githubCidrs in the stack file.";
  const REFUSED: [title: string, status: number, body: string, cause: string][] = [
    ["an error", 503, JSON.stringify(ANSWER), "answered 503"],
    ["a page", 200, "<html>Sign in to the network</html>", "returned something other than JSON"],
    ["JSON that is no object", 200, "null", "has no list of networks named git"],
    ["no list of web", 200, JSON.stringify({ ...ANSWER, web: undefined }), "has no list of networks named web"],
    [
      "a list of no networks",
      200,
      JSON.stringify({ ...ANSWER, api: [...BASE, "github.com"] }),
      "has no list of networks named api",
    ],
    [
      "single addresses alone",
      200,
      JSON.stringify({ git: ["20.205.243.166/32"], web: ["143.55.64.0/21", BASE[0]], api: [] }),
      "lacks 185.199.108.0/22, 140.82.112.0/20, 143.55.64.0/20, which GitHub has had for years",
    ],
  ];
  for (const [title, status, body, cause] of REFUSED)
    it(`are not taken from an answer of ${title}`, () =>
      answering(status, body, async (source) => {
        expect(await refusalMessage(fetchGithubCidrs(source, NOW))).to.equal(`${source} ${cause}: ${kept}`);
      }));

  it("are not taken from nobody", async () => {
    const gone = await answering(200, "", async (source) => source);
    expect(await refusalMessage(fetchGithubCidrs(gone, NOW))).to.equal(
      `${gone} does not answer (ECONNREFUSED): ${kept}`,
    );
  });

  const WIDENED: [published: string[], routes: string[]][] = [
    [["20.205.243.166/32"], ["20.205.243.160/28"]],
    [["20.205.243.160/28"], ["20.205.243.160/28"]],
    [["20.205.243.0/27"], ["20.205.243.0/27"]],
    [["20.205.243.175/32", "20.205.243.176/32"], ["20.205.243.160/27"]],
    [
      ["255.255.255.255/32", "0.0.0.1/32"],
      ["0.0.0.0/28", "255.255.255.240/28"],
    ],
    [["2606:50c0::/32"], []],
  ];
  for (const [published, routes] of WIDENED)
    it(`${published.join(" and ")} come to ${routes.join(" and ") || "nothing"}`, () => {
      expect(widen(published)).to.deep.equal(routes);
    });
});

describe("infra/settings/githubCidrs.json", () => {
  const file = JSON.parse(readFileSync(path.join(ROOT, "infra/settings/githubCidrs.json"), "utf8"));

  it("says where it is from, and since when", () => {
    expect(Object.keys(file)).to.deep.equal(["source", "fetched", "cidrs"]);
    expect(file.source).to.equal(META);
    expect(new Date(file.fetched).toISOString().slice(0, 10)).to.equal(file.fetched);
  });

  it("is widened and merged", () => {
    expect(widen(file.cidrs)).to.deep.equal(file.cidrs);
  });

  it("is a list that a stack file could have", () => {
    expect(mistakesOf(withInstance({ githubCidrs: file.cidrs }))).to.deep.equal([]);
  });

  for (const [host, address] of [
    ["github.com", "20.205.243.166"],
    ["codeload.github.com", "20.205.243.165"],
    ["api.github.com", "20.205.243.168"],
    ["github.com", "140.82.114.3"],
  ])
    it(`covers ${host} at ${address}`, () => {
      expect(file.cidrs.filter((cidr: string) => contains(cidr, `${address}/32`))).to.have.length(1);
    });
});

/** Serves one answer on loopback for as long as `use` takes. */
async function answering<T>(status: number, body: string, use: (source: string) => Promise<T>): Promise<T> {
  const server = createServer((_, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/meta`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
