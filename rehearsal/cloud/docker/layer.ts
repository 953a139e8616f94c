import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, lstat, mkdir, readdir, readlink, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { extract, pack } from "tar-stream";
import type { Blob } from "./imageStore";

// Times and owners are omitted, so that the same files always have the same digest.
const EPOCH = new Date(0);

/** Writes a folder as a layer: a gzipped tar, sorted by name. The digest depends only on its content. */
export async function writeLayer(root: string, directory: string): Promise<Blob & { diffId: string }> {
  await mkdir(directory, { recursive: true });
  const archive = pack();
  const plain = createHash("sha256");
  const zipped = createHash("sha256");
  let size = 0;
  const temporary = path.join(directory, `layer-${randomUUID()}`);
  const packing = addFolder(archive, root, "").then(
    () => archive.finalize(),
    (error) => archive.destroy(error),
  );
  await pipeline(
    archive,
    tap((chunk) => plain.update(chunk)),
    // Compression takes half of an image's build time, and nothing is kept for long.
    createGzip({ level: 1 }),
    tap((chunk) => {
      zipped.update(chunk);
      size += chunk.length;
    }),
    createWriteStream(temporary),
  );
  await packing;
  const hex = zipped.digest("hex");
  const file = path.join(directory, hex);
  await rename(temporary, file);
  return { digest: `sha256:${hex}`, size, path: file, diffId: `sha256:${plain.digest("hex")}` };
}

const tap = (see: (chunk: Buffer) => void) => new PassThrough().on("data", see);

async function addFolder(archive: ReturnType<typeof pack>, root: string, folder: string): Promise<void> {
  const names = (await readdir(path.join(root, folder))).sort();
  for (const child of names) {
    const name = path.posix.join(folder, child);
    const file = path.join(root, name);
    const status = await lstat(file);
    const header = { name, mode: status.mode & 0o777, mtime: EPOCH };
    if (status.isDirectory()) {
      await added((done) => archive.entry({ ...header, type: "directory" }, done));
      await addFolder(archive, root, name);
    } else if (status.isSymbolicLink()) {
      const linkname = await readlink(file);
      await added((done) => archive.entry({ ...header, type: "symlink", linkname }, done));
    } else {
      await added((done) => {
        const entry = archive.entry({ ...header, size: status.size }, done);
        pipeline(createReadStream(file), entry).catch(done);
      });
    }
  }
}

function added(add: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => add((error) => (error ? reject(error) : resolve())));
}

/** Unpacks a layer into a folder. If that fails, the incomplete folder is removed. */
export async function unpackLayer(layer: Readable, directory: string): Promise<void> {
  const archive = extract();
  const links: { file: string; target: string }[] = [];
  archive.on("entry", (header, content, next) => {
    unpackEntry(path.join(directory, header.name), header, content, links).then(() => next(), next);
  });
  try {
    await mkdir(directory, { recursive: true });
    await pipeline(layer, createGunzip(), archive);
    // Create links last, so that no file of the archive is written through one.
    for (const { file, target } of links) await symlink(target, file);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function unpackEntry(
  file: string,
  header: { type?: string | null; linkname?: string | null; mode?: number },
  content: Readable,
  links: { file: string; target: string }[],
): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  if (header.type === "symlink") links.push({ file, target: header.linkname ?? "" });
  else if (header.type === "directory") await mkdir(file, { recursive: true });
  else {
    await pipeline(content, createWriteStream(file));
    await chmod(file, header.mode ?? 0o644);
    return;
  }
  content.resume();
}
