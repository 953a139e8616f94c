import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { TestCloud } from "../../support";
import { bucketArn, clientOf, createBucketCloud, object, outcome } from "./support";

describe("rehearsed S3", () => {
  let cloud: TestCloud;
  let s3: S3Client;

  beforeEach(async () => {
    ({ cloud, s3 } = await createBucketCloud());
  });
  afterEach(async () => {
    s3.destroy();
    await cloud.close();
  });

  describe("permissions", () => {
    it("hides a missing key from whoever may not list the bucket", async () => {
      const reader = await clientOf(cloud, "reader", ["s3:GetObject"]);
      expect(await outcome(reader.send(new HeadObjectCommand(object)))).to.deep.include({ status: 403 });
      expect(await outcome(reader.send(new GetObjectCommand(object)))).to.deep.include({
        name: "AccessDenied",
        status: 403,
      });
      expect(await outcome(s3.send(new HeadObjectCommand(object)))).to.deep.include({ name: "NotFound", status: 404 });
      expect(await outcome(s3.send(new GetObjectCommand(object)))).to.deep.include({ name: "NoSuchKey", status: 404 });
      reader.destroy();
    });

    it("asks for s3:GetObjectVersion where a version is named", async () => {
      const { VersionId } = await s3.send(new PutObjectCommand({ ...object, Body: "one" }));
      const reader = await clientOf(cloud, "reader", ["s3:GetObject", "s3:ListBucket"]);
      const denied = await outcome(reader.send(new GetObjectCommand({ ...object, VersionId })));
      expect(denied.name).to.equal("AccessDenied");
      expect(denied.message).to.include("s3:GetObjectVersion").and.include("assumed-role/reader/");
      reader.destroy();
    });

    it("asks for s3:PutObject through a multipart upload, and for s3:AbortMultipartUpload to abort it", async () => {
      const writer = await clientOf(cloud, "writer", ["s3:PutObject"]);
      const { UploadId } = await writer.send(new CreateMultipartUploadCommand(object));
      const denied = await outcome(writer.send(new AbortMultipartUploadCommand({ ...object, UploadId })));
      expect(denied.message).to.include("s3:AbortMultipartUpload");
      writer.destroy();
    });

    it("heeds a bucket policy's Deny, and not its TLS-only statement", async () => {
      const statement = (Action: string, Condition?: object) => ({
        Effect: "Deny",
        Principal: "*",
        Action,
        Resource: [bucketArn, `${bucketArn}/*`],
        ...(Condition === undefined ? {} : { Condition }),
      });
      const tlsOnly = statement("s3:*", { Bool: { "aws:SecureTransport": "false" } });
      const policy = { Version: "2012-10-17", Statement: [tlsOnly, statement("s3:GetBucketVersioning")] };
      await cloud.declare("aws:s3/bucketPolicy:BucketPolicy", "source", {
        bucket: "acme-source",
        policy: JSON.stringify(policy),
      });
      await s3.send(new PutObjectCommand({ ...object, Body: "one" }));
      const denied = await outcome(s3.send(new GetBucketVersioningCommand({ Bucket: "acme-source" })));
      expect(denied.message).to.include("explicit deny");
    });
  });

  it("refuses a policy for what is outside its bucket, by name", async () => {
    const statement = { Effect: "Deny", Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::acme-source-2/*" };
    const policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    const declared = cloud.declare("aws:s3/bucketPolicy:BucketPolicy", "x", { bucket: "acme-source", policy });
    expect((await outcome(declared)).message).to.equal(
      "Policy has invalid resource: arn:aws:s3:::acme-source-2/* is not of the bucket acme-source.",
    );
  });
});
