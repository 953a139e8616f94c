import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { type Headers, pack } from "tar-stream";
import { fromBufferPromise } from "yauzl";
import { zipOf } from "../../handlers/fetch/archive";
import { refusalMessage } from "../refusal";

const TOP = "storefront-0123456";
const mtime = new Date("2026-01-05T10:00:00Z");
const fallback = { path: "buildspec.yml", content: "version: 0.2\n" };

type Item = [Headers, string?];

async function tarOf(items: Item[]): Promise<Buffer> {
  const tar = pack();
  for (const [header, content = ""] of items) {
    tar.entry({ mtime, ...header }, content);
  }
  tar.finalize();
  return collect(tar);
}

/** The tar.gz of a repository with these files, an executable `run.sh` and a symbolic `link` to README.md. */
function gitArchive(files: Record<string, string>): Buffer {
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-archive-"));
  try {
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=slipway", "-c", "user.email=slipway@acme.example", ...args], {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: "1" },
      });
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), content);
    }
    writeFileSync(path.join(folder, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
    symlinkSync("README.md", path.join(folder, "link"));
    git("init", "--quiet");
    git("add", ".");
    git("commit", "--quiet", "--message", "first");
    return git("archive", "--format=tar.gz", `--prefix=${TOP}/`, "HEAD");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

interface Unpacked {
  name: string;
  mode: string;
  content: string;
}

async function unpack(zip: Buffer): Promise<Unpacked[]> {
  const opened = await fromBufferPromise(zip, { lazyEntries: true });
  const entries: Unpacked[] = [];
  for await (const entry of opened.eachEntry()) {
    const stream = await opened.openReadStreamPromise(entry);
    const content = (await collect(stream)).toString();
    entries.push({ name: entry.fileName, mode: (entry.externalFileAttributes >>> 16).toString(8), content });
  }
  return entries;
}

const convert = async (tarGz: Buffer) => collect(zipOf(Readable.from([tarGz]), fallback));

describe("archive", () => {
  const folder: Item = [{ name: `${TOP}/`, type: "directory", mode: 0o775 }];

  it("holds the repository's files at its root, with modes, links and empty folders", async () => {
    const long = `${"deep/".repeat(40)}${"name".repeat(30)}.txt`;
    const tar = await tarOf([
      folder,
      [{ name: `${TOP}/README.md`, mode: 0o664 }, "# storefront\n"],
      [{ name: `${TOP}/run.sh`, mode: 0o775 }, "#!/bin/sh\n"],
      [{ name: `${TOP}/empty.txt`, mode: 0o664 }],
      [{ name: `${TOP}/empty/`, type: "directory", mode: 0o775 }],
      [{ name: `${TOP}/bin/`, type: "directory", mode: 0o775 }],
      [{ name: `${TOP}/bin/start`, type: "symlink", linkname: "../run.sh", mode: 0o777 }],
      [{ name: `${TOP}/${long}`, mode: 0o664 }, "deep\n"],
      [{ name: `${TOP}/Zoë's basket.txt`, mode: 0o664 }, "naïve\n"],
    ]);
    expect(await unpack(await convert(gzipSync(tar)))).to.deep.equal([
      { name: "README.md", mode: "100664", content: "# storefront\n" },
      { name: "run.sh", mode: "100775", content: "#!/bin/sh\n" },
      { name: "empty.txt", mode: "100664", content: "" },
      { name: "empty/", mode: "40775", content: "" },
      { name: "bin/", mode: "40775", content: "" },
      { name: "bin/start", mode: "120777", content: "../run.sh" },
      { name: long, mode: "100664", content: "deep\n" },
      { name: "Zoë's basket.txt", mode: "100664", content: "naïve\n" },
      { name: "buildspec.yml", mode: "100644", content: fallback.content },
    ]);
  });

  it("is made of what git archives, as GitHub's archives are", async () => {
    const long = `${"deep/".repeat(40)}${"name".repeat(30)}.txt`;
    const commit = { "README.md": "# storefront\n", [long]: "deep\n", "Zoë.txt": "naïve\n" };
    expect(await unpack(await convert(gitArchive(commit)))).to.deep.equal([
      { name: "README.md", mode: "100664", content: "# storefront\n" },
      { name: "Zoë.txt", mode: "100664", content: "naïve\n" },
      ...Array.from({ length: 40 }, (_, depth) => ({ name: "deep/".repeat(depth + 1), mode: "40775", content: "" })),
      { name: long, mode: "100664", content: "deep\n" },
      { name: "link", mode: "120777", content: "README.md" },
      { name: "run.sh", mode: "100775", content: "#!/bin/sh\n" },
      { name: "buildspec.yml", mode: "100644", content: fallback.content },
    ]);
  });

  it("keeps the repository's own buildspec.yml, at its root only", async () => {
    const own = await tarOf([folder, [{ name: `${TOP}/buildspec.yml` }, "own\n"]]);
    expect((await unpack(await convert(gzipSync(own)))).map(({ name, content }) => [name, content])).to.deep.equal([
      ["buildspec.yml", "own\n"],
    ]);
    const nested = await tarOf([folder, [{ name: `${TOP}/sub/buildspec.yml` }, "nested\n"]]);
    expect((await unpack(await convert(gzipSync(nested)))).map(({ name }) => name)).to.deep.equal([
      "sub/buildspec.yml",
      "buildspec.yml",
    ]);
  });

  it("is the same, byte for byte, for the same commit", async () => {
    const tar = gzipSync(
      await tarOf([folder, [{ name: `${TOP}/a` }, "a"], [{ name: `${TOP}/b`, type: "symlink", linkname: "a" }]]),
    );
    expect((await convert(tar)).equals(await convert(tar))).to.equal(true);
  });

  describe("never ends", () => {
    const files: Item[] = [folder, [{ name: `${TOP}/a.txt` }, "a".repeat(100_000)]];

    it("if the download is cut off", async () => {
      const tar = gzipSync(await tarOf(files), { level: 0 });
      expect(await refusalMessage(convert(tar.subarray(0, tar.length - 2_000)))).to.equal("unexpected end of file");
      expect(await refusalMessage(convert(tar.subarray(0, 50_000)))).to.equal("unexpected end of file");
    });

    it("if the tar is cut off within its gzip", async () => {
      const tar = await tarOf(files);
      expect(await refusalMessage(convert(gzipSync(tar.subarray(0, 50_000))))).to.equal("Unexpected end of data");
    });

    it("if the download fails on the way", async () => {
      const tar = gzipSync(await tarOf(files), { level: 0 });
      async function* broken() {
        yield tar.subarray(0, 50_000);
        throw new Error("terminated");
      }
      expect(await refusalMessage(collect(zipOf(Readable.from(broken()), fallback)))).to.equal("terminated");
    });

    it("if it is no gzip", async () => {
      expect(await refusalMessage(convert(Buffer.from("<html>not what was asked for</html>")))).to.equal(
        "incorrect header check",
      );
    });

    it("if there is nothing in it", async () => {
      expect(await refusalMessage(convert(gzipSync(await tarOf([folder]))))).to.equal(
        "the archive of the repository holds no files",
      );
    });

    it("if a name would be unpacked elsewhere", async () => {
      const tar = gzipSync(await tarOf([folder, [{ name: `${TOP}/../../etc/cron.d/x` }, "x"], ...files]));
      expect(await refusalMessage(convert(tar))).to.equal(
        `entry "${TOP}/../../etc/cron.d/x" of the archive is refused: its name climbs out of the archive`,
      );
    });
  });

  it("ends the download when nobody wants it any more", async () => {
    const download = Readable.from([gzipSync(await tarOf([folder, [{ name: `${TOP}/a` }, "a"]]))]);
    const closed = new Promise<void>((resolve) => download.once("close", resolve));
    zipOf(download, fallback).destroy();
    await closed;
    expect(download.destroyed).to.equal(true);
  });

  it("is read no further ahead than a few buffers, however large the repository", async () => {
    const megabyte = 1024 * 1024;
    const size = 200 * megabyte;
    const tar = pack();
    tar.entry({ name: `${TOP}/large.bin`, size, mtime });
    const [header] = (await once(tar, "data")) as [Buffer];
    // A gzip may be a sequence of gzips: one megabyte of the file is compressed once, and sent two hundred times. A tenth of
    // it is noise, which does not compress, so that what is written tells how much was read.
    const noise = createHash("shake256", { outputLength: Math.floor(megabyte / 10) }).digest();
    const block = gzipSync(Buffer.concat([noise, Buffer.alloc(megabyte - noise.length)]));
    const progress = { read: 0, written: 0, ahead: 0 };
    function* chunks() {
      yield gzipSync(header);
      for (; progress.read < size; progress.read += megabyte) {
        yield block;
      }
      yield gzipSync(Buffer.alloc(1024));
    }
    const compressed = block.length;
    for await (const chunk of zipOf(Readable.from(chunks(), { objectMode: true, highWaterMark: 1 }), fallback)) {
      progress.written += (chunk as Buffer).length;
      const writtenOf = (progress.written / compressed) * megabyte;
      progress.ahead = Math.max(progress.ahead, progress.read - writtenOf);
    }
    expect(progress.read).to.equal(size);
    expect(progress.ahead).to.be.below(10 * megabyte);
  });

  it("does not keep 24 KiB for each file: names shared a buffer pool with zlib", async () => {
    const count = 4_000;
    const tar = gzipSync(
      await tarOf([folder, ...Array.from({ length: count }, (_, i): Item => [{ name: `${TOP}/${i}` }, `${i}`])]),
    );
    setFlagsFromString("--expose-gc");
    const collectGarbage: () => void = runInNewContext("gc");
    // zlib frees a stream's memory only after its close callback: on a busy machine one collection comes before some of them.
    const settled = async (): Promise<number> => {
      for (let round = 0; round < 5; round += 1) {
        await setImmediate();
        collectGarbage();
      }
      return process.memoryUsage().arrayBuffers;
    };
    const before = await settled();
    const last = Buffer.from(String(count - 1));
    const growth: number[] = [];
    for await (const chunk of zipOf(Readable.from([tar]), fallback)) {
      if (growth.length === 0 && (chunk as Buffer).includes(last)) {
        growth.push((await settled()) - before);
      }
    }
    expect(growth).to.have.length(1);
    expect(growth[0]).to.be.below(count * 12 * 1024);
  });
});
