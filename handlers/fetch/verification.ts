import { gunzipSync } from "node:zlib";
import { explain } from "../failure";
import { type Content, verifyWhole } from "./content";
import { STORED } from "./entry";
import { damaged } from "./spool";

/** Bytes of content that are verified together, and of a content that is verified with others. */
const BATCH = 512 * 1024;
const SMALL = 64 * 1024;

/** A gzip member: this header, deflated data, and a trailer of CRC-32 and size. https://www.rfc-editor.org/rfc/rfc1952 */
const HEADER = "1f8b08000000000000ff";
const MAGIC = "1f8b08";
const TRAILER = 8;

/** Verifies sizes and checksums of contents. */
export interface Verification {
  /**
   * @param bytes of the content as it is compressed; not kept
   * @throws Failure, transient, if this content or one before is not what the directory says
   */
  add(content: Content, bytes: Buffer): void;
  /** Verifies what is left. @throws as {@link add} does */
  end(): void;
}

/**
 * Small contents are inflated together, as the members of one gzip file, whose trailers zlib verifies. Setting up zlib and its
 * buffers for each would cost half as much as inflating it, and a repository has many small files.
 */
export function createVerification(): Verification {
  const batch = Buffer.allocUnsafeSlow(BATCH);
  const header = Buffer.from(HEADER, "hex");
  const magic = Buffer.from(MAGIC, "hex");
  let filled = 0;
  let size = 0;
  let contents: { content: Content; start: number }[] = [];

  function verifyBatch(): void {
    const gzip = batch.subarray(0, filled);
    try {
      // One byte more than needed: else zlib takes a second buffer to see that nothing is left.
      const inflated = gunzipSync(gzip, { chunkSize: Math.max(64, size + 1), maxOutputLength: Math.max(1, size) });
      if (inflated.length === size) {
        return;
      }
    } catch (error) {
      explainDamage();
      throw damaged(explain(error), error);
    } finally {
      filled = 0;
      size = 0;
      contents = [];
    }
    throw damaged("contents are not as long as the directory says");
  }

  /** zlib does not say which member is wrong. @throws Failure for the first one */
  function explainDamage(): void {
    for (const { content, start } of contents) {
      verifyWhole(batch.subarray(start, start + content.compressedSize), content);
    }
  }

  function add(content: Content, bytes: Buffer): void {
    if (content.method === STORED || content.size > SMALL || bytes.length > SMALL || mayHoldMember(bytes, magic)) {
      verifyWhole(bytes, content);
      return;
    }
    const length = header.length + bytes.length + TRAILER;
    if (filled + length > BATCH || size + content.size > BATCH) {
      verifyBatch();
    }
    filled += header.copy(batch, filled);
    contents.push({ content, start: filled });
    filled += bytes.copy(batch, filled);
    filled = batch.writeUInt32LE(content.crc32, filled);
    filled = batch.writeUInt32LE(content.size, filled);
    size += content.size;
  }

  return {
    add,
    end() {
      if (filled > 0) {
        verifyBatch();
      }
    },
  };
}

/** Bytes that end a member and begin another would pass for two contents. By chance, one content in a hundred looks so. */
function mayHoldMember(bytes: Buffer, magic: Buffer): boolean {
  const last = bytes.at(-1);
  return bytes.includes(magic) || last === magic[0] || (last === magic[1] && bytes.at(-2) === magic[0]);
}
