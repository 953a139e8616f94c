import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { GetBucketVersioningOutput, GetObjectOutput, PutObjectInput, PutObjectOutput } from "../s3/shapes";
import type { ActionRun } from "./actionType";

/** Calls S3 with the pipeline's role. */
export type CallS3 = <O>(operation: string, input: object) => Promise<O>;

export const callS3 =
  ({ cloud, role }: ActionRun): CallS3 =>
  (operation, input) =>
    cloud.call(role, "s3", operation, input);

/**
 * Which calls CodePipeline makes to its buckets is not public. AWS documents the minimum permissions of a role, and
 * this enforces them: versioning, ACL and location of both buckets, and reading what it stored.
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html
 */
export async function inspectBucket(call: CallS3, bucket: string | undefined): Promise<GetBucketVersioningOutput> {
  await call("GetBucketAcl", { Bucket: bucket });
  await call("GetBucketLocation", { Bucket: bucket });
  return call("GetBucketVersioning", { Bucket: bucket });
}

/** Stores the first output artifact of a source action in the artifact bucket. */
export async function storeOutput(run: ActionRun, Body: PutObjectInput["Body"]): Promise<void> {
  const call = callS3(run);
  const [artifact] = run.outputs;
  const copy = { Bucket: artifact?.bucket, Key: artifact?.key };
  await inspectBucket(call, copy.Bucket);
  const stored = await call<PutObjectOutput>("PutObject", { ...copy, Body });
  await call("HeadObject", copy);
  if (stored.VersionId !== undefined) await call("HeadObject", { ...copy, VersionId: stored.VersionId });
}

/** The whole first input artifact. */
export async function readInput(run: ActionRun): Promise<Buffer> {
  const [artifact] = run.inputs;
  const { Body } = await callS3(run)<GetObjectOutput>("GetObject", { Bucket: artifact?.bucket, Key: artifact?.key });
  return buffer(Body satisfies Readable);
}
