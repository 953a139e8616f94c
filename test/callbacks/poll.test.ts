import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { expect } from "chai";
import { createPoll, type PollOptions } from "../../handlers/poll";
import { packet } from "../../handlers/poll/packets";
import { serialize } from "../../infra/lambda/serialization";
import { type Bucket, createBucket } from "./bucket";
import { awsFault, type Endpoint, type PlainAnswer, startEndpoint } from "./endpoint";
import { createForge, type GitForge } from "./gitForge";
import { type Lambda, startLambda } from "./lambda";

const QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/pushes.fifo";
const STATE = "source/poll/enqueued.json";
const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:github-AbCdEf";
const TOKEN = "ghp_0123456789";

const digest = (algorithm: string, text: string) => createHash(algorithm).update(text).digest("hex");
const sha256 = (text: string) => digest("sha256", text);
// The SDK compares the digest with what it sent.
const sent = ({ MessageBody }: Record<string, unknown>) => ({
  MessageId: "m1",
  MD5OfMessageBody: digest("md5", String(MessageBody)),
});

describe("poll callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let forge: GitForge;
  let bucket: Bucket;
  let lambda: Lambda;
  let options: PollOptions;
  /** What answers instead of the forge or the bucket, by the beginning of `METHOD /path`. */
  let faults: Record<string, PlainAnswer>;

  before(async () => {
    text = await serialize(createPoll);
    endpoint = await startEndpoint();
  });
  after(() => endpoint.close());

  beforeEach(() => {
    forge = createForge();
    bucket = createBucket();
    faults = {};
    endpoint.requests = [];
    endpoint.answers = {
      SendMessage: sent,
      GetSecretValue: () => ({ SecretString: JSON.stringify({ token: TOKEN }) }),
    };
    endpoint.plain = (request) => {
      const fault = Object.entries(faults).find(([start]) => `${request.method} ${request.url}`.startsWith(start));
      return fault?.[1] ?? (request.url.startsWith("/forge/") ? forge.answer(request) : bucket.answer(request));
    };
    const storefront = { forge: "github", repository: "acme/storefront" } as const;
    options = {
      bucket: "source",
      key: "poll/enqueued.json",
      queueUrl: QUEUE_URL,
      forges: {
        github: { url: `${endpoint.url}/forge/github`, token: { secretId: SECRET, key: "token" } },
        gitlab: { url: `${endpoint.url}/forge/gitlab` },
      },
      sources: [
        { ...storefront, branch: "main", application: "storefront", key: "storefront/source.zip" },
        { ...storefront, branch: "feature/basket", application: "basket", key: "basket/source.zip" },
        {
          forge: "gitlab",
          repository: "acme/shop/accounts",
          branch: "main",
          application: "accounts",
          key: "accounts/source.zip",
        },
      ],
    };
    lambda = startLambda({ text, options, endpointUrl: endpoint.url });
    forge.commit("github/acme/storefront", "main", "1");
    forge.commit("github/acme/storefront", "feature/basket", "2");
    forge.commit("gitlab/acme/shop/accounts", "main", "3");
  });
  afterEach(async () => {
    await lambda.close();
    rmSync(forge.directory, { recursive: true });
  });

  /** One poll: what it enqueued, as `application commit`, its error, and its log. */
  async function poll(from = lambda) {
    endpoint.requests = [];
    const { error, lines } = await from.invoke({ time: "2026-01-05T10:00:00Z" });
    const inputs = endpoint.requests.filter(({ operation }) => operation === "SendMessage").map(({ input }) => input);
    const messages = inputs.map((input) => JSON.parse(String(input.MessageBody)));
    return {
      enqueued: messages.map(({ application, commit }) => `${application} ${commit}`).sort(),
      deliveries: messages.map(({ delivery }) => delivery).sort(),
      inputs,
      error: error?.message,
      logged: lines.map((line) => JSON.parse(line)),
    };
  }
  const head = (repository: string, branch: string) => forge.head(repository, branch);
  /** What fetch does with a message. */
  function fetched(application: string, commit: string) {
    const key = `source/${application}/source.zip`;
    const versions = bucket.objects[key] ?? [];
    bucket.objects[key] = [
      ...versions,
      { versionId: `v${versions.length + 1}`, body: Buffer.alloc(0), metadata: { commit } },
    ];
  }
  const states = () => (bucket.objects[STATE] ?? []).map(({ body }) => JSON.parse(body.toString()));

  it("fits the archive's limit", () => {
    expect(Buffer.byteLength(text)).to.be.below(64 * 1024);
  });

  it("delivers each branch's head once, and nothing while nothing moves", async () => {
    const main = head("github/acme/storefront", "main");
    const basket = head("github/acme/storefront", "feature/basket");
    const accounts = head("gitlab/acme/shop/accounts", "main");
    const before = new Date().toISOString();
    const first = await poll();
    expect([first.error, first.enqueued]).to.deep.equal([
      undefined,
      [`accounts ${accounts}`, `basket ${basket}`, `storefront ${main}`],
    ]);
    const input = first.inputs.find(({ MessageBody }) => String(MessageBody).includes('"storefront"'));
    const { pushedAt, ...message } = JSON.parse(String(input?.MessageBody));
    const delivery = `poll-first-${main}`;
    expect(message).to.deep.equal({
      forge: "github",
      repository: "acme/storefront",
      branch: "main",
      commit: main,
      delivery,
      application: "storefront",
    });
    expect(pushedAt >= before && pushedAt <= new Date().toISOString()).to.equal(true);
    expect([input?.QueueUrl, input?.MessageGroupId, input?.MessageDeduplicationId]).to.deep.equal([
      QUEUE_URL,
      sha256("github:acme/storefront:main"),
      sha256(`${delivery}${main}storefront`),
    ]);
    const state = {
      "github:acme/storefront:main:storefront": { commit: main },
      "github:acme/storefront:feature/basket:basket": { commit: basket },
      "gitlab:acme/shop/accounts:main:accounts": { commit: accounts },
    };
    expect(states()).to.deep.equal([state]);
    expect(await poll()).to.deep.equal({ enqueued: [], deliveries: [], inputs: [], error: undefined, logged: [] });
    expect(states()).to.deep.equal([state]);
  });

  it("remembers from one function to the next", async () => {
    await poll();
    const next = startLambda({ text, options, endpointUrl: endpoint.url });
    const { error, enqueued } = await poll(next).finally(next.close);
    expect([error, enqueued]).to.deep.equal([undefined, []]);
  });

  it("enqueues nothing that was delivered by a webhook, and writes nothing", async () => {
    for (const { application, forge: at, repository, branch } of options.sources) {
      fetched(application, head(`${at}/${repository}`, branch));
    }
    expect(await poll()).to.deep.equal({ enqueued: [], deliveries: [], inputs: [], error: undefined, logged: [] });
    expect(states()).to.deep.equal([]);
  });

  it("delivers what webhooks missed, once, and says what was there before", async () => {
    const first = head("github/acme/storefront", "main");
    for (const { application, forge: at, repository, branch } of options.sources) {
      fetched(application, head(`${at}/${repository}`, branch));
    }
    const missed = forge.commit("github/acme/storefront", "main", "4");
    const found = await poll();
    expect([found.error, found.enqueued, found.deliveries]).to.deep.equal([
      undefined,
      [`storefront ${missed}`],
      [`poll-v1-${missed}`],
    ]);
    expect(JSON.parse(String(found.inputs[0]?.MessageBody)).before).to.equal(first);
    expect((await poll()).enqueued).to.deep.equal([]);
    fetched("storefront", missed);
    expect((await poll()).enqueued).to.deep.equal([]);
  });

  it("delivers a branch that moved, that moved back, and that moved again, each once", async () => {
    const one = head("github/acme/storefront", "main");
    await poll();
    fetched("storefront", one);
    const two = forge.commit("github/acme/storefront", "main", "4");
    const deliveries = [];
    for (const commit of [two, one, two]) {
      forge.move("github/acme/storefront", "main", commit);
      const moved = await poll();
      expect([moved.error, moved.enqueued]).to.deep.equal([undefined, [`storefront ${commit}`]]);
      deliveries.push(...moved.deliveries);
      expect((await poll()).enqueued).to.deep.equal([]);
      fetched("storefront", commit);
    }
    // SQS would take the third for the first, were it not for the archive's version.
    expect(deliveries).to.deep.equal([`poll-v1-${two}`, `poll-v2-${one}`, `poll-v3-${two}`]);
  });

  it("delivers a branch that was moved back, though only webhooks told of the push before", async () => {
    const one = head("github/acme/storefront", "main");
    await poll();
    fetched("storefront", one);
    fetched("storefront", "d".repeat(40));
    expect((await poll()).enqueued).to.deep.equal([`storefront ${one}`]);
  });

  it("understands servers that speak earlier versions of the protocol", async () => {
    for (const version of ["0", "1"]) {
      forge.version = version;
      const commit = forge.commit("github/acme/storefront", "main", `version ${version}`);
      expect((await poll()).enqueued).to.include(`storefront ${commit}`);
    }
    expect(forge.requests.map(({ method }) => method)).to.deep.equal(Array(4).fill("GET"));
  });

  it("asks with the token of the forge, and keeps it to itself", async () => {
    const { logged } = await poll();
    const authorization = `Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString("base64")}`;
    const asked = forge.requests.map(({ method, url, headers }) => [`${method} ${url}`, headers.authorization]);
    expect(asked).to.have.deep.members([
      ["GET /forge/github/acme/storefront.git/info/refs?service=git-upload-pack", authorization],
      ["POST /forge/github/acme/storefront.git/git-upload-pack", authorization],
      ["GET /forge/gitlab/acme/shop/accounts.git/info/refs?service=git-upload-pack", undefined],
      ["POST /forge/gitlab/acme/shop/accounts.git/git-upload-pack", undefined],
    ]);
    expect(JSON.stringify([logged, bucket.objects])).not.to.include(TOKEN);
    expect(logged.map(({ message }) => message)).to.deep.equal(Array(3).fill("poll enqueued"));
  });

  it("serves the other repositories while one is down, and that one later", async () => {
    faults = { "GET /forge/github/": { status: 503 } };
    const down = await poll();
    expect(down.enqueued).to.deep.equal([`accounts ${head("gitlab/acme/shop/accounts", "main")}`]);
    expect(down.error).to.equal("acme/storefront at github cannot be polled: it returned 503 Service Unavailable");
    expect(states().map((state) => Object.keys(state))).to.deep.equal([["gitlab:acme/shop/accounts:main:accounts"]]);
    faults = {};
    const up = await poll();
    expect(up.error).to.equal(undefined);
    expect(up.enqueued.map((it) => it.split(" ")[0])).to.deep.equal(["basket", "storefront"]);
  });

  it("does not guess the address of a forge that it was given none of", async () => {
    const { github } = options.forges;
    const forges = github === undefined ? {} : { github };
    const other = startLambda({ text, options: { ...options, forges }, endpointUrl: endpoint.url });
    const { error, enqueued } = await poll(other).finally(other.close);
    expect(error).to.equal(
      "acme/shop/accounts at gitlab cannot be polled: no address is known for gitlab: every source must use a forge of slipway:forges",
    );
    expect(enqueued).to.have.length(2);
  });

  it("says which branch is in a repository that it cannot deliver", async () => {
    const body = `${packet(`${"c".repeat(64)} refs/heads/main\n`)}0000`;
    const headers = { "content-type": "application/x-git-upload-pack-result" };
    faults = { "POST /forge/gitlab/": { status: 200, headers, body } };
    const { error, enqueued } = await poll();
    expect(error).to.equal(
      "the head of branch main of acme/shop/accounts at gitlab is a SHA-256 commit: only SHA-1 repositories are supported",
    );
    expect(enqueued).to.have.length(2);
  });

  it("names every repository that failed", async () => {
    faults = { "GET /forge/": { status: 404 } };
    const { error, enqueued } = await poll();
    expect(enqueued).to.deep.equal([]);
    expect(error?.split("\n")).to.deep.equal([
      "acme/storefront at github cannot be polled: it returned 404: it was renamed or deleted, or the forge's token has expired or cannot read it",
      "acme/shop/accounts at gitlab cannot be polled: it returned 404: it is private, renamed or deleted; a private repository needs the forge's token in the configuration",
    ]);
    expect(bucket.objects[STATE]).to.equal(undefined);
  });

  it("remembers what was enqueued when something else could not be", async () => {
    endpoint.answers.SendMessage = (input) => {
      if (String(input.MessageBody).includes('"storefront"}'))
        throw awsFault("AccessDeniedException", "not authorized");
      return sent(input);
    };
    const refused = await poll();
    expect(refused.error).to.equal(
      "branch main of acme/storefront at github could not be enqueued for storefront: AccessDeniedException: not authorized",
    );
    expect(Object.keys(states()[0] ?? {})).to.deep.equal([
      "github:acme/storefront:feature/basket:basket",
      "gitlab:acme/shop/accounts:main:accounts",
    ]);
    endpoint.answers.SendMessage = sent;
    expect((await poll()).enqueued).to.deep.equal([`storefront ${head("github/acme/storefront", "main")}`]);
  });

  it("enqueues under the same deduplication ids what another poll of the same state has, or it could not remember", async () => {
    const ids = ({ inputs }: { inputs: Record<string, unknown>[] }) =>
      inputs.map((it) => it.MessageDeduplicationId).sort();
    const denied = "<Error><Code>AccessDenied</Code><Message>not authorized</Message></Error>";
    faults = { "PUT /source/poll/enqueued.json": { status: 403, body: denied } };
    const [one, two] = [await poll(), await poll()];
    expect(one.error).to.equal(
      "PutObject of s3://source/poll/enqueued.json: AccessDenied: not authorized; the next poll enqueues the same heads again, and no pipeline is started twice",
    );
    expect(ids(one)).to.have.length(3);
    expect(ids(two)).to.deep.equal(ids(one));
  });

  it("says which branch is gone, and remembers where it was", async () => {
    await poll();
    const main = head("github/acme/storefront", "main");
    forge.remove("github/acme/storefront", "main");
    const gone = await poll();
    expect([gone.error, gone.enqueued]).to.deep.equal([undefined, []]);
    expect(gone.logged).to.deep.equal([
      {
        level: "warn",
        message: "poll found no branch",
        forge: "github",
        repository: "acme/storefront",
        branch: "main",
        application: "storefront",
      },
    ]);
    forge.move("github/acme/storefront", "main", main);
    expect((await poll()).enqueued).to.deep.equal([]);
  });

  it("forgets a branch that is not tracked any more, and delivers it once when it is tracked again", async () => {
    await poll();
    const fewer = options.sources.filter(({ application }) => application !== "basket");
    const other = startLambda({ text, options: { ...options, sources: fewer }, endpointUrl: endpoint.url });
    const { error, enqueued } = await poll(other).finally(other.close);
    expect([error, enqueued]).to.deep.equal([undefined, []]);
    expect(Object.keys(states()[1] ?? {}).sort()).to.deep.equal([
      "github:acme/storefront:main:storefront",
      "gitlab:acme/shop/accounts:main:accounts",
    ]);
    const basket = head("github/acme/storefront", "feature/basket");
    expect((await poll()).deliveries).to.deep.equal([`poll-first-${basket}`]);
    expect((await poll()).enqueued).to.deep.equal([]);
  });

  it("says which archive it cannot look at, and serves the other repositories", async () => {
    const denied = { status: 403 };
    faults = { "HEAD /source/storefront/source.zip": denied };
    const { error, enqueued } = await poll();
    expect(error).to.match(
      /^acme\/storefront at github cannot be polled: HeadObject of s3:\/\/source\/storefront\/source\.zip: .*; the function's role needs s3:GetObject on it and s3:ListBucket on the bucket$/,
    );
    expect(enqueued).to.deep.equal([`accounts ${head("gitlab/acme/shop/accounts", "main")}`]);
  });

  it("delivers nothing when its state is not its own", async () => {
    bucket.objects[STATE] = [{ versionId: "version.1", body: Buffer.from("[]"), metadata: {} }];
    const { error, enqueued } = await poll();
    expect(error).to.match(
      /^s3:\/\/source\/poll\/enqueued\.json does not contain the commits by branch that the poll writes.*delete it/,
    );
    expect([enqueued, forge.requests, states()]).to.deep.equal([[], [], [[]]]);
  });

  it("delivers nothing when its state cannot be read, and says what it needs", async () => {
    const denied = "<Error><Code>AccessDenied</Code><Message>not authorized</Message></Error>";
    faults = { "GET /source/poll/enqueued.json": { status: 403, body: denied } };
    const { error, enqueued } = await poll();
    expect(error).to.equal(
      "GetObject of s3://source/poll/enqueued.json: AccessDenied: not authorized; the function's role needs s3:GetObject on it, and s3:ListBucket on the bucket while the object does not exist",
    );
    expect([enqueued, forge.requests]).to.deep.equal([[], []]);
  });
});
