import { createHash, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import {
  CreateMultipartUploadCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { TestCloud } from "../../support";
import { createBucketCloud, object, outcome } from "./support";

describe("rehearsed S3: objects and their versions", () => {
  let cloud: TestCloud;
  let s3: S3Client;

  beforeEach(async () => {
    ({ cloud, s3 } = await createBucketCloud());
  });
  afterEach(async () => {
    s3.destroy();
    await cloud.close();
  });

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

  it("answers the versioning of a bucket", async () => {
    const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket: "acme-source" }));
    expect(Status).to.equal("Enabled");
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
