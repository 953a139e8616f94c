import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { awsError } from "../service";

/** A stream whose trailer may contain its checksum. */
type BodyStream = Readable & { chunkTrailers?: Record<string, string> };

/** A request body: a stream over HTTP, or complete, from another service. */
export type Body = BodyStream | Uint8Array | string;

export const checksumHeader = "x-amz-checksum-crc32";

/** The sender's claims about the body: checksums in base64, length in bytes. */
export interface Expectation {
  ChecksumCRC32?: string;
  ContentMD5?: string;
  ContentLength?: number;
}

export interface Stored {
  file: string;
  size: number;
  md5: Buffer;
  /** Absent if the sender gave none. */
  checksum?: string;
}

/**
 * Streams a body to a file and verifies the sender's claims; on failure, no file remains.
 * @throws AwsError BadDigest, IncompleteBody
 */
export async function store(body: Body | undefined, file: string, expected: Expectation): Promise<Stored> {
  const source: BodyStream = body instanceof Readable ? body : Readable.from([Buffer.from(body ?? "")]);
  const md5 = createHash("md5");
  let crc = 0;
  let size = 0;
  const measure = new Transform({
    transform(piece: Buffer, _encoding, done) {
      md5.update(piece);
      crc = crc32(piece, crc);
      size += piece.length;
      done(null, piece);
    },
  });
  try {
    await pipeline(source, measure, createWriteStream(file));
    const digest = md5.digest();
    const checksum = expected.ChecksumCRC32 ?? source.chunkTrailers?.[checksumHeader];
    if (expected.ContentLength !== undefined && expected.ContentLength !== size)
      throw awsError("IncompleteBody", `The body has ${size} bytes, and ${expected.ContentLength} were announced.`);
    verify("MD5", expected.ContentMD5, digest.toString("base64"));
    verify("CRC32", checksum, bigEndian(crc).toString("base64"));
    return { file, size, md5: digest, checksum };
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

function verify(algorithm: string, said: string | undefined, received: string): void {
  if (said !== undefined && said !== received)
    throw awsError(
      "BadDigest",
      `The ${algorithm} you specified (${said}) did not match what was received (${received}).`,
    );
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
