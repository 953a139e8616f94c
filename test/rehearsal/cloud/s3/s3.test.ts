import { createHash, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { expect } from "chai";
import { createS3 } from "../../../../rehearsal/cloud/s3";
import { createTestCloud, type TestCloud } from "../../support";

const bucketArn = "arn:aws:s3:::acme-source";
const everything = [
  "s3:PutObject",
  "s3:GetObject",
  "s3:GetObjectVersion",
  "s3:AbortMultipartUpload",
  "s3:ListBucket",
  "s3:GetBucketVersioning",
];

describe("rehearsed S3", () => {
  let cloud: TestCloud;
  let s3: S3Client;

  async function client(name: string, actions: string[]): Promise<S3Client> {
    const role = await cloud.role(name, "lambda.amazonaws.com", [
      { Effect: "Allow", Action: actions, Resource: [bucketArn, `${bucketArn}/*`] },
    ]);
    return new S3Client(await cloud.clientOptions("lambda.amazonaws.com", role));
  }

  async function outcome(sent: Promise<unknown>): Promise<{ name: string; message: string; status?: number }> {
    try {
      await sent;
    } catch (error) {
      const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
      return { name, message, status: $metadata?.httpStatusCode };
    }
    throw new Error("The request succeeded.");
  }

  beforeEach(async () => {
    cloud = await createTestCloud([createS3]);
    const created = await cloud.declare("aws:s3/bucket:Bucket", "source", { bucket: "acme-source" });
    expect(created.outputs).to.include({
      arn: bucketArn,
      bucketRegionalDomainName: "acme-source.s3.us-east-1.amazonaws.com",
    });
    await cloud.declare("aws:s3/bucketVersioning:BucketVersioning", "source", {
      bucket: "acme-source",
      versioningConfiguration: { status: "Enabled" },
    });
    s3 = await client("everything", everything);
  });

  afterEach(async () => {
    s3.destroy();
    await cloud.close();
  });

  const object = { Bucket: "acme-source", Key: "storefront/with space+ü.zip" };

  it("keeps every version with its metadata, and reads the newest or the one asked for", async () => {
    const first = await s3.send(new PutObjectCommand({ ...object, Body: "one", Metadata: { commit: "a1" } }));
    await cloud.clock.turn(60_000);
    const second = await s3.send(
      new PutObjectCommand({ ...object, Body: "two!", Metadata: { commit: "b2" }, ContentType: "application/zip" }),
    );
    expect(first.ETag).to.equal(`"${createHash("md5").update("one").digest("hex")}"`);
    expect(first.VersionId)
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.equal(second.VersionId);

    const head = await s3.send(new HeadObjectCommand(object));
    expect(head).to.deep.include({
      VersionId: second.VersionId,
      ETag: second.ETag,
      ContentLength: 4,
      ContentType: "application/zip",
      Metadata: { commit: "b2" },
      ServerSideEncryption: "AES256",
    });
    expect(head.LastModified?.toISOString()).to.equal("2026-01-05T09:01:00.000Z");

    const old = await s3.send(new GetObjectCommand({ ...object, VersionId: first.VersionId }));
    expect(await old.Body?.transformToString()).to.equal("one");
    expect(old.Metadata).to.deep.equal({ commit: "a1" });
    expect(old.ContentType).to.equal("application/octet-stream");
  });

  it("takes a streamed body with its checksum in a trailer", async () => {
    const pieces = Array.from({ length: 7 }, () => randomBytes(300_000));
    const put = await s3.send(
      new PutObjectCommand({ ...object, Body: Readable.from(pieces), ContentLength: 2_100_000 }),
    );
    const whole = Buffer.concat(pieces);
    expect(put.ETag).to.equal(`"${createHash("md5").update(whole).digest("hex")}"`);
    expect(put.ChecksumCRC32).to.be.a("string").and.have.length(8);
    const got = await s3.send(new GetObjectCommand(object));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(whole)).to.equal(true);
    expect(got.ChecksumCRC32).to.equal(put.ChecksumCRC32);
  });

  it("refuses a body that differs from its checksum, and keeps no file of it", async () => {
    const wrong = new PutObjectCommand({ ...object, Body: "one", ChecksumCRC32: "AAAAAA==" });
    expect(await outcome(s3.send(wrong))).to.deep.include({ name: "BadDigest", status: 400 });
    expect(await readdir(path.join(cloud.directory, "s3"))).to.deep.equal([]);
    expect(await outcome(s3.send(new HeadObjectCommand(object)))).to.deep.include({ name: "NotFound" });
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

  it("replaces the only version in a bucket without versioning, and names no version", async () => {
    await cloud.declare("aws:s3/bucket:Bucket", "artifacts", { bucket: "acme-artifacts" });
    const operator = { kind: "operator" } as const;
    const input = { Bucket: "acme-artifacts", Key: "a" };
    await cloud.call(operator, "s3", "PutObject", { ...input, Body: "one" });
    const put = await cloud.call<object, object>(operator, "s3", "PutObject", { ...input, Body: "two" });
    expect(put).to.not.have.property("VersionId");
    expect(await cloud.call(operator, "s3", "HeadObject", input)).to.deep.include({ ContentLength: 3 });
    expect(await cloud.call(operator, "s3", "GetBucketVersioning", { Bucket: "acme-artifacts" })).to.deep.equal({
      Status: undefined,
    });
    expect(await readdir(path.join(cloud.directory, "s3"))).to.have.length(1);
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
      const writer = await client("writer", ["s3:PutObject"]);
      await writer.send(new PutObjectCommand({ ...object, Body: "one", IfNoneMatch: "*" }));
      const denied = await outcome(
        writer.send(new PutObjectCommand({ ...object, Body: "two", IfMatch: await newest() })),
      );
      expect(denied).to.include({ name: "AccessDenied", status: 403 });
      expect(denied.message).to.include("s3:GetObject");
      writer.destroy();
    });
  });

  it("answers the versioning of a bucket", async () => {
    const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket: "acme-source" }));
    expect(Status).to.equal("Enabled");
  });

  describe("permissions", () => {
    it("hides a missing key from whoever may not list the bucket", async () => {
      const reader = await client("reader", ["s3:GetObject"]);
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
      const reader = await client("reader", ["s3:GetObject", "s3:ListBucket"]);
      const denied = await outcome(reader.send(new GetObjectCommand({ ...object, VersionId })));
      expect(denied.name).to.equal("AccessDenied");
      expect(denied.message).to.include("s3:GetObjectVersion").and.include("assumed-role/reader/");
      reader.destroy();
    });

    it("asks for s3:PutObject through a multipart upload, and for s3:AbortMultipartUpload to abort it", async () => {
      const writer = await client("writer", ["s3:PutObject"]);
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

  it("names what is not simulated: operations, headers and inputs", async () => {
    const listing = s3.send(new ListObjectsV2Command({ Bucket: "acme-source" }));
    expect((await outcome(listing)).message).to.include("s3:GET bucket?list-type");
    const ranged = s3.send(new GetObjectCommand({ ...object, Range: "bytes=0-1" }));
    expect((await outcome(ranged)).message).to.equal("The S3 header range is not simulated.");
    const hashed = s3.send(new CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm: "SHA256" }));
    expect((await outcome(hashed)).message).to.equal("The S3 checksum SHA256 is not simulated: only CRC32 is.");
    const declared = cloud.declare("aws:s3/bucket:Bucket", "logged", { logging: { targetBucket: "x" } });
    expect((await outcome(declared)).message).to.include("aws:s3/bucket:Bucket logged: logging is not simulated");
  });
});
