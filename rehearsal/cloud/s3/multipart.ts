import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { CompletedPart } from "@aws-sdk/client-s3";
import { awsError } from "../service";
import type { Stored } from "./body";
import type { Bucket, Upload } from "./bucket";

/** Every part except the last has at least 5 MiB. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const smallestPart = 5 * 1024 * 1024;

/** Also S3's error for a part's wrong checksum, and for any checksum if the upload was created without an algorithm. */
const invalidPart =
  "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";

/** @throws AwsError NoSuchUpload */
export function findUpload(bucket: Bucket, key: string | undefined, id: string | undefined): Upload {
  const upload = bucket.uploads.get(id ?? "");
  if (upload === undefined || upload.key !== key)
    throw awsError("NoSuchUpload", `The upload ${id} of ${key} does not exist: it was completed or aborted.`, 404);
  return upload;
}

/** @throws AwsError InvalidArgument */
export function checkPartNumber(number: number | undefined): number {
  if (number === undefined || !Number.isInteger(number) || number < 1 || number > 10_000)
    throw awsError("InvalidArgument", `Part number must be an integer between 1 and 10000, inclusive, not ${number}.`);
  return number;
}

/**
 * The listed parts, in the caller's order.
 * @throws AwsError MalformedXML, InvalidPart, InvalidPartOrder, InvalidRequest, EntityTooSmall
 */
export function listedParts(upload: Upload, listed: CompletedPart[] = []): Stored[] {
  if (listed.length === 0) throw awsError("MalformedXML", "A completed upload lists at least one part.");
  for (const [index, { PartNumber = 0 }] of listed.entries())
    if (PartNumber <= (listed[index - 1]?.PartNumber ?? 0))
      throw awsError("InvalidPartOrder", `Part ${PartNumber} is not listed in ascending order.`);
  return listed.map(({ PartNumber = 0, ETag, ChecksumCRC32 }, index) => {
    // Message from aws-sdk-php#2648.
    if (upload.checksumAlgorithm !== undefined && ChecksumCRC32 === undefined)
      throw awsError(
        "InvalidRequest",
        `The upload was created using a ${upload.checksumAlgorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${PartNumber} in the request.`,
      );
    const part = upload.parts.get(PartNumber);
    const known = upload.checksumAlgorithm === "CRC32" ? part?.checksum : undefined;
    const intact = ChecksumCRC32 === undefined || ChecksumCRC32 === known;
    if (part === undefined || unquoted(part.etag) !== unquoted(ETag ?? "") || !intact)
      throw awsError("InvalidPart", invalidPart);
    if (index < listed.length - 1 && part.size < smallestPart)
      throw awsError(
        "EntityTooSmall",
        `Part ${PartNumber} has ${part.size} bytes; all but the last have 5 MiB or more.`,
      );
    return part;
  });
}

/** Appends the parts to one file. */
export async function join(parts: Stored[], file: string): Promise<void> {
  for (const part of parts) await pipeline(createReadStream(part.file), createWriteStream(file, { flags: "a" }));
}

/** A multipart object's ETag is not the object's MD5, but the MD5 of the parts' MD5s, and their number. */
export function compositeEtag(parts: Stored[]): string {
  const md5 = createHash("md5").update(Buffer.concat(parts.map((it) => it.md5)));
  return `"${md5.digest("hex")}-${parts.length}"`;
}

/** Aborts an upload and removes its parts. */
export async function discard(bucket: Bucket, upload: Upload): Promise<void> {
  bucket.uploads.delete(upload.id);
  for (const part of upload.parts.values()) await rm(part.file, { force: true });
}

function unquoted(etag: string): string {
  return etag.replaceAll('"', "");
}
