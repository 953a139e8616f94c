import { createHash, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { crc32 } from "node:zlib";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { TestCloud } from "../../support";
import { createBucketCloud, object, outcome } from "./support";

describe("rehearsed S3: uploads in parts", () => {
  let cloud: TestCloud;
  let s3: S3Client;

  beforeEach(async () => {
    ({ cloud, s3 } = await createBucketCloud());
  });
  afterEach(async () => {
    s3.destroy();
    await cloud.close();
  });

  it("joins the parts of an upload in their order, whatever order they came in", async () => {
    const large = randomBytes(5 * 1024 * 1024);
    const last = Buffer.from("the end");
    const created = await s3.send(
      new CreateMultipartUploadCommand({ ...object, Metadata: { commit: "c3" }, ChecksumAlgorithm: "CRC32" }),
    );
    expect(created.ChecksumAlgorithm).to.equal("CRC32");
    const { UploadId } = created;
    const two = await s3.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 2, Body: last }));
    const one = await s3.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: large }));
    const Parts = [
      { PartNumber: 1, ETag: one.ETag, ChecksumCRC32: one.ChecksumCRC32 },
      { PartNumber: 2, ETag: two.ETag, ChecksumCRC32: two.ChecksumCRC32 },
    ];
    const done = await s3.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }));
    const md5s = [large, last].map((part) => createHash("md5").update(part).digest());
    const etag = `"${createHash("md5").update(Buffer.concat(md5s)).digest("hex")}-2"`;
    expect(done).to.deep.include({ ETag: etag, Key: object.Key, Bucket: "acme-source" });

    const got = await s3.send(new GetObjectCommand({ ...object, VersionId: done.VersionId }));
    expect(got).to.deep.include({ ETag: etag, Metadata: { commit: "c3" } });
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Buffer.concat([large, last]))).to.equal(
      true,
    );
    expect(await readdir(path.join(cloud.directory, "s3"))).to.have.length(1);
  });

  describe("refuses a completion", () => {
    const cases: {
      of: string;
      name: string;
      parts(small: string, other: string): { number: number; etag: string }[];
    }[] = [
      { of: "no parts", name: "MalformedXML", parts: () => [] },
      { of: "a part that was never uploaded", name: "InvalidPart", parts: (it) => [{ number: 9, etag: it }] },
      { of: "a part with another's ETag", name: "InvalidPart", parts: (_, it) => [{ number: 1, etag: it }] },
      {
        of: "parts in descending order",
        name: "InvalidPartOrder",
        parts: (one, two) => [
          { number: 2, etag: two },
          { number: 1, etag: one },
        ],
      },
      {
        of: "a part under 5 MiB that is not the last",
        name: "EntityTooSmall",
        parts: (one, two) => [
          { number: 1, etag: one },
          { number: 2, etag: two },
        ],
      },
    ];
    for (const { of, name, parts } of cases)
      it(`of ${of}: ${name}`, async () => {
        const { UploadId } = await s3.send(new CreateMultipartUploadCommand(object));
        const upload = async (PartNumber: number, Body: string) =>
          (await s3.send(new UploadPartCommand({ ...object, UploadId, PartNumber, Body }))).ETag ?? "";
        const listed = parts(await upload(1, "small"), await upload(2, "other"));
        const MultipartUpload = { Parts: listed.map((it) => ({ PartNumber: it.number, ETag: it.etag })) };
        const completion = new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload });
        expect(await outcome(s3.send(completion))).to.deep.include({ name });
      });
  });

  describe("whose parts have checksums", () => {
    /** Completes an upload of one part. */
    async function complete(ChecksumAlgorithm: "CRC32" | undefined, listed: (checksum?: string) => string | undefined) {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm }));
      const part = new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: "the end" });
      const { ETag, ChecksumCRC32 } = await s3.send(part);
      expect(ChecksumCRC32).to.equal(checksum);
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32: listed(ChecksumCRC32) }] };
      await s3.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload }));
      return "completed";
    }
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32("the end"));
    const checksum = sum.toString("base64");
    const refused = {
      name: "InvalidPart",
      message:
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
      status: 400,
    };

    it("is completed with them if it was created with their algorithm", async () => {
      expect(await complete("CRC32", (it) => it)).to.equal("completed");
    });

    it("is refused without them if it was created with their algorithm", async () => {
      expect(await outcome(complete("CRC32", () => undefined))).to.deep.equal({
        name: "InvalidRequest",
        message:
          "The upload was created using a crc32 checksum. The complete request must include the checksum for each part. It was missing for part 1 in the request.",
        status: 400,
      });
    });

    it("is completed without them if it was created without an algorithm", async () => {
      expect(await complete(undefined, () => undefined)).to.equal("completed");
    });

    it("is refused with them if it was created without an algorithm", async () => {
      expect(await outcome(complete(undefined, (it) => it))).to.deep.equal(refused);
    });

    it("is refused with another part's", async () => {
      expect(await outcome(complete("CRC32", () => "AAAAAA=="))).to.deep.equal(refused);
    });
  });

  it("forgets an aborted upload and its parts", async () => {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(object));
    await s3.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: "part" }));
    await s3.send(new AbortMultipartUploadCommand({ ...object, UploadId }));
    expect(await readdir(path.join(cloud.directory, "s3"))).to.deep.equal([]);
    const late = new UploadPartCommand({ ...object, UploadId, PartNumber: 2, Body: "late" });
    expect(await outcome(s3.send(late))).to.deep.include({ name: "NoSuchUpload", status: 404 });
  });
});
