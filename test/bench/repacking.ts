import { randomBytes } from "node:crypto";
import { PassThrough, type Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createDeflateRaw, createGunzip, createGzip } from "node:zlib";
import { pack } from "tar-stream";
import { zipOf } from "../../handlers/fetch/archive";
import { median } from "./evaluation";

const ROUNDS = 5;
const FILES = 2_000;
const SIZE = 32 * 1024;

/** What fetch adds to the work that any conversion from gzip to deflate has to do. */
export async function repacking(): Promise<string[]> {
  const archive = await tarball();
  const fallback = { path: "buildspec.yml", content: "version: 0.2\n" };
  const repacked: number[] = [];
  const recompressed: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    recompressed.push(await milliseconds(recompress(stream(archive))));
    repacked.push(await milliseconds(zipOf(stream(archive), fallback)));
  }
  const ratio = median(repacked) / median(recompressed);
  const megabytes = (FILES * SIZE) / 1024 / 1024;
  return [
    `${FILES} files, ${megabytes} MiB: gunzip and deflate ${median(recompressed).toFixed(0)} ms, fetch ${median(repacked).toFixed(0)} ms (medians of ${ROUNDS})`,
    `ratio ${ratio.toFixed(2)}`,
  ];
}

/** Half of each file is random, as half of a repository's bytes resist compression. */
async function tarball(): Promise<Buffer> {
  const tar = pack();
  const packed = collect(tar.pipe(createGzip()));
  for (let file = 0; file < FILES; file += 1) {
    const content = Buffer.concat([randomBytes(SIZE / 2), Buffer.alloc(SIZE / 2, `line of file ${file}\n`)]);
    tar.entry({ name: `storefront-abc/src/${file % 50}/file-${file}.js`, mode: 0o644 }, content);
  }
  tar.finalize();
  return packed;
}

function stream(bytes: Buffer): Readable {
  const source = new PassThrough();
  source.end(bytes);
  return source;
}

function recompress(source: Readable): Readable {
  return source.pipe(createGunzip()).pipe(createDeflateRaw());
}

async function collect(source: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function milliseconds(source: Readable): Promise<number> {
  const began = performance.now();
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
  await pipeline(source, sink);
  return performance.now() - began;
}
