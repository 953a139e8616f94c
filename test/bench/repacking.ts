import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { median } from "./evaluation";
import type { Taken } from "./repackingRun";

const ROUNDS = 3;
const MB = 1_000_000;
/** Not ts-node, whose compiler would be most of the memory that is measured. */
const NODE = ["-r", "sucrase/register/ts"];

/** MB of the generated repositories, of which a fifth does not compress. The small one shows whether memory grows with the size. */
const WHOLE = 300;
const SMALL = 30;

/** What fetch's checks and new names cost, against streaming the forge's archive into the bucket as it comes. */
export async function repacking(root: string): Promise<string[]> {
  const directory = await mkdtemp(path.join(tmpdir(), "slipway-bench-"));
  try {
    for (const size of [SMALL, WHOLE])
      await archiveRepository(path.join(directory, `${size}.git`), size, path.join(directory, `${size}.zip`));
    return await withServer(root, directory, (url) => measured(root, url));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measured(root: string, url: string): Promise<string[]> {
  const streamed: Taken[] = [];
  const fetched: Taken[] = [];
  const small: Taken[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    streamed.push(await run(root, "stream", url, WHOLE));
    fetched.push(await run(root, "fetch", url, WHOLE));
    small.push(await run(root, "fetch", url, SMALL));
  }
  const of = (all: Taken[], key: keyof Taken) => median(all.map((taken) => taken[key]));
  const ratio = (key: keyof Taken, to = streamed) => (of(fetched, key) / of(to, key)).toFixed(2);
  return [
    `${WHOLE} MB in a zip of ${(of(fetched, "stored") / MB).toFixed(0)} MB (medians of ${ROUNDS})`,
    `CPU: streaming ${of(streamed, "cpu").toFixed(0)} ms, fetch ${of(fetched, "cpu").toFixed(0)} ms, ratio ${ratio("cpu")}, limit 2`,
    `wall: streaming ${of(streamed, "wall").toFixed(0)} ms, fetch ${of(fetched, "wall").toFixed(0)} ms, ratio ${ratio("wall")}, limit 2.5`,
    `peak memory: ${(of(fetched, "peak") / MB).toFixed(0)} MB, ratio ${ratio("peak")} to streaming, ${ratio("peak", small)} to fetch of a tenth`,
  ];
}

async function run(root: string, mode: string, url: string, size: number): Promise<Taken> {
  const script = path.join(__dirname, "repackingRun.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [...NODE, script, mode, url, `${size}.zip`], {
    cwd: root,
  });
  return JSON.parse(stdout);
}

async function withServer<T>(root: string, directory: string, use: (url: string) => Promise<T>): Promise<T> {
  const script = path.join(__dirname, "repackingServer.ts");
  const server = spawn(process.execPath, [...NODE, script, directory], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [port] = await once(createInterface({ input: server.stdout }), "line");
    return await use(`http://127.0.0.1:${port}`);
  } finally {
    server.kill();
  }
}

/** Commits files, and has git archive them: forges do no other. */
async function archiveRepository(repository: string, megabytes: number, zip: string): Promise<void> {
  const git = (...args: string[]) =>
    spawn("git", ["-c", "core.compression=0", `--git-dir=${repository}`, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
  await once(git("init", "--quiet", "--bare"), "close");
  const importing = git("fast-import", "--quiet");
  await writeCommit(importing.stdin, megabytes);
  await once(importing, "close");
  const archiving = git("-c", "core.compression=6", "archive", "--format=zip", "--prefix=storefront-0123456/", "main");
  await pipeline(archiving.stdout, createWriteStream(zip));
}

async function writeCommit(input: Writable, megabytes: number): Promise<void> {
  const write = async (text: string | Buffer) => input.write(text) || once(input, "drain");
  await write("commit refs/heads/main\ncommitter slipway <slipway@acme.example> 1767225600 +0000\ndata 5\nfirst\n");
  const random = createRandom();
  const texts = Array.from({ length: 500 }, () => textOf(random, TEXT));
  for (let file = 0; file * TEXT < megabytes * 0.8 * MB; file += 1) {
    const content = `// file ${file}\n${texts[file % texts.length]}`;
    await write(`M 100644 inline src/${file % 200}/file-${file}.ts\ndata ${content.length}\n${content}\n`);
  }
  for (let file = 0; file < megabytes * 0.2; file += 1) {
    await write(`M 100644 inline assets/image-${file}.webp\ndata ${MB}\n`);
    await write(Buffer.from(Array.from({ length: MB }, () => random() * 256)));
    await write("\n");
  }
  input.end();
}

/** Characters of a source file. */
const TEXT = 24_000;

/** Words of a small vocabulary, some far more often than others: compresses about as well as source code. */
function textOf(random: () => number, length: number): string {
  let text = "";
  while (text.length < length) {
    const word = Math.floor(3_000 ** random());
    text += `${((word * 2_654_435_761) % 4_294_967_296).toString(36)}${random() < 0.1 ? ";\n  " : " "}`;
  }
  return text.slice(0, length);
}

/** mulberry32: the same repository each time. */
function createRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
