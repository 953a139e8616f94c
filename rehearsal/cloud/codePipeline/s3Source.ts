import type { GetBucketVersioningOutput, GetObjectOutput, HeadObjectOutput, PutObjectOutput } from "../s3/shapes";
import { awsError } from "../service";
import type { ActionResult, ActionRun, ActionType } from "./actionType";

/**
 * Copies one version of the source object into the artifact bucket.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html
 */
export const s3Source: ActionType = {
  inputs: [0, 0],
  outputs: [1, 1],
  required: ["S3Bucket", "S3ObjectKey", "PollForSourceChanges"],
  optional: [],
  // AWS polls unless it is told not to, and would start each revision a second time.
  only: { PollForSourceChanges: "false" },
  run,
};

async function run({ cloud, role, configuration, outputs, override }: ActionRun): Promise<ActionResult> {
  const object = { Bucket: configuration.S3Bucket, Key: configuration.S3ObjectKey };
  const call = <O>(operation: string, input: object) => cloud.call<object, O>(role, "s3", operation, input);
  requireVersioning(await inspect(call, object.Bucket), object.Bucket);
  // Without an override the newest version is meant: which one that is must be pinned before it is read.
  const VersionId = override ?? (await call<HeadObjectOutput>("HeadObject", object)).VersionId;
  const source = await call<GetObjectOutput>("GetObject", { ...object, VersionId });
  const [artifact] = outputs;
  const copy = { Bucket: artifact?.bucket, Key: artifact?.key };
  try {
    await inspect(call, copy.Bucket);
    const stored = await call<PutObjectOutput>("PutObject", { ...copy, Body: source.Body });
    await call("HeadObject", copy);
    if (stored.VersionId !== undefined) await call("HeadObject", { ...copy, VersionId: stored.VersionId });
  } finally {
    // A denied call leaves the body unread.
    source.Body.destroy();
  }
  const id = VersionId ?? "";
  const summary = source.Metadata?.["codepipeline-artifact-revision-summary"] ?? `Amazon S3 version id: ${id}`;
  return {
    summary,
    revision: { id, summary },
    variables: {
      BucketName: String(object.Bucket),
      ObjectKey: String(object.Key),
      VersionId: id,
      ETag: String(source.ETag).replaceAll('"', ""),
    },
  };
}

/**
 * Nobody outside AWS knows what CodePipeline asks of its buckets, and when. It documents what a role must have at the least,
 * and a role is held to that here: versioning, ACL and location of both buckets, and reading what it stored.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html
 */
async function inspect(
  call: (operation: string, input: object) => Promise<unknown>,
  bucket: string | undefined,
): Promise<GetBucketVersioningOutput> {
  await call("GetBucketAcl", { Bucket: bucket });
  await call("GetBucketLocation", { Bucket: bucket });
  return call("GetBucketVersioning", { Bucket: bucket }) as Promise<GetBucketVersioningOutput>;
}

function requireVersioning({ Status }: GetBucketVersioningOutput, bucket: string | undefined): void {
  if (Status !== "Enabled")
    throw awsError(
      "ConfigurationError",
      `The bucket ${bucket} is a pipeline's source and must have versioning enabled; it is ${Status ?? "not versioned"}.`,
    );
}
