import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { explain, failure } from "../shared/failure";
import { typeOf } from "./retry";

/** S3 takes parts from 5 MiB on, and 10,000 of them: 8 MiB parts reach 78 GiB, and two are held in memory at a time. */
const PART = 8 * 1024 * 1024;

/** For the last call of an upload that failed, perhaps for want of time. */
export const ABORT_SECONDS = 4;

export interface Destination {
  bucket: string;
  key: string;
  contentType: string;
  metadata: Record<string, string>;
}

export interface Uploaded {
  versionId: string;
  /** Bytes. */
  size: number;
}

/**
 * Streams an object of unknown size into a versioned bucket: by PutObject if it fits one part, else in parts. A content
 * that fails on the way never becomes an object: nothing is put, or the parts are thrown away.
 *
 * @param abortSignal ends what is under way; to throw the parts away it takes {@link ABORT_SECONDS} more at most
 */
export async function upload(
  client: S3Client,
  destination: Destination,
  content: AsyncIterable<Buffer>,
  abortSignal: AbortSignal,
): Promise<Uploaded> {
  const parts = inParts(content, PART);
  try {
    const first = (await parts.next()).value ?? Buffer.alloc(0);
    // A full first part may be followed by others; only one that is not full is known to be the last.
    const { VersionId, size } =
      first.length < PART
        ? await put(client, destination, first, abortSignal)
        : await putInParts(client, destination, first, parts, abortSignal);
    return { versionId: versioned(destination.bucket, VersionId), size };
  } finally {
    // Ends the content, if it has not ended.
    await parts.return();
  }
}

/** @throws Failure for an object that has no version: by the version, an execution is bound to a commit */
export function versioned(bucket: string, versionId: string | undefined): string {
  if (!versionId || versionId === "null") {
    throw failure("ConfigurationError", `bucket ${bucket} is not versioned: turn versioning on`);
  }
  return versionId;
}

interface Put {
  VersionId?: string | undefined;
  size: number;
}

async function put(client: S3Client, destination: Destination, body: Buffer, abortSignal: AbortSignal): Promise<Put> {
  const object = new PutObjectCommand({ ...objectOf(destination), Body: body });
  const { VersionId } = await client.send(object, { abortSignal });
  return { VersionId, size: body.length };
}

async function putInParts(
  client: S3Client,
  destination: Destination,
  first: Buffer,
  rest: AsyncGenerator<Buffer, void>,
  abortSignal: AbortSignal,
): Promise<Put> {
  // The SDK sends a CRC32 with each part, and here names none: S3 would not find the parts that are listed with theirs.
  const created = new CreateMultipartUploadCommand({ ...objectOf(destination), ChecksumAlgorithm: "CRC32" });
  const { UploadId } = await client.send(created, { abortSignal });
  const upload = { Bucket: destination.bucket, Key: destination.key, UploadId };
  try {
    const Parts: CompletedPart[] = [];
    let size = 0;
    const putPart = async (body: Buffer): Promise<void> => {
      const PartNumber = Parts.length + 1;
      const part = new UploadPartCommand({ ...upload, PartNumber, Body: body });
      const { ETag, ChecksumCRC32 } = await client.send(part, { abortSignal });
      // S3 wants to see the checksum again with the whole.
      Parts.push({ PartNumber, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) });
      size += body.length;
    };
    await eachWhileNextIsMade(first, rest, putPart);
    const completed = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
    const { VersionId } = await client.send(completed, { abortSignal });
    return { VersionId, size };
  } catch (error) {
    await abort(client, upload, error);
    throw error;
  }
}

/** Sends each part while the next one is made. When it ends, nothing is under way: parts sent after an abort would stay. */
async function eachWhileNextIsMade(
  first: Buffer,
  rest: AsyncIterable<Buffer>,
  send: (part: Buffer) => Promise<void>,
): Promise<void> {
  let sending = send(first);
  try {
    // Its error is thrown when it is waited for, which is later: Node ends the process for errors that nobody waits for.
    sending.catch(() => {});
    for await (const part of rest) {
      await sending;
      sending = send(part);
      sending.catch(() => {});
    }
  } finally {
    await sending;
  }
}

/** Parts of an upload that is neither completed nor aborted stay, unseen, and are paid for. */
async function abort(
  client: S3Client,
  upload: { Bucket: string; Key: string; UploadId: string | undefined },
  error: unknown,
): Promise<void> {
  try {
    const abortSignal = AbortSignal.timeout(ABORT_SECONDS * 1_000);
    await client.send(new AbortMultipartUploadCommand(upload), { abortSignal });
  } catch (second) {
    const left = `multipart upload ${upload.UploadId} of s3://${upload.Bucket}/${upload.Key} was not aborted`;
    throw failure(typeOf(error), `${explain(error)}; and ${left}: ${explain(second)}`, error);
  }
}

function objectOf({ bucket, key, contentType, metadata }: Destination) {
  return { Bucket: bucket, Key: key, ContentType: contentType, Metadata: metadata };
}

/** The content in pieces of `size` bytes; the last may be shorter. Two buffers alternate: a piece is valid until the next but one. */
async function* inParts(content: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer, void> {
  // Two buffers for all, one being sent and one being filled: the garbage collector lags behind such large ones.
  let part = Buffer.allocUnsafeSlow(size);
  let other = Buffer.alloc(0);
  let filled = 0;
  for await (const piece of content) {
    for (let start = 0; start < piece.length; ) {
      const copied = piece.copy(part, filled, start);
      start += copied;
      filled += copied;
      if (filled === size) {
        yield part;
        [part, other] = [other.length === size ? other : Buffer.allocUnsafeSlow(size), part];
        filled = 0;
      }
    }
  }
  if (filled > 0) {
    yield part.subarray(0, filled);
  }
}
