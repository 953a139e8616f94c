import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { assert } from "chai";
import { createClock } from "../../../rehearsal/clock";
import { file } from "../../../rehearsal/forges/files";
import { type Forges, startForges } from "../../../rehearsal/forges/forges";
import { noCommit, type RefUpdate, type Repository } from "../../../rehearsal/forges/repository";

const secret = "It's a Secret to Everybody";
const url = "https://hooks.acme.example/webhooks/forge";
const began = Date.UTC(2026, 0, 2, 3, 4, 5);

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

describe("rehearsal: webhooks of forges", () => {
  const addresses = new Map<string, string>();
  const received: Received[] = [];
  let directory: string;
  let receiver: Server;
  let forges: Forges;

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "slipway-webhooks-"));
    receiver = createServer(async (request, response) => {
      received.push({ headers: request.headers, body: await text(request) });
      response.writeHead(202).end();
    });
    await once(receiver.listen(0, "127.0.0.1"), "listening");
    addresses.set("hooks.acme.example", `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`);
    forges = await startForges({ directory, addresses, clock: createClock(0, began) });
  });

  after(async () => {
    receiver.close();
    await forges.close();
    await rm(directory, { recursive: true });
  });

  beforeEach(() => {
    received.length = 0;
  });

  let counted = 0;

  /** A repository with one commit on main, and a webhook; nothing is delivered when it is added. */
  async function repositoryAt(site: string, signed?: boolean): Promise<{ repository: Repository; update: RefUpdate }> {
    counted += 1;
    const repository = await forges.createRepository(`acme/app${counted}`, site);
    const update = await repository.commit({ "README.md": file("1\n") }, "Begin");
    const webhook = { url, secret, contentType: "json" as const, ...(signed === undefined ? {} : { signed }) };
    assert.isUndefined(await forges.addWebhook(repository, webhook));
    assert.deepEqual(received, []);
    return { repository, update };
  }

  function last(): Received & { payload: Record<string, unknown> } {
    const request = received.at(-1);
    if (request === undefined) throw new Error("Nothing was delivered.");
    return { ...request, payload: JSON.parse(request.body) };
  }

  it("bring GitLab's secret itself, and name the event", async () => {
    const { repository, update } = await repositoryAt("gitlab.com");
    const [delivery] = await forges.push(repository, update);
    const { headers, payload } = last();
    assert.deepInclude(headers, {
      "content-type": "application/json",
      "x-gitlab-event": "Push Hook",
      "x-gitlab-event-uuid": delivery?.guid,
      "idempotency-key": delivery?.guid,
      "x-gitlab-instance": "https://gitlab.com",
      "x-gitlab-token": secret,
    });
    assert.deepInclude(payload, {
      object_kind: "push",
      ref: "refs/heads/main",
      before: noCommit,
      after: update.after,
      checkout_sha: update.after,
      total_commits_count: 1,
    });
    assert.deepInclude(payload.project, { path_with_namespace: repository.name, default_branch: "main" });
  });

  it("tell of GitLab's tags and deletions", async () => {
    const { repository, update } = await repositoryAt("gitlab.com");
    await forges.push(repository, await repository.move("refs/tags/v1", update.after));
    assert.deepEqual([last().headers["x-gitlab-event"], last().payload.object_kind], ["Tag Push Hook", "tag_push"]);
    await forges.push(repository, await repository.move("refs/heads/main", noCommit));
    assert.deepInclude(last().payload, { after: noCommit, checkout_sha: null, commits: [] });
  });

  it("are signed by Bitbucket, one delivery for all that a push moved", async () => {
    const { repository, update } = await repositoryAt("bitbucket.org");
    const tag = await repository.move("refs/tags/v1", update.after);
    await repository.move("refs/heads/old", update.after);
    const gone = await repository.move("refs/heads/old", noCommit);
    const [delivery] = await forges.push(repository, update, tag, gone);
    assert.equal(received.length, 1);
    const { headers, body, payload } = last();
    assert.deepInclude(headers, {
      "x-event-key": "repo:push",
      "x-request-uuid": delivery?.guid,
      "x-attempt-number": "1",
      "x-hub-signature": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
    });
    const { changes } = payload.push as { changes: Record<string, Record<string, unknown> | null>[] };
    assert.deepEqual(
      changes.map((change) => [
        change.new?.type,
        change.new?.name,
        (change.new?.target as { hash: string } | undefined)?.hash,
        change.old?.name,
        change.closed,
      ]),
      [
        ["branch", "main", update.after, undefined, false],
        ["tag", "v1", update.after, undefined, false],
        [undefined, undefined, undefined, "old", true],
      ],
    );
    assert.deepInclude(payload.repository, { full_name: repository.name });
  });

  const kinds: [kind: string, signed: boolean, token: string][] = [
    ["the password", false, secret],
    ["a signature of the time", true, createHmac("sha256", secret).update(`${began}\n${secret}`).digest("base64")],
  ];
  for (const [kind, signed, token] of kinds)
    it(`bring ${kind} where Gitee is set up so, in the body too`, async () => {
      const { repository, update } = await repositoryAt("gitee.com", signed);
      await forges.push(repository, update);
      const { headers, payload } = last();
      assert.deepInclude(headers, {
        "user-agent": "git-oschina-hook",
        "x-gitee-event": "Push Hook",
        "x-gitee-timestamp": String(began),
        "x-gitee-token": token,
      });
      assert.deepInclude(payload, {
        hook_name: "push_hooks",
        password: signed ? "" : secret,
        sign: signed ? token : "",
        timestamp: String(began),
        ref: "refs/heads/main",
        after: update.after,
        created: true,
        deleted: false,
      });
      assert.deepInclude(payload.repository, {
        path_with_namespace: repository.name,
        pushed_at: new Date(began).toISOString(),
      });
    });

  it("are GitHub's at an Enterprise Server, with its own addresses", async () => {
    const repository = await forges.createRepository("acme/ledger", "github.acme.example");
    const ping = await forges.addWebhook(repository, { url, secret, contentType: "json" });
    assert.deepEqual([ping?.event, ping?.site], ["ping", "github.acme.example"]);
    const update = await repository.commit({ "README.md": file("1\n") }, "Begin");
    await forges.push(repository, update);
    const { head_commit } = last().payload as { head_commit: { url: string } };
    assert.equal(head_commit.url, `https://github.acme.example/acme/ledger/commit/${update.after}`);
  });

  it("are sent again by the forge that sent them", async () => {
    const { repository, update } = await repositoryAt("bitbucket.org");
    const [delivery] = await forges.push(repository, update);
    if (delivery === undefined) throw new Error("Nothing was delivered.");
    await forges.redeliver(delivery);
    assert.deepInclude(last().headers, { "x-request-uuid": delivery.guid, "x-attempt-number": "2" });
  });
});
