import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { ZipFile } from "yazl";
import { defaultBuildspec } from "../../handlers/buildspec";
import { createFetch, type FetchOptions } from "../../handlers/fetch";
import type { PushMessage } from "../../handlers/message";
import { serialize } from "../../infra/serialization";
import { entriesOf, filesOf, tarGz } from "./archive";
import { type Bucket, createBucket } from "./bucket";
import { awsFault, type Endpoint, type PlainAnswer, startEndpoint } from "./endpoint";
import { type Lambda, startLambda } from "./lambda";

const PACKAGES = ["tar-stream", "yazl"];
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const LATER = "89abcdef0123456789abcdef0123456789abcdef";

const message: PushMessage = {
  repository: "acme/storefront",
  branch: "feature/basket",
  commit: COMMIT,
  delivery: "8b5f2a80-5f2c-11ef-9c1d-2b0d4e8f7a11",
  pushedAt: "2026-01-05T10:00:00.000Z",
  application: "storefront",
};

const tokenOf = (versionId: string) => createHash("sha256").update(versionId).digest("hex");

describe("fetch callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let bucket: Bucket;
  let lambda: Lambda;
  let archive: PlainAnswer;

  before(async () => {
    text = await serialize(createFetch);
    endpoint = await startEndpoint();
    endpoint.answers.StartPipelineExecution = () => ({ pipelineExecutionId: "e1" });
    // GitHub redirects to another host; here that is another path.
    endpoint.plain = (request) => {
      if (request.url === `/github/acme/storefront/archive/${COMMIT}.tar.gz`) {
        return { status: 302, headers: { location: `${endpoint.url}/codeload/acme/storefront/tar.gz/${COMMIT}` } };
      }
      return request.url.startsWith("/codeload/") || request.url.startsWith("/github/")
        ? archive
        : bucket.answer(request);
    };
    const source = { repository: "acme/storefront", branch: "feature/basket" };
    const options: FetchOptions = {
      github: `${endpoint.url}/github`,
      bucket: "source",
      sources: [
        {
          ...source,
          application: "storefront",
          key: "storefront/source.zip",
          pipeline: "storefront-p",
          overridable: true,
        },
        { ...source, application: "basket", key: "basket/source.zip", pipeline: "basket-p", overridable: false },
      ],
    };
    lambda = startLambda({ text, options, endpointUrl: endpoint.url, packages: PACKAGES });
  });
  beforeEach(async () => {
    endpoint.requests = [];
    bucket = createBucket();
    archive = { status: 200, body: await tarGz({ "README.md": "# storefront\n", "run.sh": "#!/bin/sh\n" }) };
  });
  after(async () => {
    await lambda.close();
    await endpoint.close();
  });

  async function fetchIt(change: Partial<PushMessage> = {}) {
    const body = JSON.stringify({ ...message, ...change });
    const { value, error, lines } = await lambda.invoke({ Records: [{ messageId: "m1", body }] });
    expect(error).to.equal(undefined);
    return { failed: value, logged: lines.map((line) => JSON.parse(line)) };
  }

  const none = { batchItemFailures: [] };
  const m1 = { batchItemFailures: [{ itemIdentifier: "m1" }] };
  const started = () => endpoint.requests.map(({ operation, input }) => [operation, input]);
  const start = (versionId: string) => [
    "StartPipelineExecution",
    {
      name: "storefront-p",
      clientRequestToken: tokenOf(versionId),
      sourceRevisions: [{ actionName: "Source", revisionType: "S3_OBJECT_VERSION_ID", revisionValue: versionId }],
    },
  ];

  it("fits the archive's limit, with its packages", async () => {
    const zip = new ZipFile();
    zip.addBuffer(Buffer.from(text), "__index.js");
    for (const file of filesOf(PACKAGES)) {
      zip.addBuffer(readFileSync(file), file);
    }
    zip.end();
    let size = 0;
    for await (const chunk of zip.outputStream) {
      size += chunk.length;
    }
    expect(size).to.be.below(512 * 1024);
  });

  it("stores the archive of the commit and starts the pipeline on it", async () => {
    expect(await fetchIt()).to.deep.equal({
      failed: none,
      logged: [
        {
          level: "info",
          message: "fetch delivered",
          application: "storefront",
          commit: COMMIT,
          delivery: message.delivery,
          versionId: "version.1",
          size: bucket.objects["source/storefront/source.zip"]?.[0]?.body.length,
        },
      ],
    });
    expect(bucket.requests).to.deep.equal(["HEAD /source/storefront/source.zip", "PUT /source/storefront/source.zip"]);
    const [stored] = bucket.objects["source/storefront/source.zip"] ?? [];
    expect(stored?.metadata).to.deep.equal({
      commit: COMMIT,
      "pushed-at": "2026-01-05T10:00:00.000Z",
      "codepipeline-artifact-revision-summary": "acme/storefront feature/basket 0123456789ab",
    });
    expect(await entriesOf(stored?.body ?? Buffer.alloc(0))).to.deep.equal({
      "README.md": "# storefront\n",
      "run.sh": "#!/bin/sh\n",
      "buildspec.yml": defaultBuildspec,
    });
    expect(started()).to.deep.equal([start("version.1")]);
  });

  it("stores nothing new for a redelivery, and starts the same execution", async () => {
    await fetchIt();
    const { failed, logged } = await fetchIt({ delivery: "another" });
    expect(failed).to.deep.equal(none);
    expect(logged.map((line) => line.message)).to.deep.equal(["fetch found the commit in place"]);
    expect(bucket.objects["source/storefront/source.zip"]).to.have.length(1);
    expect(started()).to.deep.equal([start("version.1"), start("version.1")]);
  });

  it("leaves a later push in place when an earlier one is redelivered", async () => {
    await fetchIt({ commit: LATER, pushedAt: "2026-01-05T11:00:00.000Z" });
    const { failed, logged } = await fetchIt();
    expect(failed).to.deep.equal(none);
    expect(logged.map((line) => line.reason)).to.deep.equal([
      `commit ${LATER} was pushed later, at 2026-01-05T11:00:00.000Z`,
    ]);
    expect(bucket.objects["source/storefront/source.zip"]).to.have.length(1);
    expect(started()).to.have.length(1);
  });

  it("delivers an older commit again that was force-pushed", async () => {
    await fetchIt();
    await fetchIt({ commit: LATER, pushedAt: "2026-01-05T11:00:00.000Z" });
    await fetchIt({ pushedAt: "2026-01-05T12:00:00.000Z" });
    expect(bucket.objects["source/storefront/source.zip"]?.map(({ metadata }) => metadata.commit)).to.deep.equal([
      COMMIT,
      LATER,
      COMMIT,
    ]);
    expect(started()).to.deep.equal([start("version.1"), start("version.2"), start("version.3")]);
  });

  it("starts a V1 pipeline without a revision, which it would refuse", async () => {
    expect((await fetchIt({ application: "basket" })).failed).to.deep.equal(none);
    expect(started()).to.deep.equal([
      ["StartPipelineExecution", { name: "basket-p", clientRequestToken: tokenOf("version.1") }],
    ]);
  });

  it("stores a large repository in parts", async () => {
    archive.body = await tarGz({ "large.bin": randomBytes(9 * 1024 * 1024) });
    expect((await fetchIt()).failed).to.deep.equal(none);
    const object = "/source/storefront/source.zip";
    expect(bucket.requests).to.deep.equal([
      `HEAD ${object}`,
      `POST ${object}?uploads=`,
      `PUT ${object}?partNumber=1&uploadId=upload-1`,
      `PUT ${object}?partNumber=2&uploadId=upload-1`,
      `POST ${object}?uploadId=upload-1`,
    ]);
    const [stored] = bucket.objects["source/storefront/source.zip"] ?? [];
    expect(stored?.metadata.commit).to.equal(COMMIT);
    expect(Object.keys(await entriesOf(stored?.body ?? Buffer.alloc(0)))).to.deep.equal(["large.bin", "buildspec.yml"]);
  });

  describe("gives the message back", () => {
    async function expectFailure(cause: RegExp, change?: Partial<PushMessage>) {
      const { failed, logged } = await fetchIt(change);
      expect(failed).to.deep.equal(m1);
      expect(logged).to.have.length(1);
      const [{ level, message: what, messageId }] = logged;
      expect([level, what, messageId]).to.deep.equal(["error", "fetch failed", "m1"]);
      expect(logged[0].cause).to.match(cause);
      expect(bucket.objects).to.deep.equal({});
      expect(started()).to.deep.equal([]);
    }

    it("if GitHub has no such commit", async () => {
      archive = { status: 404, body: "Not Found" };
      await expectFailure(
        /^http.*\/github\/acme\/storefront\/archive\/0123456789abcdef0123456789abcdef01234567\.tar\.gz answers 404: the commit was force-pushed away, or the repository is private, renamed or deleted$/,
      );
      expect(bucket.requests).to.deep.equal(["HEAD /source/storefront/source.zip"]);
    });

    it("if GitHub is out of order", async () => {
      archive = { status: 502 };
      await expectFailure(/tar\.gz answers 502 Bad Gateway$/);
    });

    it("if a small download breaks off", async () => {
      const whole = await tarGz({ "a.bin": randomBytes(100_000) });
      archive = {
        status: 200,
        headers: { "content-length": String(whole.length) },
        body: whole.subarray(0, 50_000),
        broken: true,
      };
      await expectFailure(
        /^commit 0123456789abcdef0123456789abcdef01234567 of acme\/storefront was not stored: TypeError: terminated/,
      );
      expect(bucket.requests).to.deep.equal(["HEAD /source/storefront/source.zip"]);
    });

    it("if a large download breaks off, with its upload aborted", async () => {
      const whole = await tarGz({ "a.bin": randomBytes(10 * 1024 * 1024) });
      archive = {
        status: 200,
        headers: { "content-length": String(whole.length) },
        body: whole.subarray(0, -100_000),
        broken: true,
      };
      await expectFailure(/was not stored: TypeError: terminated/);
      expect(bucket.requests.at(-1)).to.equal("DELETE /source/storefront/source.zip?uploadId=upload-1");
    });

    it("if what comes is no archive", async () => {
      archive = { status: 200, body: "<html>" };
      await expectFailure(/was not stored: incorrect header check$/);
    });

    it("if S3 does not let it look", async () => {
      bucket.answer = () => ({ status: 403 });
      await expectFailure(
        /^HeadObject of s3:\/\/source\/storefront\/source\.zip: .*; the function's role needs s3:GetObject on it and s3:ListBucket on the bucket$/,
      );
    });

    it("if it is no message", async () => {
      await expectFailure(/^the message's commit is "main", expected \^\[0-9a-f\]\{40\}\$$/, { commit: "main" });
    });
  });

  it("gives the message back if the pipeline cannot be started, and starts it the next time", async () => {
    const { StartPipelineExecution } = endpoint.answers;
    endpoint.answers.StartPipelineExecution = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: codepipeline:StartPipelineExecution");
    };
    const { failed, logged } = await fetchIt();
    expect(failed).to.deep.equal(m1);
    expect(logged.map((line) => line.cause)).to.deep.equal([
      "pipeline storefront-p was not started on version version.1 of storefront/source.zip: " +
        "AccessDeniedException: not authorized to perform: codepipeline:StartPipelineExecution",
    ]);
    Object.assign(endpoint.answers, { StartPipelineExecution });
    expect((await fetchIt()).failed).to.deep.equal(none);
    expect(bucket.objects["source/storefront/source.zip"]).to.have.length(1);
  });

  it("drops what is not tracked any more", async () => {
    const { failed, logged } = await fetchIt({ branch: "gone" });
    expect(failed).to.deep.equal(none);
    expect(logged.map((line) => line.reason)).to.deep.equal(["the branch is not tracked any more"]);
    expect(bucket.requests).to.deep.equal([]);
  });
});
