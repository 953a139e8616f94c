import { createReadStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { awsError, type Cloud, type Operation, operation, type Permission, type Service } from "../service";
import { store } from "./body";
import { addVersion, type Bucket, findBucket, findVersion, type ObjectVersion } from "./bucket";
import { checkPartNumber, compositeEtag, discard, findUpload, join, listedParts } from "./multipart";
import type * as shapes from "./shapes";

const encryption = { ServerSideEncryption: "AES256" } as const;

interface Condition {
  IfMatch?: string;
  IfNoneMatch?: string;
}

interface ObjectInput {
  Bucket: string | undefined;
  Key: string | undefined;
  VersionId?: string;
}

/** S3's operations on the account's buckets. Bodies are files in the account's folder, never in memory. */
export function createOperations(cloud: Cloud, buckets: Map<string, Bucket>): Service["operations"] {
  const folder = path.join(cloud.directory, "s3");

  async function newFile(): Promise<string> {
    await mkdir(folder, { recursive: true });
    return path.join(folder, cloud.id());
  }

  const bucketOf = ({ Bucket }: { Bucket: string | undefined }) => findBucket(buckets, Bucket);

  const onBucket = (action: string, input: { Bucket: string | undefined }): Permission[] => [
    { action, resource: bucketOf(input).arn },
  ];
  const onObject = (action: string, input: ObjectInput): Permission[] => [
    { action, resource: `${bucketOf(input).arn}/${input.Key}` },
  ];

  /**
   * Callers that may not list the bucket cannot see that a key is missing: S3 returns 403 instead of 404.
   * https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
   */
  function toRead(input: ObjectInput): Permission[] {
    const read = onObject(input.VersionId === undefined ? "s3:GetObject" : "s3:GetObjectVersion", input);
    const found = findVersion(bucketOf(input), input.Key ?? "") !== undefined;
    return found ? read : [...read, ...onBucket("s3:ListBucket", input)];
  }

  /**
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: comparing ETags requires read
   * access.
   */
  const toWrite = (input: ObjectInput & Condition): Permission[] => [
    ...onObject("s3:PutObject", input),
    ...(input.IfMatch === undefined ? [] : onObject("s3:GetObject", input)),
  ];

  function versionOf(input: ObjectInput): ObjectVersion {
    const bucket = bucketOf(input);
    const key = input.Key ?? "";
    const version = findVersion(bucket, key, input.VersionId);
    if (version !== undefined) return version;
    if (findVersion(bucket, key) === undefined)
      throw awsError("NoSuchKey", `The specified key does not exist: ${key} in ${bucket.name}.`, 404);
    throw awsError("NoSuchVersion", `The specified version does not exist: ${input.VersionId} of ${key}.`, 404);
  }

  function described(bucket: Bucket, version: ObjectVersion, mode?: string) {
    return {
      ...encryption,
      ...versionIdOf(bucket, version),
      ETag: version.etag,
      ContentLength: version.size,
      ContentType: version.contentType,
      LastModified: version.lastModified,
      Metadata: version.metadata,
      ChecksumCRC32: mode === "ENABLED" ? version.checksum : undefined,
    };
  }

  /** The properties of a new version that do not come from its body. */
  async function add(bucket: Bucket, key: string, body: Omit<ObjectVersion, "versionId" | "lastModified">) {
    const versionId = bucket.versioning === "Enabled" ? cloud.id() : "null";
    const version = { ...body, versionId, lastModified: new Date(cloud.clock.now()) };
    const replaced = addVersion(bucket, key, version);
    if (replaced !== undefined) await rm(replaced, { force: true });
    return version;
  }

  const headBucket: Operation<shapes.HeadBucketInput, shapes.HeadBucketOutput> = {
    permissions: (input) => onBucket("s3:ListBucket", input),
    perform: (input) => ({ BucketRegion: bucketOf(input) && cloud.region }),
  };

  const getBucketVersioning: Operation<shapes.GetBucketVersioningInput, shapes.GetBucketVersioningOutput> = {
    permissions: (input) => onBucket("s3:GetBucketVersioning", input),
    perform: (input) => ({ Status: bucketOf(input).versioning }),
  };

  const getBucketAcl: Operation<shapes.GetBucketAclInput, shapes.GetBucketAclOutput> = {
    permissions: (input) => onBucket("s3:GetBucketAcl", input),
    // ACLs are off in a new bucket: only its owner has access.
    perform: (input) => ({
      Owner: bucketOf(input) && { ID: cloud.accountId },
      Grants: [{ Grantee: { ID: cloud.accountId, Type: "CanonicalUser" }, Permission: "FULL_CONTROL" }],
    }),
  };

  const getBucketLocation: Operation<shapes.GetBucketLocationInput, shapes.GetBucketLocationOutput> = {
    permissions: (input) => onBucket("s3:GetBucketLocation", input),
    // S3 returns no constraint for us-east-1.
    perform: (input) =>
      bucketOf(input) && cloud.region === "us-east-1"
        ? {}
        : { LocationConstraint: cloud.region as shapes.GetBucketLocationOutput["LocationConstraint"] },
  };

  const headObject: Operation<shapes.HeadObjectInput, shapes.HeadObjectOutput> = {
    permissions: toRead,
    perform: (input) => described(bucketOf(input), versionOf(input), input.ChecksumMode),
  };

  const getObject: Operation<shapes.GetObjectInput, shapes.GetObjectOutput> = {
    permissions: toRead,
    perform(input) {
      const version = versionOf(input);
      return {
        ...described(bucketOf(input), version, input.ChecksumMode),
        Body: createReadStream(version.file),
      };
    },
  };

  const putObject: Operation<shapes.PutObjectInput, shapes.PutObjectOutput> = {
    permissions: toWrite,
    async perform(input) {
      const bucket = bucketOf(input);
      const { md5, ...stored } = await store(input.Body, await newFile(), input);
      const etag = `"${md5.toString("hex")}"`;
      checkCondition(bucket, input.Key ?? "", input);
      const version = await add(bucket, input.Key ?? "", { ...stored, ...headOf(input), etag });
      return { ...encryption, ...versionIdOf(bucket, version), ETag: etag, ChecksumCRC32: stored.checksum };
    },
  };

  const createMultipartUpload: Operation<shapes.CreateMultipartUploadInput, shapes.CreateMultipartUploadOutput> = {
    permissions: (input) => onObject("s3:PutObject", input),
    perform(input) {
      const bucket = bucketOf(input);
      const id = cloud.id();
      const { Key: key = "", ChecksumAlgorithm } = input;
      bucket.uploads.set(id, {
        id,
        key,
        ...headOf(input),
        checksumAlgorithm: ChecksumAlgorithm,
        parts: new Map(),
      });
      return { Bucket: bucket.name, Key: key, UploadId: id, ChecksumAlgorithm };
    },
  };

  const uploadPart: Operation<shapes.UploadPartInput, shapes.UploadPartOutput> = {
    permissions: (input) => onObject("s3:PutObject", input),
    async perform(input) {
      const upload = findUpload(bucketOf(input), input.Key, input.UploadId);
      const number = checkPartNumber(input.PartNumber);
      const stored = await store(input.Body, await newFile(), input);
      const etag = `"${stored.md5.toString("hex")}"`;
      const replaced = upload.parts.get(number);
      upload.parts.set(number, { ...stored, etag });
      if (replaced !== undefined) await rm(replaced.file, { force: true });
      return { ...encryption, ETag: etag, ChecksumCRC32: stored.checksum };
    },
  };

  const completeMultipartUpload: Operation<shapes.CompleteMultipartUploadInput, shapes.CompleteMultipartUploadOutput> =
    {
      permissions: toWrite,
      async perform(input) {
        const bucket = bucketOf(input);
        const upload = findUpload(bucket, input.Key, input.UploadId);
        const parts = listedParts(upload, input.MultipartUpload?.Parts);
        const file = await newFile();
        await join(parts, file);
        const size = parts.reduce((sum, it) => sum + it.size, 0);
        const etag = compositeEtag(parts);
        const { contentType, metadata } = upload;
        checkCondition(bucket, upload.key, input);
        const version = await add(bucket, upload.key, { file, size, etag, contentType, metadata });
        await discard(bucket, upload);
        return { ...versionIdOf(bucket, version), Bucket: bucket.name, Key: upload.key, ETag: etag };
      },
    };

  const abortMultipartUpload: Operation<shapes.AbortMultipartUploadInput, shapes.AbortMultipartUploadOutput> = {
    permissions: (input) => onObject("s3:AbortMultipartUpload", input),
    async perform(input) {
      const bucket = bucketOf(input);
      await discard(bucket, findUpload(bucket, input.Key, input.UploadId));
      return {};
    },
  };

  return {
    HeadBucket: operation(headBucket),
    GetBucketVersioning: operation(getBucketVersioning),
    GetBucketAcl: operation(getBucketAcl),
    GetBucketLocation: operation(getBucketLocation),
    HeadObject: operation(headObject),
    GetObject: operation(getObject),
    PutObject: operation(putObject),
    CreateMultipartUpload: operation(createMultipartUpload),
    UploadPart: operation(uploadPart),
    CompleteMultipartUpload: operation(completeMultipartUpload),
    AbortMultipartUpload: operation(abortMultipartUpload),
  };
}

/** @throws AwsError if the object's newest version is not the one that the caller expects */
function checkCondition(bucket: Bucket, key: string, { IfMatch, IfNoneMatch }: Condition): void {
  const etag = findVersion(bucket, key)?.etag;
  if (IfMatch !== undefined && etag === undefined)
    throw awsError("NoSuchKey", `The specified key does not exist: ${key} in ${bucket.name}.`, 404);
  if (IfNoneMatch !== undefined && IfNoneMatch !== "*")
    throw awsError("NotImplemented", "A header you provided implies functionality that is not implemented", 501);
  if ((IfMatch !== undefined && IfMatch !== etag) || (IfNoneMatch !== undefined && etag !== undefined))
    throw awsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412);
}

/** S3 returns a version id only if versioning was ever enabled for the bucket. */
function versionIdOf(bucket: Bucket, version: ObjectVersion): { VersionId?: string } {
  return bucket.versioning === undefined ? {} : { VersionId: version.versionId };
}

function headOf(input: { ContentType?: string; Metadata?: Record<string, string> }) {
  return { contentType: input.ContentType ?? "binary/octet-stream", metadata: input.Metadata ?? {} };
}
