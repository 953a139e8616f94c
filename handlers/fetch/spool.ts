import { randomUUID } from "node:crypto";
import { promises as files } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Failure, failure } from "../shared/failure";

const MIB = 1024 * 1024;

/** The largest archive that is fetched, in MiB. The function's /tmp has this size. */
export const ARCHIVE_LIMIT_MIB = 2048;

/** Bytes read and written at a time. */
export const WINDOW = 2 * MIB;

/** A downloaded archive on the function's disk. */
export interface Spool {
  /** Bytes. */
  size: number;
  /**
   * Reads a range of at most {@link WINDOW} bytes, fastest in ascending order. The next call overwrites the result.
   * @throws Failure, transient, if the range exceeds the archive
   */
  read(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** The archive arrived damaged. This is as transient as a broken connection: the next download may be complete. */
export function damaged(what: string, cause?: unknown): Failure {
  return failure("SystemUnavailable", `the downloaded archive is damaged: ${what}`, cause);
}

/** Writes a download to the function's disk. @param limit bytes */
export async function spool(download: AsyncIterable<Uint8Array>, limit = ARCHIVE_LIMIT_MIB * MIB): Promise<Spool> {
  const name = path.join(tmpdir(), `archive-${randomUUID()}`);
  const file = await files.open(name, "wx+");
  try {
    // An unlinked file is freed when the process ends. Lambda keeps /tmp after it has ended a function that timed out.
    await files.unlink(name);
    const size = await writeAll(file, download, limit);
    return { size, read: createReader(file, size), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Writes large pieces: one write for each network chunk would cost more than the download. @returns bytes */
async function writeAll(file: files.FileHandle, download: AsyncIterable<Uint8Array>, limit: number): Promise<number> {
  const piece = Buffer.allocUnsafeSlow(WINDOW);
  let filled = 0;
  let size = 0;
  for await (const chunk of download) {
    size += chunk.length;
    if (size > limit) {
      throw failure("JobFailed", `the archive is larger than ${limit / MIB} MiB: make the repository smaller`);
    }
    for (let start = 0; start < chunk.length; ) {
      const part = chunk.subarray(start, start + piece.length - filled);
      piece.set(part, filled);
      start += part.length;
      filled += part.length;
      if (filled === piece.length) {
        // Unlike `write`, `writeFile` continues after a partial write. It continues at the current position.
        await file.writeFile(piece);
        filled = 0;
      }
    }
  }
  await file.writeFile(piece.subarray(0, filled));
  return size;
}

function createReader(file: files.FileHandle, size: number): Spool["read"] {
  const buffer = Buffer.allocUnsafeSlow(WINDOW);
  const window = { start: 0, end: 0 };
  return async (position, length) => {
    const end = position + length;
    if (!Number.isSafeInteger(end) || end > size) {
      throw damaged("it ends too early");
    }
    if (position < window.start || end > window.end) {
      window.start = position;
      window.end = position;
      while (window.end < Math.min(position + WINDOW, size)) {
        window.end += await readSome(file, buffer.subarray(window.end - position), window.end);
      }
    }
    return buffer.subarray(position - window.start, end - window.start);
  };
}

async function readSome(file: files.FileHandle, target: Buffer, position: number): Promise<number> {
  const { bytesRead } = await file.read(target, 0, target.length, position);
  if (bytesRead === 0) {
    throw failure("SystemUnavailable", "the function's disk lost the end of the archive");
  }
  return bytesRead;
}
