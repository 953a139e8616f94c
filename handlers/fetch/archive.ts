/*
 * Turns a forge's tar.gz of a commit into the zip that CodePipeline's S3 source takes, while both are under way.
 *
 * Forges offer a zip too, but a zip says modes and symbolic links only in its central directory, at its very end: it
 * cannot be read as a stream without losing them. A tar says them before each file.
 *
 * tar-stream and yazl, because both stream and neither needs native code: yazl writes modes, symbolic links and files of
 * unknown size with back-pressure. tar-stream is pinned to 3.1: 3.2 depends on bare-fs, whose native builds for every
 * platform would go into the function's archive.
 */

import { type PassThrough, promises, type Readable, type Writable } from "node:stream";
import { createGunzip } from "node:zlib";
import { type Entry, extract } from "tar-stream";
import { type ReadStreamOptions, ZipFile } from "yazl";
import { failure, isException } from "../failure";
import { placeEntry } from "./entry";

/** A file that the archive gets if the repository has none of that name. */
export interface FallbackFile {
  /** From the root of the repository. */
  path: string;
  content: string;
}

/**
 * Streams the zip of a repository. It fails, and never ends, if the download does: what reads it must not take an
 * aborted stream for a short one.
 *
 * Memory holds a few buffers and the names of the entries, which a zip repeats at its end.
 *
 * @param download the tar.gz, whose one top-level folder is left out
 */
export function zipOf(download: Readable, fallback: FallbackFile): Readable {
  // yazl keeps each entry's name as a Buffer until the end, and Node cuts small Buffers out of a shared pool. Since the
  // pool is 64 KiB, zlib's 16 KiB buffers come from it as well, and one name keeps them alive: 24 KiB for each file.
  Buffer.poolSize = 8 * 1024;
  const zip = new ZipFile();
  // yazl's output is a PassThrough; its types hide that it can be destroyed.
  const output = zip.outputStream as PassThrough;
  zip.on("error", (error: Error) => output.destroy(error));
  const tar = extract();
  const reading = promises.pipeline(download, createGunzip(), tar as Writable);
  const writing = writeEntries(tar, zip, fallback);
  Promise.allSettled([reading, writing]).then(([read, written]) => {
    const error = causeOf(read, written);
    if (error === undefined) {
      zip.end();
    } else {
      output.destroy(error);
    }
  });
  output.once("close", () => tar.destroy());
  return output;
}

/** When one side fails the other does too, for want of the first: only a refused entry starts on the writing side. */
function causeOf(read: PromiseSettledResult<void>, written: PromiseSettledResult<void>): Error | undefined {
  if (written.status === "rejected" && isException(written.reason, "Failure")) {
    return written.reason;
  }
  if (read.status === "rejected") {
    return read.reason;
  }
  return written.status === "rejected" ? written.reason : undefined;
}

async function writeEntries(entries: AsyncIterable<Entry>, zip: ZipFile, fallback: FallbackFile): Promise<void> {
  const links = new Set<string>();
  let count = 0;
  let wantsFallback = true;
  for await (const entry of entries) {
    const { header } = entry;
    const place = placeEntry(header, links);
    const mtime = header.mtime ?? new Date(0);
    switch (place.kind) {
      case "wrapper":
        entry.resume();
        continue;
      case "file":
        await addFile(zip, place.path, entry, { mode: place.mode, mtime, ...sizeOf(header.size) });
        break;
      case "directory":
        zip.addEmptyDirectory(place.path, { mode: place.mode, mtime });
        entry.resume();
        break;
      case "symlink":
        links.add(place.path);
        zip.addBuffer(Buffer.from(place.target), place.path, { mode: place.mode, mtime, compress: false });
        entry.resume();
        break;
      case "refused":
        throw failure("JobFailed", place.reason);
    }
    count += 1;
    wantsFallback &&= place.path !== fallback.path;
  }
  if (count === 0) {
    throw failure("JobFailed", "the archive of the repository holds no files");
  }
  if (wantsFallback) {
    zip.addBuffer(Buffer.from(fallback.content), fallback.path, { mode: 0o100644, mtime: new Date(0) });
  }
}

/** Resolves when the content has been drawn through: only then does the tar go on to its next entry. */
async function addFile(zip: ZipFile, path: string, content: Entry, options: Partial<ReadStreamOptions>): Promise<void> {
  // yazl keeps what it is given until the zip is complete. Given the stream itself, that is every stream, with the
  // compressor and buffers piped to it; so it is given a box, which is emptied.
  const box: { content?: Entry } = { content };
  zip.addReadStreamLazy(path, options, (take) => take(null, box.content as Entry));
  await promises.finished(content);
  delete box.content;
}

/** Known sizes make yazl choose the 64-bit form for files over 4 GiB. */
function sizeOf(size: number | undefined): { size?: number } {
  return size === undefined ? {} : { size };
}
