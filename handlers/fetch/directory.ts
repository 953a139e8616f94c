import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from "yauzl";
import { explain, failure, isException } from "../shared/failure";
import { findConflict, type PlacedPath, placeEntry, type ZipRecord } from "./entry";
import { damaged, type Spool } from "./spool";
import type { ZipEntry } from "./zipFormat";

const GIB = 1024 ** 3;

/** Total bytes of all contents. Small archives that unpack to more are zip bombs. */
export const CONTENT_LIMIT = 8 * GIB;

/** Limits of entries and bytes of their names: all stay in memory until the new archive's directory is written. */
export const ENTRY_LIMIT = 250_000;
export const NAMES_LIMIT = 32 * 1024 ** 2;

/** An entry of the downloaded archive, and its place in the new one. */
export interface ArchiveEntry extends PlacedPath, Omit<ZipEntry, "name" | "isUtf8"> {
  /** The name in the download, as `latin1`. */
  originalName: string;
  /** Position of the local header in the download. */
  offset: number;
  flags: number;
}

/**
 * Reads and checks the central directory of a downloaded zip. Returns the entries in the order of their contents,
 * without the top-level folder.
 *
 * @throws Failure: transient if the archive is damaged, JobFailed if an entry is rejected or a limit is exceeded
 */
export async function readDirectory(spool: Spool): Promise<ArchiveEntry[]> {
  const zip = await open(spool);
  const entries: ArchiveEntry[] = [];
  const total = { entries: 0, content: 0, names: 0 };
  let top: string | undefined;
  for await (const raw of entriesOf(zip)) {
    total.entries += 1;
    total.content += raw.uncompressedSize;
    total.names += raw.fileNameLength;
    checkLimits(total);
    const record = recordOf(raw);
    top ??= record.name.split("/", 1)[0] ?? "";
    const place = placeEntry(record, top);
    if (place.kind === "refused") {
      throw failure("JobFailed", place.reason);
    }
    if (place.kind !== "wrapper") {
      entries.push(entryOf(raw, record, place));
    }
  }
  if (entries.length === 0) {
    throw failure("JobFailed", "the archive of the repository holds no files");
  }
  const conflict = findConflict(entries);
  if (conflict !== undefined) {
    throw failure("JobFailed", conflict);
  }
  return entries.sort((a, b) => a.offset - b.offset);
}

function checkLimits({ entries, content, names }: { entries: number; content: number; names: number }): void {
  if (content > CONTENT_LIMIT) {
    throw failure(
      "JobFailed",
      `the archive unpacks to more than ${CONTENT_LIMIT / GIB} GiB: make the repository smaller`,
    );
  }
  if (entries > ENTRY_LIMIT || names > NAMES_LIMIT) {
    const limit = `${ENTRY_LIMIT} entries or ${NAMES_LIMIT} bytes of names`;
    throw failure("JobFailed", `the archive has more than ${limit}: make the repository smaller`);
  }
}

function recordOf(raw: Entry): ZipRecord {
  return {
    name: raw.fileNameRaw.toString("latin1"),
    mode: raw.externalFileAttributes >>> 16,
    flags: raw.generalPurposeBitFlag,
    method: raw.compressionMethod,
    size: raw.uncompressedSize,
  };
}

function entryOf(raw: Entry, record: ZipRecord, place: PlacedPath & { mode: number }): ArchiveEntry {
  return {
    kind: place.kind,
    path: place.path,
    mode: place.mode,
    originalName: record.name,
    offset: raw.relativeOffsetOfLocalHeader,
    flags: record.flags,
    method: record.method,
    crc32: raw.crc32,
    compressedSize: raw.compressedSize,
    size: record.size,
    time: raw.lastModFileTime,
    date: raw.lastModFileDate,
    modified: modifiedOf(raw),
  };
}

const TIMESTAMPS = 0x5455;

function modifiedOf({ extraFields }: Entry): number | undefined {
  const data = extraFields.find(({ id }) => id === TIMESTAMPS)?.data;
  const hasModified = data !== undefined && data.length >= 5 && ((data[0] ?? 0) & 1) === 1;
  return hasModified ? data.readInt32LE(1) : undefined;
}

/** Names stay bytes: decoding, yauzl turns backslashes into slashes and rejects names that start like a drive. */
async function open(spool: Spool): Promise<ZipFile> {
  try {
    return await fromRandomAccessReaderPromise(createReader(spool), spool.size, { decodeStrings: false });
  } catch (error) {
    throw asDamaged(error);
  }
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry, void> {
  try {
    yield* zip.eachEntry();
  } catch (error) {
    throw asDamaged(error);
  }
}

/** yauzl's own errors are about the format. Disk errors have a system code, such as `EIO`. */
function asDamaged(error: unknown): unknown {
  const { code = "ERR_" } = error as { code?: string };
  return code.startsWith("ERR_") && !isException(error, "Failure") ? damaged(explain(error), error) : error;
}

/** yauzl reads each directory record separately: this serves it from memory, not by two system calls. */
function createReader({ read }: Spool): RandomAccessReader {
  const Reader = RandomAccessReader as unknown as new () => RandomAccessReader;
  const reader = new Reader();
  reader.read = (buffer, offset, length, position, callback) => {
    read(position, length).then(
      (bytes) => {
        bytes.copy(buffer, offset);
        callback(null);
      },
      (error: Error) => callback(error),
    );
  };
  return reader;
}
