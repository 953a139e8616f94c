import { promises } from "node:stream";
import { crc32, createInflateRaw, inflateRawSync } from "node:zlib";
import { explain, type Failure } from "../shared/failure";
import type { ArchiveEntry } from "./directory";
import { STORED } from "./entry";
import { damaged, type Spool, WINDOW } from "./spool";

/** Contents of up to this many bytes are inflated at once: for small files, streams cost more than the work itself. */
const SMALL = WINDOW;

/** Larger contents are processed in pieces of this size. */
const PIECE = 256 * 1024;

type Content = Pick<ArchiveEntry, "originalName" | "method" | "crc32" | "compressedSize" | "size">;

/**
 * Reads the compressed content of an entry after verifying its size and checksum.
 *
 * @param start of the content in the download
 * @throws Failure, transient, if the content does not match the directory
 */
export async function* contentOf(
  spool: Spool,
  start: number,
  content: Content,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  signal.throwIfAborted();
  if (content.compressedSize <= SMALL && content.size <= SMALL) {
    const bytes = await spool.read(start, content.compressedSize);
    verify(content, content.method === STORED ? measure(bytes) : inflateWhole(bytes, content));
    yield bytes;
    return;
  }
  // Read twice: the first time to verify it. The second time it comes from the page cache.
  verify(content, await measureLarge(spool, start, content, signal));
  yield* piecesOf(spool, start, content.compressedSize, signal);
}

interface Measure {
  crc32: number;
  size: number;
  /** Compressed bytes up to the end of the content. */
  compressedSize: number;
}

function verify(content: Content, found: Measure): void {
  if (found.size !== content.size || found.compressedSize !== content.compressedSize) {
    throw wrong(content, "its size differs from the zip directory");
  }
  if (found.crc32 !== content.crc32) {
    throw wrong(content, "its checksum is wrong");
  }
}

function wrong({ originalName }: Content, what: string, cause?: unknown): Failure {
  return damaged(`entry ${JSON.stringify(Buffer.from(originalName, "latin1").toString())}: ${what}`, cause);
}

const measure = (bytes: Buffer): Measure => ({ crc32: crc32(bytes), size: bytes.length, compressedSize: bytes.length });

function inflateWhole(bytes: Buffer, content: Content): Measure {
  try {
    // One extra byte: otherwise zlib allocates a second buffer to detect the end.
    const limits = { chunkSize: Math.max(64, content.size + 1), maxOutputLength: Math.max(1, content.size) };
    // `info` is missing in the types: https://nodejs.org/api/zlib.html#class-options
    const { buffer, engine } = inflateRawSync(bytes, { ...limits, info: true }) as unknown as Inflated;
    return { crc32: crc32(buffer), size: buffer.length, compressedSize: engine.bytesWritten };
  } catch (error) {
    throw unreadable(content, error);
  }
}

interface Inflated {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

async function measureLarge(spool: Spool, start: number, content: Content, signal: AbortSignal): Promise<Measure> {
  const found = { crc32: 0, size: 0 };
  const add = async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) {
      found.crc32 = crc32(piece, found.crc32);
      found.size += piece.length;
      if (found.size > content.size) {
        throw wrong(content, "its size differs from the zip directory");
      }
    }
  };
  const pieces = piecesOf(spool, start, content.compressedSize, signal);
  if (content.method === STORED) {
    await add(pieces);
    return { ...found, compressedSize: content.compressedSize };
  }
  const inflate = createInflateRaw({ chunkSize: PIECE });
  try {
    await promises.pipeline(pieces, inflate, add, { signal });
  } catch (error) {
    throw unreadable(content, error);
  }
  return { ...found, compressedSize: inflate.bytesWritten };
}

/** Only zlib's errors mean that the archive is damaged. */
function unreadable(content: Content, error: unknown): unknown {
  const { code = "" } = error as { code?: string };
  if (code === "ERR_BUFFER_TOO_LARGE") {
    return wrong(content, "its size differs from the zip directory", error);
  }
  return code.startsWith("Z_") ? wrong(content, explain(error), error) : error;
}

async function* piecesOf(
  spool: Spool,
  start: number,
  length: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  for (let done = 0; done < length; done += PIECE) {
    signal.throwIfAborted();
    yield await spool.read(start + done, Math.min(PIECE, length - done));
  }
}
