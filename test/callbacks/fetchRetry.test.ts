import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { PushMessage } from "../../handlers/shared/message";
import { handmadeZip } from "../handlers/fetch/zips";
import { zipball } from "./archive";
import { awsFault, type PlainAnswer } from "./endpoint";
import {
  COMMIT,
  createFetchWorld,
  DEAD_LETTERS,
  type Fetched,
  type FetchWorld,
  GROUP,
  type Handing,
  message,
  QUEUE,
} from "./fetchSupport";

const NONE = { batchItemFailures: [] };
const M1 = { batchItemFailures: [{ itemIdentifier: "m1" }] };

/** An address at which nobody listens. */
async function emptyAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

describe("fetch callback, serialised, when it cannot deliver", () => {
  let world: FetchWorld;
  let nobody: string;
  let archive: PlainAnswer;
  let onAsked = () => {};
  /** Resolves when the forge is asked for the archive. */
  const forgeAsked = () =>
    new Promise<void>((resolve) => {
      onAsked = resolve;
    });

  before(async () => {
    nobody = await emptyAddress();
    world = await createFetchWorld((url) => ({
      github: { url: `${url}/github` },
      gitlab: { url: `http://${nobody}` },
      bitbucket: { url: `${url}/bitbucket`, token: { secretId: "forges" } },
    }));
    world.forge = () => {
      onAsked();
      return archive;
    };
  });
  beforeEach(async () => {
    world.reset();
    archive = { status: 200, body: await zipball({ "README.md": "# storefront\n" }) };
  });
  after(() => world.close());

  const postponed = (receives: number, seconds: number) => ({
    QueueUrl: QUEUE,
    ReceiptHandle: `receipt-${receives}`,
    VisibilityTimeout: seconds,
  });
  const parked = (reason: string, body = JSON.stringify(message)) => ({
    QueueUrl: DEAD_LETTERS,
    MessageBody: body,
    MessageGroupId: GROUP,
    MessageDeduplicationId: "ca0df2c95aa144c1d0ff2ff3c8f967fdc1de9ef0c4120b3726416701b519d619",
    MessageAttributes: { reason: { DataType: "String", StringValue: reason } },
  });

  /** It is handed out again after a while. @returns the cause that is logged */
  function expectRetry({ value, logged }: Fetched, receives: number, seconds: number): unknown {
    expect(value).to.deep.equal(M1);
    expect(logged).to.have.length(1);
    const { cause, ...line } = logged[0] ?? {};
    expect(line).to.deep.equal({
      level: "error",
      message: "fetch failed",
      messageId: "m1",
      receives,
      retryInSeconds: seconds,
    });
    expect(world.calls("ChangeMessageVisibility")).to.deep.equal([postponed(receives, seconds)]);
    expect(world.calls("SendMessage")).to.deep.equal([]);
    return cause;
  }

  /** It is put into the dead-letter queue. @returns the cause that is logged */
  function expectParked({ value, logged }: Fetched, receives: number, body?: string): unknown {
    expect(value).to.deep.equal(NONE);
    expect(logged).to.have.length(1);
    const { cause, ...line } = logged[0] ?? {};
    expect(line).to.deep.equal({ level: "error", message: "fetch gave up", messageId: "m1", receives });
    expect(world.calls("ChangeMessageVisibility")).to.deep.equal([postponed(receives, 60)]);
    expect(world.calls("SendMessage")).to.deep.equal([parked(String(cause), body)]);
    expect(world.calls("StartPipelineExecution")).to.deep.equal([]);
    return cause;
  }

  describe("waits", () => {
    for (const [receives, seconds] of [
      [1, 14],
      [2, 28],
      [5, 221],
      [7, 829],
      [20, 829],
    ] as const) {
      it(`${seconds} s for a forge that is out of reach the ${receives}. time`, async () => {
        const fetched = await world.deliver({ forge: "gitlab" }, { receives });
        expect(expectRetry(fetched, receives, seconds)).to.equal(
          `branch feature/basket of acme/storefront at gitlab cannot be compared with commit ${COMMIT}: it cannot be reached: TypeError: fetch failed (connect ECONNREFUSED ${nobody})`,
        );
      });
    }

    it("for an address that is out of reach, to which a forge redirects", async () => {
      archive = { status: 302, headers: { location: `http://${nobody}/archive?token=temporary` } };
      expect(expectRetry(await world.deliver(), 1, 14)).to.equal(
        `${nobody} (redirected from ${world.endpoint.url}/github/acme/storefront/archive/${COMMIT}.zip) cannot be reached: connect ECONNREFUSED ${nobody}`,
      );
    });

    const announced = (whole: Buffer, size: number): PlainAnswer => ({
      status: 200,
      headers: { "content-length": String(whole.length) },
      body: whole.subarray(0, size),
    });
    const stored = `commit ${COMMIT} of acme/storefront was not stored: `;

    it("for a small download that broke off", async () => {
      archive = { ...announced(await zipball({ "a.bin": randomBytes(100_000) }), 50_000), broken: true };
      expect(expectRetry(await world.deliver({}, { receives: 4 }), 4, 111)).to.match(
        new RegExp(`^${stored}TypeError: terminated`),
      );
      expect(world.bucket.requests).to.deep.equal(["HEAD /source/storefront/source.zip"]);
    });

    it("for a large download that broke off, of which nothing is uploaded", async () => {
      const whole = await zipball({ "a.bin": randomBytes(10 * 1024 * 1024) });
      archive = { ...announced(whole, whole.length - 100_000), broken: true };
      expect(expectRetry(await world.deliver({}, { receives: 4 }), 4, 111)).to.match(
        new RegExp(`^${stored}TypeError: terminated`),
      );
      expect(world.bucket.requests).to.deep.equal(["HEAD /source/storefront/source.zip"]);
      expect(world.bucket.objects).to.deep.equal({});
    });

    it("for a download that hangs until the function's time is nearly over", async () => {
      const whole = await zipball({ "a.bin": randomBytes(10 * 1024 * 1024) });
      archive = { ...announced(whole, whole.length - 100_000), hanging: true };
      const asked = forgeAsked();
      const delivering = world.deliver({}, { receives: 4, remaining: 60_000 });
      await asked;
      world.pass(45_000);
      // The download may have begun by then, or not.
      expect(expectRetry(await delivering, 4, 111)).to.match(
        /^not finished before the function's timeout: .*aborted due to timeout/,
      );
      expect(world.bucket.requests).to.deep.equal(["HEAD /source/storefront/source.zip"]);
    });

    it("hours for a download that is damaged, as for one that was reset", async () => {
      archive = { status: 200, body: "garbage" };
      const cause = `${stored}the downloaded archive is damaged: End of central directory record signature not found. Either not a zip file, or file is truncated.`;
      for (const [receives, seconds] of [
        [1, 14],
        [3, 55],
        [20, 829],
      ] as const) {
        world.reset();
        expect(expectRetry(await world.deliver({}, { receives }), receives, seconds)).to.equal(cause);
      }
    });

    it("for a download with a wrong checksum at its end, with its upload aborted", async () => {
      const content = randomBytes(9 * 1024 * 1024);
      const entries = [
        { name: "storefront-0123456/a.bin", content, method: 0 },
        { name: "storefront-0123456/b.txt", content: "b", claims: { crc32: 1 } },
      ];
      archive = { status: 200, body: handmadeZip(entries) };
      expect(expectRetry(await world.deliver(), 1, 14)).to.equal(
        `${stored}the downloaded archive is damaged: entry "storefront-0123456/b.txt": its checksum is wrong`,
      );
      expect(world.bucket.requests.at(-1)).to.equal("DELETE /source/storefront/source.zip?uploadId=upload-1");
      expect(world.bucket.objects).to.deep.equal({});
    });

    it("as long as the forge asks for", async () => {
      archive = { status: 429, headers: { "retry-after": "1800" } };
      expect(expectRetry(await world.deliver(), 1, 1_800)).to.match(
        /returned 429 Too Many Requests: too many requests/,
      );
    });

    for (const status of [429, 403]) {
      it(`as long as the forge asks for by ${status} where it is asked for the branch`, async () => {
        world.refs = () => ({ status, headers: { "retry-after": "1800" } });
        expect(expectRetry(await world.deliver(), 1, 1_800)).to.equal(
          `branch feature/basket of acme/storefront at github cannot be compared with commit ${COMMIT}: it returned ${status}: too many requests`,
        );
      });
    }

    it("for S3 to be back", async () => {
      world.bucket.answer = () => ({ status: 503 });
      expect(expectRetry(await world.deliver({}, { receives: 8 }), 8, 829)).to.match(
        /^HeadObject of s3:\/\/source\/storefront\/source\.zip: /,
      );
    });

    it("for a permission to be given, though it was refused often", async () => {
      world.bucket.answer = () => ({ status: 403 });
      expect(expectRetry(await world.deliver({}, { receives: 12 }), 12, 829)).to.match(
        /^HeadObject of s3:\/\/source\/storefront\/source\.zip: .*; the function's role needs s3:GetObject on it and s3:ListBucket on the bucket$/,
      );
    });

    const started = "pipeline storefront-p was not started for object version version.1 of storefront/source.zip: ";
    for (const name of [
      "AccessDeniedException",
      "ConflictException",
      "ConcurrentPipelineExecutionsLimitExceededException",
    ]) {
      it(`for the pipeline to start (${name}), and starts it the next time on what is stored`, async () => {
        world.endpoint.answers.StartPipelineExecution = () => {
          throw awsFault(name, "no");
        };
        expect(expectRetry(await world.deliver({}, { receives: 9 }), 9, 829)).to.equal(`${started}${name}: no`);
        world.endpoint.answers.StartPipelineExecution = () => ({ pipelineExecutionId: "e1" });
        const again = await world.deliver({}, { receives: 10 });
        expect(again.value).to.deep.equal(NONE);
        expect(again.logged.map((line) => line.message)).to.deep.equal(["fetch found the commit in place"]);
        expect(world.bucket.objects["source/storefront/source.zip"]).to.have.length(1);
      });
    }

    it("for a token that may not be read yet", async () => {
      world.endpoint.answers.GetSecretValue = () => {
        throw awsFault("AccessDeniedException", "no");
      };
      expect(expectRetry(await world.deliver({ forge: "bitbucket" }, { receives: 8 }), 8, 829)).to.equal(
        "secret forges cannot be read: AccessDeniedException: no",
      );
    });
  });

  describe("puts a message away", () => {
    it("whose commit is not there the third time", async () => {
      const cause =
        `commit ${COMMIT} of acme/storefront at github: ${world.endpoint.url}/github/acme/storefront/archive/${COMMIT}.zip returned 404 Not Found: ` +
        "the commit was force-pushed away, or the repository was renamed or deleted, or it is private: if so, store a token in Secrets Manager and set slipway:forges.github.token";
      archive = { status: 404 };
      expect(expectRetry(await world.deliver(), 1, 14)).to.equal(cause);
      world.reset();
      expect(expectRetry(await world.deliver({}, { receives: 2 }), 2, 28)).to.equal(cause);
      world.reset();
      expect(expectParked(await world.deliver({}, { receives: 3 }), 3)).to.equal(cause);
    });

    const atOnce: [string, () => Promise<[Partial<PushMessage>, Handing]>, string][] = [
      [
        "whose archive is refused",
        async () => {
          archive = { status: 200, body: handmadeZip([{ name: "storefront-0123456/../../evil" }]) };
          return [{}, {}];
        },
        `commit ${COMMIT} of acme/storefront was not stored: entry "storefront-0123456/../../evil" of the archive is refused: its name points outside the archive`,
      ],
      [
        "of a forge whose token is none",
        async () => {
          world.endpoint.answers.GetSecretValue = () => ({ SecretString: '{"bitbucket":"ATCTT3"}\n{}' });
          return [{ forge: "bitbucket" }, {}];
        },
        "secret forges is not a token: store bitbucket's token there, and nothing else",
      ],
      [
        "of a forge that is not configured",
        async () => [{ forge: "gitee" }, {}],
        "no address is known for gitee: every source must use a forge of slipway:forges",
      ],
      [
        "with a field that it cannot read",
        async () => [{ commit: "main" }, {}],
        `the message cannot be read: the message's commit is "main", expected ^[0-9a-f]{40}$`,
      ],
    ];
    for (const [what, arrange, cause] of atOnce) {
      it(`${what} at once`, async () => {
        const [change, handing] = await arrange();
        const body = JSON.stringify({ ...message, ...change });
        expect(expectParked(await world.deliver(change, handing), 1, body)).to.equal(cause);
      });
    }

    it("that is no JSON at once, without what SQS refuses in an attribute", async () => {
      const body = "\u0007push";
      const told = (mark: string) =>
        `the message cannot be read: SyntaxError: Unexpected token '${mark}', "${mark}push" is not valid JSON`;
      const { value, logged } = await world.deliver({}, { body });
      expect([value, logged[0]?.cause]).to.deep.equal([NONE, told("\u0007")]);
      expect(world.calls("SendMessage")).to.deep.equal([parked(told("?"), body)]);
    });
  });

  describe("loses nothing", () => {
    it("if it cannot say when the message is to come again", async () => {
      world.endpoint.answers.ChangeMessageVisibility = () => {
        throw awsFault("AccessDenied", "no");
      };
      archive = { status: 502 };
      const { value, logged } = await world.deliver();
      expect(value).to.deep.equal(M1);
      expect(logged).to.deep.equal([
        {
          level: "error",
          message: "fetch failed",
          messageId: "m1",
          cause: `commit ${COMMIT} of acme/storefront at github: ${world.endpoint.url}/github/acme/storefront/archive/${COMMIT}.zip returned 502 Bad Gateway`,
          receives: 1,
          retryInSeconds: 14,
        },
        {
          level: "error",
          message: "the message's visibility was not changed",
          messageId: "m1",
          seconds: 14,
          cause: "AccessDenied: no",
        },
      ]);
    });

    it("if other messages are behind the one that failed: they come again after it", async () => {
      archive = { status: 502 };
      const { value } = await world.deliver({}, { behind: ["m2", "m3"] });
      const failed = ["m1", "m2", "m3"].map((itemIdentifier) => ({ itemIdentifier }));
      expect(value).to.deep.equal({ batchItemFailures: failed });
      expect(world.asked).to.have.length(1);
    });

    it("if it cannot put the message away", async () => {
      world.endpoint.answers.SendMessage = () => {
        throw awsFault("AccessDenied", "no");
      };
      const { value, logged } = await world.deliver({ commit: "main" });
      expect(value).to.deep.equal(M1);
      expect(logged.map((line) => [line.message, line.cause])).to.deep.equal([
        ["fetch gave up", `the message cannot be read: the message's commit is "main", expected ^[0-9a-f]{40}$`],
        ["the message was not put into the dead-letter queue", "AccessDenied: no"],
      ]);
    });

    it("if it puts the message away twice, since the first time nobody heard of it", async () => {
      for (const receives of [3, 4]) {
        archive = { status: 404 };
        expect((await world.deliver({}, { receives })).value).to.deep.equal(NONE);
      }
      const ids = world.calls("SendMessage").map((input) => (input as Record<string, unknown>).MessageDeduplicationId);
      expect(ids).to.deep.equal(Array(2).fill(parked("").MessageDeduplicationId));
    });
  });
});
