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

/** S3 takes up to 10,000 parts, from 5 MiB each: with 8 MiB, 78 GiB are possible. Two parts are in memory at a time. */
const PART = 8 * 1024 * 1024;

/** For aborting a failed upload, possibly because time ran out. */
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
 * Streams an object of unknown size into a versioned bucket: with PutObject if it fits one part, otherwise as a
 * multipart upload. If the content fails midway, no object is created: the upload is aborted.
 *
 * @param abortSignal stops the upload; deleting its parts takes at most {@link ABORT_SECONDS} more
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
    // A full first part may be followed by more parts. A part that is not full is the last one.
    const { VersionId, size } =
      first.length < PART
        ? await put(client, destination, first, abortSignal)
        : await putInParts(client, destination, first, parts, abortSignal);
    return { versionId: versioned(destination.bucket, VersionId), size };
  } finally {
    // Closes the content if it has not ended.
    await parts.return();
  }
}

/** @throws Failure if the object has no version: the version binds an execution to a commit */
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
  // The SDK sends a CRC32 with each part. Without this, S3 rejects the list of parts with their checksums.
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
      // S3 requires the checksum again on completion.
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

/** Sends each part while the next one is read. Waits for the last one: parts sent after an abort would remain. */
async function eachWhileNextIsMade(
  first: Buffer,
  rest: AsyncIterable<Buffer>,
  send: (part: Buffer) => Promise<void>,
): Promise<void> {
  let sending = send(first);
  try {
    // The error is thrown later, by `await`. Until then, Node would end the process for an unhandled rejection.
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

/** Parts of an upload that is neither completed nor aborted remain, invisible, and cost money. */
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

/** Pieces of `size` bytes; the last may be shorter. Two buffers alternate: a piece is valid until the next but one. */
async function* inParts(content: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer, void> {
  // Only two buffers, one being sent and one being filled: garbage collection is too slow for buffers of this size.
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
