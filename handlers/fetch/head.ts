import { HeadObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { explain, failure, isException } from "../shared/failure";
import type { ArchiveHead } from "./decision";
import { typeOf } from "./retry";
import { versioned } from "./upload";

/** Reads the metadata of the newest archive. Needs s3:GetObject on it, and s3:ListBucket on the bucket. */
export async function headOf(
  s3: S3Client,
  bucket: string,
  key: string,
  abortSignal?: AbortSignal,
): Promise<ArchiveHead | undefined> {
  try {
    const head = new HeadObjectCommand({ Bucket: bucket, Key: key });
    const { VersionId, ETag, Metadata } = await s3.send(head, { ...(abortSignal && { abortSignal }) });
    const versionId = versioned(bucket, VersionId);
    return {
      versionId,
      etag: ETag,
      commit: Metadata?.commit,
      before: Metadata?.["pushed-before"],
      pushedAt: Metadata?.["pushed-at"],
      group: Metadata?.["push-group"],
    };
  } catch (error) {
    if (isException(error, "NotFound", "NoSuchKey")) {
      return undefined;
    }
    // A HEAD response has no body, so the SDK knows only the status and reports a denial as "UnknownError".
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    const hint = status === 403 ? "; the function's role needs s3:GetObject on it and s3:ListBucket on the bucket" : "";
    const type = status === 403 ? "PermissionError" : typeOf(error);
    throw failure(type, `HeadObject of s3://${bucket}/${key}: ${explain(error)}${hint}`, error);
  }
}
