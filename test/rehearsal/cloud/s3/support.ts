import { S3Client } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { createS3 } from "../../../../rehearsal/cloud/s3";
import { createTestCloud, type TestCloud } from "../../support";

export const bucketArn = "arn:aws:s3:::acme-source";

/** Where tests put their objects: a name whose characters URLs escape. */
export const object = { Bucket: "acme-source", Key: "storefront/with space+ü.zip" };

const everything = [
  "s3:PutObject",
  "s3:GetObject",
  "s3:GetObjectVersion",
  "s3:AbortMultipartUpload",
  "s3:ListBucket",
  "s3:GetBucketVersioning",
];

/** A client of a role that may do this with the bucket. */
export async function clientOf(cloud: TestCloud, name: string, actions: string[]): Promise<S3Client> {
  const role = await cloud.role(name, "lambda.amazonaws.com", [
    { Effect: "Allow", Action: actions, Resource: [bucketArn, `${bucketArn}/*`] },
  ]);
  return new S3Client(await cloud.clientOptions("lambda.amazonaws.com", role));
}

/** An account with a versioned bucket, and a client that may do everything with it. */
export async function createBucketCloud() {
  const cloud = await createTestCloud([createS3]);
  const created = await cloud.declare("aws:s3/bucket:Bucket", "source", { bucket: "acme-source" });
  expect(created.outputs).to.include({
    arn: bucketArn,
    bucketRegionalDomainName: "acme-source.s3.us-east-1.amazonaws.com",
  });
  await cloud.declare("aws:s3/bucketVersioning:BucketVersioning", "source", {
    bucket: "acme-source",
    versioningConfiguration: { status: "Enabled" },
  });
  return { cloud, s3: await clientOf(cloud, "everything", everything) };
}

/** How a request was refused. */
export async function outcome(sent: Promise<unknown>): Promise<{ name: string; message: string; status?: number }> {
  try {
    await sent;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { name, message, status: $metadata?.httpStatusCode };
  }
  throw new Error("The request succeeded.");
}
