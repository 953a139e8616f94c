import * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument } from "./role";

export interface BucketArgs {
  /** Days after which noncurrent versions are deleted. */
  oldVersionDays: number;
  /** Days after which objects are deleted. Default: never. */
  objectDays?: number;
}

/** Use this for all S3 buckets: versioned, encrypted, private, TLS only, and with expiry rules. */
export class Bucket extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly bucketName: pulumi.Output<string>;

  constructor(name: string, args: BucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Bucket", name, {}, opts);
    // S3 only deletes empty buckets, and `pulumi destroy` would fail. The content is expendable: copies of commits, and
    // artifacts that stages pass on.
    const bucket = new s3.Bucket(`${name}-bucket`, { forceDestroy: true }, { parent: this });
    const versioning = keepVersions(name, bucket, this);
    expire(name, bucket, args, { parent: this, dependsOn: versioning });
    encrypt(name, bucket, this);
    const closed = blockPublicAccess(name, bucket, this);
    requireTls(name, bucket, { parent: this, dependsOn: closed });
    this.arn = bucket.arn;
    // Available once versioning is on: an earlier object would have no version, and CodePipeline rejects such a bucket.
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
          // Parts of incomplete uploads cost money but are not listed.
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
