import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { TestCloud } from "../../support";
import { clientOf, createBucketCloud, object, outcome } from "./support";

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

  describe("a conditional write", () => {
    const refused = {
      name: "PreconditionFailed",
      message: "At least one of the pre-conditions you specified did not hold",
      status: 412,
    };
    const put = (condition: object, body = "one") =>
      s3.send(new PutObjectCommand({ ...object, Body: body, ...condition }));
    const newest = async () => (await s3.send(new HeadObjectCommand(object))).ETag;

    it("makes the first version only once", async () => {
      const { ETag } = await put({ IfNoneMatch: "*" });
      expect(await outcome(put({ IfNoneMatch: "*" }, "two"))).to.deep.equal(refused);
      expect(await newest()).to.equal(ETag);
    });

    it("replaces only the version that is expected", async () => {
      expect(await outcome(put({ IfMatch: '"0123"' }))).to.include({ name: "NoSuchKey", status: 404 });
      const first = await put({});
      const second = await put({ IfMatch: first.ETag }, "two");
      expect(await outcome(put({ IfMatch: first.ETag }, "three"))).to.deep.equal(refused);
      expect(await newest()).to.equal(second.ETag);
    });

    it("completes an upload in parts only in place of the version that is expected", async () => {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand(object));
      const part = { ...object, UploadId, PartNumber: 1 };
      const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: "part" }));
      const complete = (condition: object) =>
        s3.send(
          new CompleteMultipartUploadCommand({
            ...object,
            UploadId,
            MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
            ...condition,
          }),
        );
      const first = await put({});
      expect(await outcome(complete({ IfNoneMatch: "*" }))).to.deep.equal(refused);
      expect(await newest()).to.equal(first.ETag);
      await complete({ IfMatch: first.ETag });
      expect(await newest()).to.not.equal(first.ETag);
    });

    it("takes s3:GetObject, to compare ETags", async () => {
      const writer = await clientOf(cloud, "writer", ["s3:PutObject"]);
      await writer.send(new PutObjectCommand({ ...object, Body: "one", IfNoneMatch: "*" }));
      const denied = await outcome(
        writer.send(new PutObjectCommand({ ...object, Body: "two", IfMatch: await newest() })),
      );
      expect(denied).to.include({ name: "AccessDenied", status: 403 });
      expect(denied.message).to.include("s3:GetObject");
      writer.destroy();
    });
  });
});
