import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { devNull, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { assert } from "chai";
import { fromBufferPromise } from "yauzl";
import { type Clock, createClock } from "../../../rehearsal/clock";
import { file } from "../../../rehearsal/forges/files";
import { enterpriseHost, type Forges, startForges } from "../../../rehearsal/forges/forges";
import type { Repository } from "../../../rehearsal/forges/repository";
import { fetchByName } from "../byName";

const run = promisify(execFile);
const token = "token-of-acme";
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

interface Case {
  /** The repository's site, and its name there. */
  site: string;
  name: string;
  /** Where its archive is, and who brings the token how. */
  archive: (commit: string) => string;
  headers: Record<string, string>;
  /** The archive's one folder. */
  folder: (commit: string) => string;
  /** What a request without a token is answered, and one with another token. */
  refused: [anonymous: number, other: number];
}

const cases: Case[] = [
  {
    site: "github.com",
    name: "acme/api",
    archive: (commit) => `https://api.github.com/repos/acme/api/zipball/${commit}`,
    headers: { authorization: `Bearer ${token}` },
    folder: (commit) => `acme-api-${commit.slice(0, 7)}/`,
    refused: [404, 401],
  },
  {
    site: enterpriseHost,
    name: "acme/ledger",
    archive: (commit) => `https://${enterpriseHost}/api/v3/repos/acme/ledger/zipball/${commit}`,
    headers: { authorization: `token ${token}` },
    folder: (commit) => `acme-ledger-${commit.slice(0, 7)}/`,
    refused: [404, 401],
  },
  {
    site: "gitlab.com",
    name: "acme/shop/loyalty",
    archive: (commit) =>
      `https://gitlab.com/api/v4/projects/acme%2Fshop%2Floyalty/repository/archive.zip?sha=${commit}`,
    headers: { "private-token": token },
    folder: (commit) => `loyalty-${commit}-${commit}/`,
    refused: [404, 401],
  },
  {
    site: "bitbucket.org",
    name: "acme/search",
    archive: (commit) => `https://bitbucket.org/acme/search/get/${commit}.zip`,
    headers: { authorization: basic("x-token-auth", token) },
    folder: (commit) => `acme-search-${commit.slice(0, 12)}/`,
    refused: [404, 404],
  },
  {
    site: "gitee.com",
    name: "acme/stock",
    archive: (commit) => `https://gitee.com/api/v5/repos/acme/stock/zipball?ref=${commit}`,
    headers: { authorization: `Bearer ${token}` },
    folder: (commit) => `stock-${commit}/`,
    refused: [404, 401],
  },
];

describe("rehearsal: repositories of forges", () => {
  const addresses = new Map<string, string>();
  let directory: string;
  let clock: Clock;
  let forges: Forges;

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "slipway-forges-"));
    clock = createClock(0, Date.UTC(2026, 0, 2, 3, 4, 5));
    forges = await startForges({ directory, addresses, clock });
  });

  after(async () => {
    await forges.close();
    await rm(directory, { recursive: true });
  });

  const ask = (address: string, headers: Record<string, string> = {}) => fetchByName(addresses, address, { headers });

  /** Follows a redirect without the credentials, as fetch does to another host. */
  async function download(address: string, headers: Record<string, string> = {}): Promise<Response> {
    const response = await ask(address, headers);
    return response.status === 302 ? ask(response.headers.get("location") ?? "") : response;
  }

  const firstEntry = async (response: Response): Promise<string> => {
    const zip = await fromBufferPromise(Buffer.from(await response.arrayBuffer()));
    for await (const { fileName } of zip.eachEntry()) return fileName;
    return "";
  };

  for (const { site, name, archive, headers, folder, refused } of cases)
    describe(`at ${site}`, () => {
      let repository: Repository;
      let commit: string;

      before(async () => {
        repository = await forges.createRepository(name, site);
        commit = (await repository.commit({ "README.md": file("1\n") }, "Begin")).after;
      });

      beforeEach(() => forges.protect(repository, token));

      it("give a public archive to everybody", async () => {
        forges.protect(repository, undefined);
        const response = await download(archive(commit));
        assert.deepEqual([response.status, await firstEntry(response)], [200, folder(commit)]);
      });

      it("give a private archive to who brings the token, and to nobody else", async () => {
        const response = await download(archive(commit), headers);
        assert.deepEqual([response.status, await firstEntry(response)], [200, folder(commit)]);
        const other = Object.fromEntries(
          Object.entries(headers).map(([key, value]) => [key, value.replace(/\S+$/, basic("x", "other").slice(6))]),
        );
        const answers = [await ask(archive(commit)), await ask(archive(commit), other)];
        assert.deepEqual(
          answers.map((it) => it.status),
          refused,
        );
      });

      it("have no archive of a commit that is gone", async () => {
        assert.equal((await download(archive("a".repeat(40)), headers)).status, 404);
      });

      it("tell git the head of a branch, a private one to who brings the token", async () => {
        const refs = `https://${site}/${name}.git/info/refs?service=git-upload-pack`;
        const anonymous = await ask(refs);
        assert.deepEqual([anonymous.status, anonymous.headers.has("www-authenticate")], [401, true]);
        const response = await ask(refs, { authorization: basic("any", token) });
        assert.include(await response.text(), `${commit} refs/heads/main\n`);
      });
    });

  it("lead to a private archive by an address that is good for five minutes", async () => {
    const repository = await forges.createRepository("acme/brief");
    const { after: commit } = await repository.commit({ "README.md": file("1\n") }, "Begin");
    forges.protect(repository, token);
    const api = await ask(`https://api.github.com/repos/acme/brief/zipball/${commit}`, {
      authorization: `Bearer ${token}`,
    });
    const location = api.headers.get("location") ?? "";
    assert.match(location, new RegExp(`^https://codeload.github.com/acme/brief/legacy.zip/${commit}\\?token=\\w{32}$`));
    assert.equal((await ask(location)).status, 200);
    assert.equal((await ask(location.replace("/brief/", "/api/"))).status, 404);
    assert.equal((await ask(location.replace(/\?.*/, ""))).status, 404);
    await clock.turn(5 * 60_000);
    assert.equal((await ask(location)).status, 404);
  });

  it("do not show a private one at the website, whoever asks", async () => {
    const repository = await forges.createRepository("acme/hidden");
    const { after: commit } = await repository.commit({ "README.md": file("1\n") }, "Begin");
    const address = `https://github.com/acme/hidden/archive/${commit}.zip`;
    assert.equal((await ask(address)).status, 302);
    forges.protect(repository, token);
    assert.equal((await ask(address, { authorization: `Bearer ${token}` })).status, 404);
  });

  it("can be cloned with the token as git sends it", async () => {
    const repository = await forges.createRepository("acme/cloned");
    const { after: commit } = await repository.commit({ "README.md": file("1\n") }, "Begin");
    forges.protect(repository, token);
    const isolated = {
      PATH: process.env.PATH,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: devNull,
      GIT_TERMINAL_PROMPT: "0",
    };
    const address = new URL(`${forges.url}/acme/cloned.git`);
    const clone = (to: string) =>
      run("git", ["clone", "--quiet", address.href, path.join(directory, to)], { env: isolated });
    const refused = await clone("refused").then(
      () => "cloned",
      (error: Error) => error.message,
    );
    assert.include(refused, "could not read Username");
    address.username = "x-access-token";
    address.password = token;
    await clone("clone");
    const { stdout } = await run("git", ["-C", path.join(directory, "clone"), "rev-parse", "HEAD"], { env: isolated });
    assert.equal(stdout.trim(), commit);
  });

  it("are only at forges that there are", async () => {
    const error = await forges.createRepository("acme/absent", "codeberg.org").catch((reason: Error) => reason);
    assert.equal(
      (error as Error).message,
      "There is no forge at codeberg.org: there are github.com, github.acme.example, gitlab.com, bitbucket.org, gitee.com.",
    );
    assert.equal((await ask("https://codeberg.org/acme/api")).status, 421);
  });
});
