import * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument } from "./role";

export interface BucketArgs {
  /** Days after which a version that was replaced is deleted. */
  oldVersionDays: number;
  /** Days after which an object is deleted. Default: never. */
  objectDays?: number;
}

/** The one way to make an S3 bucket: versioned, encrypted, private, reached by TLS only, and not growing for ever. */
export class Bucket extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly bucketName: pulumi.Output<string>;

  constructor(name: string, args: BucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Bucket", name, {}, opts);
    // S3 deletes no bucket that holds anything, and `pulumi destroy` would stop there. What these hold is no loss:
    // copies of commits, and what one stage left to the next.
    const bucket = new s3.Bucket(`${name}-bucket`, { forceDestroy: true }, { parent: this });
    const versioning = keepVersions(name, bucket, this);
    expire(name, bucket, args, { parent: this, dependsOn: versioning });
    encrypt(name, bucket, this);
    const closed = blockPublicAccess(name, bucket, this);
    requireTls(name, bucket, { parent: this, dependsOn: closed });
    this.arn = bucket.arn;
    // Known once versions are kept: an object put before would have none, and CodePipeline refuses such a bucket.
    this.bucketName = pulumi.all([bucket.bucket, versioning.id]).apply(([bucketName]) => bucketName);
    this.registerOutputs({ arn: this.arn, bucketName: this.bucketName });
  }
}

const keepVersions = (name: string, bucket: s3.Bucket, parent: pulumi.Resource) =>
  new s3.BucketVersioning(
    `${name}-versioning`,
    { bucket: bucket.bucket, versioningConfiguration: { status: "Enabled" } },
    { parent },
  );

function expire(name: string, bucket: s3.Bucket, args: BucketArgs, opts: pulumi.CustomResourceOptions): void {
  new s3.BucketLifecycleConfiguration(
    `${name}-lifecycle`,
    {
      bucket: bucket.bucket,
      rules: [
        {
          id: "expire",
          status: "Enabled",
          filter: { prefix: "" },
          expiration: args.objectDays === undefined ? undefined : { days: args.objectDays },
          noncurrentVersionExpiration: { noncurrentDays: args.oldVersionDays },
          // The parts of an upload that was never completed are paid for, and shown nowhere.
          abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
        },
      ],
    },
    opts,
  );
}

function encrypt(name: string, bucket: s3.Bucket, parent: pulumi.Resource): void {
  new s3.BucketServerSideEncryptionConfiguration(
    `${name}-encryption`,
    { bucket: bucket.bucket, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
    { parent },
  );
}

const blockPublicAccess = (name: string, bucket: s3.Bucket, parent: pulumi.Resource) =>
  new s3.BucketPublicAccessBlock(
    `${name}-public-access`,
    {
      bucket: bucket.bucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    { parent },
  );

function requireTls(name: string, bucket: s3.Bucket, opts: pulumi.CustomResourceOptions): void {
  new s3.BucketPolicy(
    `${name}-tls-only`,
    {
      bucket: bucket.bucket,
      policy: policyDocument([
        {
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: [bucket.arn, pulumi.interpolate`${bucket.arn}/*`],
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ]),
    },
    opts,
  );
}
