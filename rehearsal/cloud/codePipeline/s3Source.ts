import type { GetBucketVersioningOutput, GetObjectOutput, HeadObjectOutput } from "../s3/shapes";
import { awsError } from "../service";
import type { ActionResult, ActionRun, ActionType } from "./actionType";
import { callS3, inspectBucket, storeOutput } from "./artifactStore";

/**
 * Copies one version of the source object into the artifact bucket.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html
 */
export const s3Source: ActionType = {
  inputs: [0, 0],
  outputs: [1, 1],
  required: ["S3Bucket", "S3ObjectKey", "PollForSourceChanges"],
  optional: [],
  // By default AWS polls, and would start each revision a second time.
  only: { PollForSourceChanges: "false" },
  revisionType: "S3_OBJECT_VERSION_ID",
  run,
};

async function run(action: ActionRun): Promise<ActionResult> {
  const { configuration, override } = action;
  const object = { Bucket: configuration.S3Bucket, Key: configuration.S3ObjectKey };
  const call = callS3(action);
  requireVersioning(await inspectBucket(call, object.Bucket), object.Bucket);
  // Without an override, use the newest version. Pin it before reading.
  const VersionId = override ?? (await call<HeadObjectOutput>("HeadObject", object)).VersionId;
  const source = await call<GetObjectOutput>("GetObject", { ...object, VersionId });
  try {
    await storeOutput(action, source.Body);
  } finally {
    // A denied call does not read the body.
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

function requireVersioning({ Status }: GetBucketVersioningOutput, bucket: string | undefined): void {
  if (Status !== "Enabled")
    throw awsError(
      "ConfigurationError",
      `The bucket ${bucket} is a pipeline's source and must have versioning enabled; it is ${Status ?? "not versioned"}.`,
    );
}
