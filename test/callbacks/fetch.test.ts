import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { ZipFile } from "yazl";
import { defaultBuildspec } from "../../handlers/build/buildspec";
import { createFetch } from "../../handlers/fetch";
import { serialize } from "../../infra/lambda/serialization";
import { entriesOf, filesOf, zipball } from "./archive";
import type { PlainAnswer } from "./endpoint";
import { COMMIT, createFetchWorld, DEAD_LETTERS, type FetchWorld, GROUP, message, PACKAGES } from "./fetchSupport";

const LATER = "89abcdef0123456789abcdef0123456789abcdef";

const tokenOf = (versionId: string) => createHash("sha256").update(versionId).digest("hex");

/** Resolves for everybody who waits, once so many do. */
function meetingOf(number: number): () => Promise<void> {
  const waiting: (() => void)[] = [];
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length === number) {
        for (const goOn of waiting) {
          goOn();
        }
      }
    });
}

describe("fetch callback, serialised", () => {
  let world: FetchWorld;
  let archive: PlainAnswer;

  before(async () => {
    world = await createFetchWorld((url) => ({ github: { url: `${url}/github` } }));
    // GitHub redirects to another host; here that is another path.
    world.forge = ({ url }) =>
      url === `/github/acme/storefront/archive/${COMMIT}.zip`
        ? { status: 302, headers: { location: `/codeload/acme/storefront/zip/${COMMIT}` } }
        : archive;
  });
  beforeEach(async () => {
    world.reset();
    archive = { status: 200, body: await zipball({ "README.md": "# storefront\n", "run.sh": "#!/bin/sh\n" }) };
  });
  after(() => world.close());

  const objects = () => world.bucket.objects["source/storefront/source.zip"];
  const none = { batchItemFailures: [] };
  const started = () => world.endpoint.requests.map(({ operation, input }) => [operation, input]);
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
    zip.addBuffer(Buffer.from(await serialize(createFetch)), "__index.js");
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
    expect(await world.deliver()).to.deep.equal({
      value: none,
      logged: [
        {
          level: "info",
          message: "archive fetched",
          application: "storefront",
          commit: COMMIT,
          delivery: message.delivery,
          versionId: "version.1",
          size: objects()?.[0]?.body.length,
        },
      ],
    });
    expect(world.bucket.requests).to.deep.equal([
      "HEAD /source/storefront/source.zip",
      "PUT /source/storefront/source.zip",
    ]);
    const [stored] = objects() ?? [];
    expect(stored?.metadata).to.deep.equal({
      commit: COMMIT,
      "pushed-at": "2026-01-05T10:00:00.000Z",
      "push-group": GROUP,
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
    await world.deliver();
    const { value, logged } = await world.deliver({ delivery: "another" });
    expect(value).to.deep.equal(none);
    expect(logged.map((line) => line.message)).to.deep.equal(["fetch found the commit in place"]);
    expect(objects()).to.have.length(1);
    expect(started()).to.deep.equal([start("version.1"), start("version.1")]);
  });

  for (const [what, content] of [
    ["a small archive", Buffer.from("# storefront\n")],
    ["an archive in parts", randomBytes(9 * 1024 * 1024)],
  ] as const) {
    it(`delivers nothing twice when fetch is invoked twice concurrently: ${what}`, async () => {
      archive.body = await zipball({ "README.md": content });
      // Both invocations have looked at the bucket before either of them has the archive.
      const answer = world.forge;
      const bothAsked = meetingOf(2);
      world.forge = async (request) => {
        if (request.url.startsWith("/codeload/")) {
          await bothAsked();
        }
        return answer(request);
      };
      const fetched = await world.deliverTwice();
      world.forge = answer;
      expect(fetched.map(({ value }) => value)).to.deep.equal([none, none]);
      expect(fetched.flatMap(({ logged }) => logged.map((line) => line.message)).sort()).to.deep.equal([
        "archive fetched",
        "fetch found the commit in place",
      ]);
      expect(objects()).to.have.length(1);
      expect(started()).to.deep.equal([start("version.1"), start("version.1")]);
    });
  }

  it("does not overwrite the archive that another invocation has put in place of the one that both have seen", async () => {
    await world.deliver({ commit: LATER, delivery: "earlier" });
    archive.body = await zipball({ "README.md": "# storefront 2\n" });
    const answer = world.forge;
    const bothAsked = meetingOf(2);
    world.forge = async (request) => {
      if (request.url.startsWith("/codeload/")) {
        await bothAsked();
      }
      return answer(request);
    };
    const fetched = await world.deliverTwice();
    world.forge = answer;
    expect(fetched.flatMap(({ logged }) => logged.map((line) => line.message)).sort()).to.deep.equal([
      "archive fetched",
      "fetch found the commit in place",
    ]);
    expect(objects()?.map(({ metadata }) => metadata.commit)).to.deep.equal([LATER, COMMIT]);
  });

  it("starts the execution of an upload whose response was lost", async () => {
    let lost = false;
    const { plain } = world.endpoint;
    world.endpoint.plain = async (request) => {
      const answer = await plain(request);
      if (request.method === "PUT" && !lost) {
        lost = true;
        return { status: 200, headers: { "content-length": "9" }, body: "x", broken: true };
      }
      return answer;
    };
    const { value, logged } = await world.deliver();
    world.endpoint.plain = plain;
    expect([lost, value]).to.deep.equal([true, none]);
    expect(logged.map((line) => line.message)).to.deep.equal(["fetch found the commit in place"]);
    expect(objects()).to.have.length(1);
    expect(started()).to.deep.equal([start("version.1")]);
  });

  it("delivers a push of the branch that the application was moved to", async () => {
    await world.deliver({ commit: LATER });
    const [stored] = objects() ?? [];
    Object.assign(stored?.metadata ?? {}, { "push-group": "0".repeat(64) });
    await world.deliver();
    expect(objects()?.map(({ metadata }) => metadata.commit)).to.deep.equal([LATER, COMMIT]);
    expect(started()).to.deep.equal([start("version.1"), start("version.2")]);
  });

  it("delivers an older commit again that was force-pushed", async () => {
    await world.deliver();
    await world.deliver({ commit: LATER, before: COMMIT });
    await world.deliver({ before: LATER });
    expect(objects()?.map(({ metadata }) => metadata.commit)).to.deep.equal([COMMIT, LATER, COMMIT]);
    expect(started()).to.deep.equal([start("version.1"), start("version.2"), start("version.3")]);
  });

  it("starts a V1 pipeline without a revision, which it would refuse", async () => {
    expect((await world.deliver({ application: "basket" })).value).to.deep.equal(none);
    expect(started()).to.deep.equal([
      ["StartPipelineExecution", { name: "basket-p", clientRequestToken: tokenOf("version.1") }],
    ]);
  });

  it("stores a large repository in parts", async () => {
    archive.body = await zipball({ "large.bin": randomBytes(9 * 1024 * 1024) });
    expect((await world.deliver()).value).to.deep.equal(none);
    const object = "/source/storefront/source.zip";
    expect(world.bucket.requests).to.deep.equal([
      `HEAD ${object}`,
      `POST ${object}?uploads=`,
      `PUT ${object}?partNumber=1&uploadId=upload-1`,
      `PUT ${object}?partNumber=2&uploadId=upload-1`,
      `POST ${object}?uploadId=upload-1`,
    ]);
    const [stored] = objects() ?? [];
    expect(stored?.metadata.commit).to.equal(COMMIT);
    expect(Object.keys(await entriesOf(stored?.body ?? Buffer.alloc(0)))).to.deep.equal(["large.bin", "buildspec.yml"]);
  });

  // `pulumi up` may give poll and webhook a new source before it gives it to fetch.
  for (const [change, where] of [
    [{ branch: "new" }, "application storefront does not track branch new of acme/storefront at github"],
    [
      { application: "basket", forge: "gitlab" },
      "application basket does not track branch feature/basket of acme/storefront at gitlab",
    ],
  ] as const) {
    it(`does not lose what it knows no source for: ${Object.values(change).join(" at ")}`, async () => {
      const cause = `${where}: if \`pulumi up\` was about to add it, redrive the message; if it was removed, delete the message`;
      const first = await world.deliver(change);
      expect(first.value).to.deep.equal({ batchItemFailures: [{ itemIdentifier: "m1" }] });
      expect(first.logged.map((line) => [line.cause, line.retryInSeconds])).to.deep.equal([[cause, 14]]);
      expect(world.calls("SendMessage")).to.deep.equal([]);
      expect((await world.deliver(change, { receives: 3 })).value).to.deep.equal(none);
      const [parked, ...others] = world.calls("SendMessage");
      expect(parked).to.deep.include({
        QueueUrl: DEAD_LETTERS,
        MessageAttributes: { reason: { DataType: "String", StringValue: cause } },
      });
      expect(others).to.deep.equal([]);
      expect(world.bucket.requests).to.deep.equal([]);
    });
  }
});
