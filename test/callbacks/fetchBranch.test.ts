import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { expect } from "chai";
import { zipball } from "./archive";
import type { PlainAnswer } from "./endpoint";
import { createFetchWorld, DEAD_LETTERS, type FetchWorld, GROUP, message, QUEUE, TOPIC } from "./fetchSupport";
import { createForge, type GitForge } from "./gitForge";

const REPOSITORY = "github/acme/storefront";
const BRANCH = "feature/basket";
const none = { batchItemFailures: [] };
const again = { batchItemFailures: [{ itemIdentifier: "m1" }] };

/** Fetch, and a repository with a branch of four commits at a forge that serves the commits of forks, too. */
describe("fetch callback, serialised, and the branch of a push", () => {
  let world: FetchWorld;
  let forge: GitForge;
  let commits: [string, string, string, string];
  let fork: string;
  let published: Record<string, string>[];
  let denied: boolean;

  function publish(form: string): PlainAnswer {
    if (denied) {
      const error = "<Code>AuthorizationError</Code><Message>not authorized to perform: SNS:Publish</Message>";
      return { status: 403, body: `<ErrorResponse><Error><Type>Sender</Type>${error}</Error></ErrorResponse>` };
    }
    const { Action: _, Version: __, ...notice } = Object.fromEntries(new URLSearchParams(form));
    published.push(notice);
    return {
      status: 200,
      body: "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>",
    };
  }

  before(async () => {
    world = await createFetchWorld((url) => ({ github: { url: `${url}/forge/github` } }));
    const archive: PlainAnswer = { status: 200, body: await zipball({ "README.md": "# storefront\n" }) };
    const { plain } = world.endpoint;
    world.forge = () => archive;
    world.endpoint.plain = (request) => {
      if (request.url === "/") {
        return publish(request.body.toString());
      }
      return /\/(info\/refs|git-upload-pack)/.test(request.url) ? forge.answer(request) : plain(request);
    };
  });
  beforeEach(() => {
    world.reset();
    published = [];
    denied = false;
    forge = createForge();
    const commit = (text: string) => forge.commit(REPOSITORY, BRANCH, text, BRANCH);
    commits = [commit("1"), commit("2"), commit("3"), commit("4")];
    fork = forge.commit(REPOSITORY, "fork", "not ours", BRANCH);
  });
  afterEach(() => rmSync(forge.directory, { recursive: true }));
  after(() => world.close());

  const stored = () => (world.bucket.objects["source/storefront/source.zip"] ?? []).map((it) => it.metadata.commit);
  const push = (index: 0 | 1 | 2 | 3, change = {}) =>
    world.deliver({ commit: commits[index], ...(index > 0 && { before: String(commits[index - 1]) }), ...change });

  it("delivers pushes in their order, though the branch is further already", async () => {
    for (const index of [0, 1, 2, 3] as const) {
      expect((await push(index)).value).to.deep.equal(none);
    }
    expect(stored()).to.deep.equal(commits);
  });

  it("does not let an older push win when webhooks arrive in the wrong order, be they two or three", async () => {
    for (const order of [
      [0, 3, 2],
      [0, 3, 1, 2],
      [0, 2, 1, 3],
    ] as const) {
      world.reset();
      for (const index of order) {
        expect((await push(index)).value).to.deep.equal(none);
      }
      expect(stored().at(-1)).to.equal(commits[3]);
      expect(stored()).to.have.length(order[1] === 3 ? 2 : 3);
    }
  });

  it("leaves a later push in place when an earlier one is delivered again, whatever its date", async () => {
    await push(3);
    const { value, logged } = await push(1, { pushedAt: "2026-01-05T23:00:00.000Z", delivery: "another" });
    expect(value).to.deep.equal(none);
    expect(logged.map((line) => [line.message, line.reason])).to.deep.equal([
      ["fetch skipped", `commit ${commits[3]} was pushed on top of it`],
    ]);
    expect(stored()).to.deep.equal([commits[3]]);
  });

  it("delivers an older commit again that the branch was moved back to", async () => {
    await push(3);
    forge.move(REPOSITORY, BRANCH, commits[1]);
    await world.deliver({ commit: commits[1], before: commits[3] });
    expect(stored()).to.deep.equal([commits[3], commits[1]]);
  });

  it("does not deliver a fork's commit under the repository's name: it gives it up, says so, and delivers the head", async () => {
    for (const receives of [1, 2]) {
      const { value, logged } = await world.deliver({ commit: fork }, { receives });
      expect(value).to.deep.equal(again);
      expect(logged.map((line) => line.cause)).to.deep.equal([`branch ${BRANCH} does not contain commit ${fork}`]);
    }
    expect(world.calls("SendMessage")).to.deep.equal([]);
    const { value, logged } = await world.deliver({ commit: fork }, { receives: 3 });
    expect(value).to.deep.equal(none);
    expect(logged).to.deep.equal([
      {
        level: "warn",
        message: "fetch refused",
        application: "storefront",
        branch: BRANCH,
        commit: fork,
        delivery: message.delivery,
        reason: `branch ${BRANCH} does not contain commit ${fork}`,
        head: commits[3],
      },
    ]);
    const [sent, ...others] = world.calls("SendMessage") as Record<string, string>[];
    const { pushedAt: _, ...head } = JSON.parse(sent?.MessageBody ?? "{}");
    expect(others).to.deep.equal([]);
    expect([sent?.QueueUrl, sent?.MessageGroupId]).to.deep.equal([QUEUE, GROUP]);
    const { pushedAt: __, ...original } = message;
    expect(head).to.deep.equal({ ...original, commit: commits[3], delivery: `head-of-${message.delivery}` });
    expect(sent?.MessageDeduplicationId).to.equal(
      createHash("sha256").update(`head-of-${message.delivery}${commits[3]}storefront`).digest("hex"),
    );
    expect(published).to.deep.equal([
      {
        TopicArn: TOPIC,
        Subject: `storefront in dev: ${fork.slice(0, 7)} not delivered`,
        Message: [
          `storefront in dev: ${fork.slice(0, 7)} not delivered`,
          "",
          `In acme/storefront on github, branch ${BRANCH} does not contain commit ${fork}. The branch's head ${commits[3]} is delivered instead.`,
          "The branch was reset to another commit, or the webhook named a commit of another branch or of a fork.",
          "",
          `Delivery ID: ${message.delivery}`,
        ].join("\n"),
      },
    ]);
    expect(stored()).to.deep.equal([]);
  });

  it("delivers a push that the forge shows only a moment later", async () => {
    forge.move(REPOSITORY, BRANCH, commits[2]);
    expect((await push(3)).value).to.deep.equal(again);
    forge.move(REPOSITORY, BRANCH, commits[3]);
    expect((await world.deliver({ commit: commits[3] }, { receives: 2 })).value).to.deep.equal(none);
    expect(stored()).to.deep.equal([commits[3]]);
  });

  it("gives up the push of a branch that is gone, and enqueues nothing in its place", async () => {
    forge.remove(REPOSITORY, BRANCH);
    const { value } = await world.deliver({ commit: commits[3] }, { receives: 3 });
    expect(value).to.deep.equal(none);
    expect(world.calls("SendMessage")).to.deep.equal([]);
    expect(published.map(({ Message }) => Message?.split("\n")[2])).to.deep.equal([
      `In acme/storefront on github, branch ${BRANCH} does not contain commit ${commits[3]}. There is no such branch.`,
    ]);
  });

  it("does not lose a push whose notice cannot be sent", async () => {
    denied = true;
    const { value } = await world.deliver({ commit: fork }, { receives: 3 });
    expect(value).to.deep.equal(none);
    expect((world.calls("SendMessage") as { QueueUrl: string }[]).map(({ QueueUrl }) => QueueUrl)).to.deep.equal([
      QUEUE,
      DEAD_LETTERS,
    ]);
  });
});
