import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fromBufferPromise } from "yauzl";
import { archiveOf } from "../../../handlers/fetch/archive";
import { spool } from "../../../handlers/fetch/spool";

export const fallback = { path: "buildspec.yml", content: "version: 0.2\n" };

/** Of a function that has all the time. */
const { signal } = new AbortController();

export async function* piecesOf(zip: Buffer, size = 65_536): AsyncGenerator<Buffer> {
  for (let start = 0; start < zip.length; start += size) {
    yield zip.subarray(start, start + size);
  }
}

/** What fetch stores of a download. */
export async function convert(
  download: Buffer | AsyncIterable<Uint8Array>,
  end: AbortSignal = signal,
): Promise<Buffer> {
  const downloaded = await spool(Buffer.isBuffer(download) ? piecesOf(download) : download);
  const pieces: Buffer[] = [];
  try {
    for await (const piece of archiveOf(downloaded, fallback, end)) {
      pieces.push(Buffer.from(piece));
    }
  } finally {
    await downloaded.close();
  }
  return Buffer.concat(pieces);
}

export interface Unpacked {
  name: string;
  mode: string;
  content: string;
}

/** The entries of a zip, names as their bytes say in UTF-8. */
export async function unpack(zip: Buffer): Promise<Unpacked[]> {
  const opened = await fromBufferPromise(zip, { decodeStrings: false });
  const entries: Unpacked[] = [];
  for await (const entry of opened.eachEntry()) {
    const chunks: Buffer[] = [];
    for await (const chunk of await opened.openReadStreamPromise(entry)) {
      chunks.push(chunk);
    }
    const mode = (entry.externalFileAttributes >>> 16).toString(8);
    entries.push({ name: entry.fileNameRaw.toString(), mode, content: Buffer.concat(chunks).toString() });
  }
  return entries;
}

/** The names of a zip's entries. */
export async function namesOf(zip: Buffer): Promise<string[]> {
  const opened = await fromBufferPromise(zip, { decodeStrings: false });
  const names: string[] = [];
  for await (const { fileNameRaw } of opened.eachEntry()) {
    names.push(fileNameRaw.toString());
  }
  return names;
}

/** A file of a commit: its content, or with its mode. */
export type Committed = string | Buffer | { mode: "100755" | "120000"; content: string };

/**
 * The zip of a commit, as git makes it for forges. Files go in by `git fast-import`, which needs no file system that can hold
 * their names.
 *
 * @param settings of git
 */
export function gitZip(top: string, files: Record<string, Committed>, settings: string[] = []): Buffer {
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-archive-"));
  const git = (args: string[], input?: Buffer) =>
    execFileSync("git", [`--git-dir=${folder}`, ...settings.flatMap((it) => ["-c", it]), ...args], {
      env: { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: "1", TZ: "UTC" },
      maxBuffer: 2 ** 30,
      ...(input === undefined ? {} : { input }),
    });
  try {
    git(["init", "--quiet", "--bare"]);
    git(["fast-import", "--quiet"], importOf(files));
    return git(["archive", "--format=zip", `--prefix=${top}/`, "main"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function importOf(files: Record<string, Committed>): Buffer {
  const date = Date.UTC(2026, 0, 5, 10) / 1000;
  const parts = [`commit refs/heads/main\ncommitter slipway <slipway@acme.example> ${date} +0000\ndata 5\nfirst\n`];
  const pieces: Buffer[] = [Buffer.from(parts.join(""))];
  for (const [name, file] of Object.entries(files)) {
    const { mode, content } =
      typeof file === "string" || Buffer.isBuffer(file) ? { mode: "100644", content: file } : file;
    const quoted = `"${name.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
    pieces.push(Buffer.from(`M ${mode} inline ${quoted}\ndata ${Buffer.byteLength(content)}\n`), Buffer.from(content));
    pieces.push(Buffer.from("\n"));
  }
  return Buffer.concat(pieces);
}
