import type * as s3 from "@pulumi/aws/s3";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import { readPolicy } from "./iam/policyDocument";
import { type Bucket, checkBucketName, checkPolicy, findBucket } from "./s3/bucket";
import { createOperations } from "./s3/operations";
import { createProtocol } from "./s3/protocol";
import { awsError, type Cloud, type Created, type Declaration, type Service } from "./service";

/**
 * S3: versioned and plain buckets, whole and multipart uploads, and the checks of checksums that S3 makes. Encryption,
 * public access blocks, ownership and lifecycle rules are accepted and do nothing: objects are files of this run.
 */
export function createS3(cloud: Cloud): Service {
  const buckets = new Map<string, Bucket>();

  const bucketNamed = (name: string) => findBucket(buckets, name);

  function createBucket(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<s3.BucketArgs>>(declaration, ["bucket", "forceDestroy", "tags", "region"]);
    const name = cloud.physicalName(declaration, inputs.bucket);
    checkBucketName(name);
    if (buckets.has(name)) throw awsError("BucketAlreadyOwnedByYou", `The bucket ${name} exists already.`, 409);
    const arn = cloud.arn("s3", name, { region: "", account: "" });
    buckets.set(name, { name, arn, objects: new Map(), uploads: new Map() });
    return {
      id: name,
      outputs: {
        bucket: name,
        arn,
        bucketDomainName: `${name}.s3.${cloud.dnsSuffix}`,
        bucketRegionalDomainName: `${name}.s3.${cloud.region}.${cloud.dnsSuffix}`,
        region: cloud.region,
      },
    };
  }

  function setVersioning(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<s3.BucketVersioningArgs>>(declaration, ["bucket", "versioningConfiguration"]);
    const bucket = bucketNamed(inputs.bucket);
    const { status } = inputs.versioningConfiguration;
    // Terraform's third state, Disabled, is that of a bucket whose versioning was never set.
    if (status === "Enabled" || status === "Suspended") bucket.versioning = status;
    else if (status !== "Disabled")
      throw awsError("IllegalVersioningConfigurationException", `${status} is no versioning status.`);
    return { id: bucket.name };
  }

  function setPolicy(declaration: Declaration): Created {
    const inputs = inputsOf<Unwrap<s3.BucketPolicyArgs>>(declaration, ["bucket", "policy"]);
    const bucket = bucketNamed(inputs.bucket);
    const policy = readPolicy(inputs.policy, "resource", `The policy of the bucket ${bucket.name}`);
    checkPolicy(bucket, policy);
    bucket.policy = policy;
    return { id: bucket.name };
  }

  /** Settings of a bucket that change nothing here but must name a bucket. */
  function accept(declaration: Declaration): Created {
    const { name } = bucketNamed(String(declaration.inputs.bucket));
    return { id: name };
  }

  return {
    name: "s3",
    resources: {
      "aws:s3/bucket:Bucket": createBucket,
      "aws:s3/bucketVersioning:BucketVersioning": setVersioning,
      "aws:s3/bucketPolicy:BucketPolicy": setPolicy,
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": accept,
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": accept,
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": accept,
      "aws:s3/bucketOwnershipControls:BucketOwnershipControls": accept,
    },
    operations: createOperations(cloud, buckets),
    policyOf: (arn) => buckets.get(arn.split(":::")[1]?.split("/")[0] ?? "")?.policy,
    protocol: createProtocol(cloud),
  };
}
