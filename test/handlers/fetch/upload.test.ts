import { Readable } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { upload } from "../../../handlers/fetch/upload";
import { refusal, refusalMessage } from "../../refusal";

const MIB = 1024 * 1024;
const destination = {
  bucket: "source",
  key: "storefront/source.zip",
  contentType: "application/zip",
  metadata: { commit: "c0ffee" },
};
/** Of a function that has all the time. */
const SIGNAL = new AbortController().signal;
const target = { Bucket: "source", Key: "storefront/source.zip" };
const object = { ...target, ContentType: "application/zip", Metadata: { commit: "c0ffee" } };

/** An S3 that remembers the commands it was sent, bodies as their sizes, and fails where a test says so. */
function createS3(errors: Record<string, string> = {}, VersionId: string | undefined = "v1") {
  const commands: [string, object][] = [];
  const send = async (command: { constructor: { name: string }; input: { Body?: Buffer; PartNumber?: number } }) => {
    const name = command.constructor.name.replace(/Command$/, "");
    const { Body, ...input } = command.input;
    commands.push([name, Body === undefined ? input : { ...input, Body: Body.length }]);
    const error = errors[`${name}${input.PartNumber ?? ""}`];
    if (error !== undefined) {
      throw Object.assign(new Error(error), { name: "AccessDenied" });
    }
    const answers: Record<string, object> = {
      PutObject: { VersionId },
      CreateMultipartUpload: { UploadId: "u1" },
      UploadPart: { ETag: `etag-${input.PartNumber}`, ChecksumCRC32: `crc-${input.PartNumber}` },
      CompleteMultipartUpload: { VersionId },
    };
    return answers[name] ?? {};
  };
  return { client: { send } as unknown as S3Client, commands };
}

function* pieces(size: number, error?: string) {
  for (let left = size; left > 0; left -= MIB) {
    yield Buffer.alloc(Math.min(left, MIB));
  }
  if (error !== undefined) {
    throw new Error(error);
  }
}
const content = (size: number, error?: string) => Readable.from(pieces(size, error));

describe("upload", () => {
  it("puts what fits one part in one request", async () => {
    const { client, commands } = createS3();
    expect(await upload(client, destination, content(8 * MIB - 1), SIGNAL)).to.deep.equal({
      versionId: "v1",
      size: 8 * MIB - 1,
    });
    expect(commands).to.deep.equal([["PutObject", { ...object, Body: 8 * MIB - 1 }]]);
  });

  it("puts more in parts of 8 MiB", async () => {
    const { client, commands } = createS3();
    expect(await upload(client, destination, content(17 * MIB), SIGNAL)).to.deep.equal({
      versionId: "v1",
      size: 17 * MIB,
    });
    const part = (PartNumber: number, Body: number) => ["UploadPart", { ...target, UploadId: "u1", PartNumber, Body }];
    const done = (PartNumber: number) => ({
      PartNumber,
      ETag: `etag-${PartNumber}`,
      ChecksumCRC32: `crc-${PartNumber}`,
    });
    expect(commands).to.deep.equal([
      ["CreateMultipartUpload", { ...object, ChecksumAlgorithm: "CRC32" }],
      part(1, 8 * MIB),
      part(2, 8 * MIB),
      part(3, MIB),
      ["CompleteMultipartUpload", { ...target, UploadId: "u1", MultipartUpload: { Parts: [1, 2, 3].map(done) } }],
    ]);
  });

  it("keeps every byte in its place", async () => {
    const bodies: Buffer[] = [];
    const client = {
      send: async ({ input }: { input: { Body?: Buffer } }) => {
        // Copied, as the SDK has sent it by the time that it answers.
        bodies.push(...(input.Body === undefined ? [] : [Buffer.from(input.Body)]));
        return { UploadId: "u1", VersionId: "v1" };
      },
    } as unknown as S3Client;
    const bytes = Buffer.from(Array.from({ length: 8 * MIB + 5 }, (_, index) => index % 251));
    const cuts = [0, 1, 3_000_000, 8 * MIB - 1, 8 * MIB + 2, bytes.length];
    const cut = cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
    await upload(client, destination, Readable.from(cut), SIGNAL);
    expect(Buffer.concat(bodies).equals(bytes)).to.equal(true);
  });

  it("puts nothing of a small content that fails", async () => {
    const { client, commands } = createS3();
    expect(await refusalMessage(upload(client, destination, content(MIB, "terminated"), SIGNAL))).to.equal(
      "terminated",
    );
    expect(commands).to.deep.equal([]);
  });

  const abort = ["AbortMultipartUpload", { ...target, UploadId: "u1" }];

  it("aborts the parts of a large content that fails", async () => {
    const { client, commands } = createS3();
    expect(await refusalMessage(upload(client, destination, content(9 * MIB, "terminated"), SIGNAL))).to.equal(
      "terminated",
    );
    expect(commands.map(([name]) => name)).to.deep.equal([
      "CreateMultipartUpload",
      "UploadPart",
      "AbortMultipartUpload",
    ]);
    expect(commands.at(-1)).to.deep.equal(abort);
  });

  for (const step of ["UploadPart1", "UploadPart2", "CompleteMultipartUpload"]) {
    it(`aborts when ${step} fails, and ends the content`, async () => {
      const { client, commands } = createS3({ [step]: "no" });
      const stream = content(9 * MIB);
      expect(await refusalMessage(upload(client, destination, stream, SIGNAL))).to.equal("no");
      expect(commands.at(-1)).to.deep.equal(abort);
      expect(stream.destroyed).to.equal(true);
    });
  }

  it("makes the next part while one is sent, and aborts no sooner than that one has arrived", async () => {
    const happened: string[] = [];
    const made = new Promise<void>((resolve) => {
      setImmediate(function wait() {
        if (happened.includes("content failed")) resolve();
        else setImmediate(wait);
      });
    });
    const client = {
      send: async (command: object) => {
        const name = command.constructor.name.replace(/Command$/, "");
        if (name === "UploadPart") {
          await made;
        }
        happened.push(name);
        return { UploadId: "u1" };
      },
    } as unknown as S3Client;
    async function* failing() {
      yield* content(9 * MIB);
      happened.push("content failed");
      throw new Error("terminated");
    }
    expect(await refusalMessage(upload(client, destination, failing(), SIGNAL))).to.equal("terminated");
    expect(happened).to.deep.equal(["CreateMultipartUpload", "content failed", "UploadPart", "AbortMultipartUpload"]);
  });

  it("ends the content when not even the upload can begin", async () => {
    const { client, commands } = createS3({ CreateMultipartUpload: "no" });
    const stream = content(9 * MIB);
    expect(await refusalMessage(upload(client, destination, stream, SIGNAL))).to.equal("no");
    expect(commands.map(([name]) => name)).to.deep.equal(["CreateMultipartUpload"]);
    expect(stream.destroyed).to.equal(true);
  });

  it("says so when parts are left behind", async () => {
    const { client } = createS3({ UploadPart1: "no", AbortMultipartUpload: "no either" });
    expect(await refusalMessage(upload(client, destination, content(9 * MIB), SIGNAL))).to.equal(
      "AccessDenied: no; and multipart upload u1 of s3://source/storefront/source.zip was not aborted: AccessDenied: no either",
    );
  });

  it("ends every call with the function's time, and still throws the parts away", async () => {
    const controller = new AbortController();
    const calls: [string, boolean][] = [];
    const client = {
      send: async (command: object, { abortSignal }: { abortSignal: AbortSignal }) => {
        const name = command.constructor.name.replace(/Command$/, "");
        if (name === "UploadPart") {
          controller.abort();
        }
        calls.push([name, abortSignal.aborted]);
        abortSignal.throwIfAborted();
        return { UploadId: "u1" };
      },
    } as unknown as S3Client;
    const error = await refusal(upload(client, destination, content(9 * MIB), controller.signal));
    expect(error.name).to.equal("AbortError");
    expect(calls).to.deep.equal([
      ["CreateMultipartUpload", false],
      ["UploadPart", true],
      ["AbortMultipartUpload", false],
    ]);
  });

  it("refuses a bucket without versions", async () => {
    const { client } = createS3({}, "null");
    expect(await refusalMessage(upload(client, destination, content(1), SIGNAL))).to.equal(
      "bucket source is not versioned: turn versioning on",
    );
  });
});
