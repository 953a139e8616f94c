/*
 * Converts a forge's zip of a commit into the zip that CodePipeline's S3 source expects, without the top-level folder.
 *
 * Contents are copied without recompression. Modes, links and sizes are only in the directory at a zip's end, so the
 * download is stored on disk before the first entry is copied.
 */

import { crc32 } from "node:zlib";
import { contentOf } from "./content";
import { type ArchiveEntry, readDirectory } from "./directory";
import { STORED } from "./entry";
import { damaged, type Spool } from "./spool";
import { directoryRecord, endRecords, localHeader, type ZipEntry } from "./zipFormat";

/** A file added to the archive if the repository has none of that name. */
export interface FallbackFile {
  /** Relative to the repository's root. */
  path: string;
  content: string;
}

const UTF8 = 1 << 11;

/**
 * The archive of a repository, piece by piece. Throws if the download is damaged or rejected, so an archive that ends
 * normally is complete and verified.
 *
 * Only a few buffers and the entries' names are in memory; a zip repeats the names at its end.
 */
export async function* archiveOf(
  spool: Spool,
  fallback: FallbackFile,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const entries = await readDirectory(spool);
  const records: Buffer[] = [];
  let offset = 0;
  let end = 0;
  for (const entry of entries) {
    const start = await contentStart(spool, entry, end);
    const written = writtenAs(entry);
    const header = localHeader(written);
    yield header;
    yield* contentOf(spool, start, entry, signal);
    records.push(directoryRecord(written, offset));
    offset += header.length + entry.compressedSize;
    end = start + entry.compressedSize;
  }
  if (!entries.some(({ path }) => path === fallback.path || path.startsWith(`${fallback.path}/`))) {
    const content = Buffer.from(fallback.content);
    const entry = addedAs(fallback.path, content);
    const header = localHeader(entry);
    yield header;
    yield content;
    records.push(directoryRecord(entry, offset));
    offset += header.length + content.length;
  }
  const directory = Buffer.concat(records);
  yield directory;
  yield endRecords(records.length, directory.length, offset);
}

/**
 * The position of an entry's content in the download.
 * @param previousEnd end of the previous content. Overlapping contents let small archives unpack to petabytes.
 * @throws Failure, transient, if the local header contradicts the directory
 */
async function contentStart(spool: Spool, entry: ArchiveEntry, previousEnd: number): Promise<number> {
  const name = entry.originalName;
  const header = await spool.read(entry.offset, 30 + name.length);
  const isSame =
    header.readUInt32LE(0) === 0x04034b50 &&
    header.readUInt16LE(8) === entry.method &&
    header.readUInt16LE(26) === name.length &&
    header.toString("latin1", 30) === name;
  if (!isSame || entry.offset < previousEnd) {
    throw damaged(
      `entry ${JSON.stringify(Buffer.from(name, "latin1").toString())} is not at its offset in the zip directory`,
    );
  }
  return entry.offset + 30 + name.length + header.readUInt16LE(28);
}

function writtenAs(entry: ArchiveEntry): ZipEntry {
  const name = entry.kind === "directory" ? `${entry.path}/` : entry.path;
  return { ...entry, name, isUtf8: (entry.flags & UTF8) !== 0 };
}

/** 1 January 1980, the first MS-DOS date. A constant, so that a commit always yields the same bytes. */
const FIRST_DAY = 0x21;

function addedAs(name: string, content: Buffer): ZipEntry {
  const sizes = { compressedSize: content.length, size: content.length };
  const times = { time: 0, date: FIRST_DAY, modified: undefined };
  return { name, mode: 0o100644, isUtf8: false, method: STORED, crc32: crc32(content), ...sizes, ...times };
}
