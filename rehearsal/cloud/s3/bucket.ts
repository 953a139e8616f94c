import { asList, type PolicyDocument } from "../policies";
import { awsError } from "../service";
import type { Stored } from "./body";

/** One version of an object. An unversioned bucket has one per key, with version id `null`. */
export interface ObjectVersion {
  versionId: string;
  file: string;
  size: number;
  /** In quotes, as in S3. */
  etag: string;
  lastModified: Date;
  contentType: string;
  metadata: Record<string, string>;
  /** CRC32 in base64; absent if the sender gave none. */
  checksum?: string;
}

export interface Upload {
  id: string;
  key: string;
  contentType: string;
  metadata: Record<string, string>;
  /** Without one, a completion cannot list checksums of parts. */
  checksumAlgorithm?: string;
  parts: Map<number, Stored & { etag: string }>;
}

export interface Bucket {
  name: string;
  arn: string;
  versioning?: "Enabled" | "Suspended";
  policy?: PolicyDocument;
  /** Newest version first. */
  objects: Map<string, ObjectVersion[]>;
  uploads: Map<string, Upload>;
}

/** Three to 63 of a-z, 0-9, dot and hyphen, beginning and ending with a letter or digit. */
const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** @throws AwsError InvalidBucketName */
export function checkBucketName(name: string): void {
  if (!bucketName.test(name) || name.includes("..") || /^\d+\.\d+\.\d+\.\d+$/.test(name))
    throw awsError("InvalidBucketName", `The specified bucket is not valid: ${name}.`);
}

/** @throws AwsError NoSuchBucket */
export function findBucket(buckets: ReadonlyMap<string, Bucket>, name: string | undefined): Bucket {
  const bucket = buckets.get(name ?? "");
  if (bucket === undefined) throw awsError("NoSuchBucket", `The specified bucket does not exist: ${name}.`, 404);
  return bucket;
}

/** Undefined if the key or version does not exist. */
export function findVersion(bucket: Bucket, key: string, versionId?: string): ObjectVersion | undefined {
  const versions = bucket.objects.get(key) ?? [];
  return versionId === undefined ? versions[0] : versions.find((it) => it.versionId === versionId);
}

/** Makes a version the newest of its key. @returns the replaced version's file, now unused, if any */
export function addVersion(bucket: Bucket, key: string, version: ObjectVersion): string | undefined {
  const versions = bucket.objects.get(key) ?? [];
  const replaced = versions.find((it) => it.versionId === version.versionId);
  bucket.objects.set(key, [version, ...versions.filter((it) => it !== replaced)]);
  return replaced?.file;
}

/** @throws AwsError MalformedPolicy for a resource outside the bucket, as PutBucketPolicy does */
export function checkPolicy(bucket: Bucket, policy: PolicyDocument): void {
  for (const { Resource } of policy.Statement)
    for (const resource of asList(Resource))
      if (resource !== bucket.arn && !resource.startsWith(`${bucket.arn}/`))
        throw awsError(
          "MalformedPolicy",
          `Policy has invalid resource: ${resource} is not of the bucket ${bucket.name}.`,
        );
}
