import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { devNull, tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { assert } from "chai";
import { fromBufferPromise } from "yauzl";
import { createClock } from "../../../rehearsal/clock";
import { type Forges, startForges } from "../../../rehearsal/forges/forges";
import { noCommit, type Repository } from "../../../rehearsal/forges/repository";
import { request } from "../../../rehearsal/forges/request";
import { commitCrash, commitLarge, commitVersion } from "../../../rehearsal/forges/storefront";
import { fetchByName } from "../byName";

const run = promisify(execFile);
const began = Date.UTC(2026, 0, 2, 3, 4, 5);
const isolated = {
  PATH: process.env.PATH,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: devNull,
  GIT_TERMINAL_PROMPT: "0",
};
const git = async (...args: string[]) => (await run("git", args, { env: isolated })).stdout;

describe("rehearsal: GitHub", () => {
  const addresses = new Map<string, string>();
  const faults: Error[] = [];
  let directory: string;
  let forges: Forges;
  let repository: Repository;
  let first: string;

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "slipway-github-"));
    const clock = createClock(0, began);
    forges = await startForges({ directory, addresses, clock, onFault: (error) => faults.push(error) });
    repository = await forges.createRepository("acme/storefront");
    first = (await commitVersion(repository, "1.0.0")).after;
  });

  after(async () => {
    await forges.close();
    await rm(directory, { recursive: true });
  });

  const download = (host: string, file: string) => fetchByName(addresses, `https://${host}${file}`);

  async function unzip(archive: Response): Promise<Map<string, { mode: number; content: string }>> {
    const zip = await fromBufferPromise(Buffer.from(await archive.arrayBuffer()));
    const entries = new Map<string, { mode: number; content: string }>();
    for await (const entry of zip.eachEntry()) {
      const content = (await buffer(await zip.openReadStreamPromise(entry))).toString();
      entries.set(entry.fileName, { mode: entry.externalFileAttributes >>> 16, content });
    }
    return entries;
  }

  it("leads an archive's address to codeload, as GitHub does", async () => {
    const response = await download("github.com", `/acme/storefront/archive/${first}.zip`);
    assert.equal(response.status, 302);
    assert.equal(response.headers.get("location"), `https://codeload.github.com/acme/storefront/zip/${first}`);
  });

  it("knows the host from the Host header too", async () => {
    const response = await request(addresses, `https://codeload.github.com/acme/storefront/zip/${first}`);
    assert.equal(response.status, 200);
    assert.equal(response.headers["content-type"], "application/zip");
  });

  it("wraps the archive's files in one folder named after repository and commit", async () => {
    const entries = await unzip(await download("codeload.github.com", `/acme/storefront/zip/${first}`));
    const files = [...entries.keys()].filter((name) => !name.endsWith("/"));
    assert.deepEqual(files.sort(), [
      `storefront-${first}/.dockerignore`,
      `storefront-${first}/Dockerfile`,
      `storefront-${first}/README.md`,
      `storefront-${first}/app.js`,
      `storefront-${first}/migrate.js`,
      `storefront-${first}/package.json`,
      `storefront-${first}/report.js`,
      `storefront-${first}/schedules.yaml`,
      `storefront-${first}/server.js`,
      `storefront-${first}/test/app.test.js`,
      `storefront-${first}/test/programs.test.js`,
      `storefront-${first}/worker.js`,
    ]);
    const manifest = JSON.parse(entries.get(`storefront-${first}/package.json`)?.content ?? "");
    assert.equal(manifest.version, "1.0.0");
  });

  it("names the commit in the archive's comment, as git does", async () => {
    const archive = await download("codeload.github.com", `/acme/storefront/zip/${first}`);
    const zip = await fromBufferPromise(Buffer.from(await archive.arrayBuffer()));
    assert.equal(zip.comment, first);
  });

  it("keeps modes and symbolic links", async () => {
    const { after } = await repository.commit(
      {
        "bin/run": { mode: "100755", content: "#!/bin/sh\n" },
        link: { mode: "120000", content: "bin/run" },
      },
      "A script and a link",
      "modes",
    );
    const entries = await unzip(await download("codeload.github.com", `/acme/storefront/zip/${after}`));
    assert.equal(entries.get(`storefront-${after}/bin/run`)?.mode, 0o100755);
    assert.deepEqual(entries.get(`storefront-${after}/link`), { mode: 0o120777, content: "bin/run" });
  });

  for (const [what, host, file] of [
    ["a commit that is not there", "codeload.github.com", `/acme/storefront/zip/${"a".repeat(40)}`],
    ["a repository that is not there", "github.com", `/acme/absent/archive/${"a".repeat(40)}.zip`],
    ["a path of the other host", "github.com", `/acme/storefront/zip/${"a".repeat(40)}`],
  ] as const)
    it(`answers 404 to ${what}`, async () => {
      const response = await download(host, file);
      assert.deepEqual([response.status, await response.text()], [404, "404: Not Found"]);
    });

  it("can be cloned", async () => {
    const clone = path.join(directory, "clone");
    await git("clone", "--quiet", `${forges.url}/acme/storefront.git`, clone);
    assert.equal(JSON.parse(await readFile(path.join(clone, "package.json"), "utf8")).version, "1.0.0");
    const written = await git("-C", clone, "log", "-1", "--format=%an <%ae> %cI %s");
    assert.equal(written, "slipway rehearsal <rehearsal@acme.example> 2026-01-02T03:04:05+00:00 Release 1.0.0\n");
  });

  it("does not tell git a repository that is absent from one that is private", async () => {
    const response = await fetch(`${forges.url}/acme/absent.git/info/refs?service=git-upload-pack`);
    assert.deepEqual([response.status, response.headers.get("www-authenticate")], [401, 'Basic realm="GitHub"']);
  });

  it("takes a push by git, and moves the branch", async () => {
    const clone = path.join(directory, "pushing");
    await git("clone", "--quiet", `${forges.url}/acme/storefront.git`, clone);
    await writeFile(path.join(clone, "NEWS.md"), "Something new\n");
    await git("-C", clone, "add", "NEWS.md");
    await git(
      "-C",
      clone,
      "-c",
      "user.name=acme",
      "-c",
      "user.email=acme@acme.example",
      "commit",
      "--quiet",
      "-m",
      "News",
    );
    await git("-C", clone, "push", "--quiet", "origin", "HEAD:refs/heads/news/first");
    const head = (await git("-C", clone, "rev-parse", "HEAD")).trim();
    assert.equal((await repository.refs()).get("refs/heads/news/first"), head);
    assert.deepEqual(await repository.describe(head).then((it) => [it.message, it.added]), ["News", ["NEWS.md"]]);
  });

  it("commits a version, a crash and the repair as changes of exactly these files", async () => {
    const changed = async (update: { after: string }) => (await repository.describe(update.after)).modified;
    assert.deepEqual(await changed(await commitVersion(repository, "2.0.0")), ["package.json"]);
    assert.deepEqual(await changed(await commitCrash(repository, "3.0.0")), ["package.json", "server.js"]);
    assert.deepEqual(await changed(await commitVersion(repository, "3.0.1")), ["package.json", "server.js"]);
  });

  it("tells which commits an update brought, and whether it threw some away", async () => {
    const { after: base } = await commitVersion(repository, "1.1.0", "side");
    const { after: next } = await commitVersion(repository, "1.2.0", "side");
    const messages = async (before: string, after: string, ref = "refs/heads/side") =>
      (await repository.commits({ ref, before, after })).map((commit) => commit.message);
    assert.deepEqual(await messages(base, next), ["Release 1.2.0"]);
    assert.deepEqual(await messages(noCommit, next), ["Release 1.2.0"]);
    assert.deepEqual(await messages(next, base), []);
    assert.deepEqual(await messages(next, noCommit), []);
    assert.deepEqual(await messages(noCommit, next, "refs/tags/v1"), []);
    const back = await repository.move("refs/heads/side", base);
    assert.deepEqual(back, { ref: "refs/heads/side", before: next, after: base });
    assert.isTrue(await repository.forced(back));
    assert.isFalse(await repository.forced({ ref: back.ref, before: base, after: next }));
    await repository.move("refs/heads/side", noCommit);
    assert.isFalse((await repository.refs()).has("refs/heads/side"));
  });

  describe("failing", () => {
    afterEach(() => {
      forges.fault = undefined;
      faults.length = 0;
    });

    it("resets connections where it is unreachable", async () => {
      forges.fault = { kind: "unreachable" };
      const code = await new Promise((resolve) => {
        get(`${forges.url}/acme/storefront/archive/${first}.zip`).on("error", (error: NodeJS.ErrnoException) =>
          resolve(error.code),
        );
      });
      assert.equal(code, "ECONNRESET");
      assert.deepEqual(faults, []);
    });

    it("breaks an archive off after so many bytes", async () => {
      const { after } = await commitLarge(repository, "1.3.0", 3_000_000);
      const whole = await download("codeload.github.com", `/acme/storefront/zip/${after}`);
      assert.isAbove((await whole.arrayBuffer()).byteLength, 3_000_000);
      forges.fault = { kind: "cut", afterBytes: 1_000_000 };
      const response = await download("codeload.github.com", `/acme/storefront/zip/${after}`);
      let received = 0;
      const reading = (async () => {
        for await (const chunk of response.body ?? []) received += chunk.length;
      })();
      const error = await reading.then(
        () => undefined,
        (reason: Error) => reason,
      );
      assert.equal(error?.message, "aborted");
      assert.isAtMost(received, 1_100_000);
      assert.deepEqual(faults, []);
    });
  });
});
