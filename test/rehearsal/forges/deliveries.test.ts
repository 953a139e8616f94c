import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { assert } from "chai";
import { type Clock, createClock } from "../../../rehearsal/clock";
import { createDeliverer } from "../../../rehearsal/forges/deliveries";
import { type Forges, startForges } from "../../../rehearsal/forges/forges";
import { createGitHub } from "../../../rehearsal/forges/github";
import { noCommit, type Repository } from "../../../rehearsal/forges/repository";
import { commitVersion } from "../../../rehearsal/forges/storefront";
import type { Delivery } from "../../../rehearsal/forges/webhook";

const run = promisify(execFile);
const secret = "It's a Secret to Everybody";
const url = "https://hooks.acme.example/webhooks/github";

interface Received {
  method?: string;
  url?: string;
  headers: IncomingHttpHeaders;
  body: string;
}

describe("rehearsal: GitHub's deliveries", () => {
  const addresses = new Map<string, string>();
  const received: Received[] = [];
  const delivered: Delivery[] = [];
  let onDelivered: (() => void) | undefined;
  let directory: string;
  let receiver: Server;
  let clock: Clock;
  let forges: Forges;
  let repository: Repository;

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "slipway-deliveries-"));
    receiver = createServer(async (request, response) => {
      received.push({ method: request.method, url: request.url, headers: request.headers, body: await text(request) });
      response.writeHead(202, { "content-type": "application/json" }).end('{"message":"queued"}');
    });
    await once(receiver.listen(0, "127.0.0.1"), "listening");
    addresses.set("hooks.acme.example", `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`);
  });

  after(async () => {
    receiver.close();
    await rm(directory, { recursive: true });
  });

  beforeEach(async () => {
    clock = createClock(0, Date.UTC(2026, 0, 2, 3, 4, 5));
    forges = await startForges({
      directory: await mkdtemp(path.join(directory, "run-")),
      addresses,
      clock,
      onDelivery: (delivery) => {
        delivered.push(delivery);
        onDelivered?.();
      },
    });
    repository = await forges.createRepository("acme/storefront");
    await commitVersion(repository, "1.0.0");
    await forges.addWebhook(repository, { url, secret, contentType: "json" });
  });

  afterEach(async () => {
    received.length = 0;
    delivered.length = 0;
    await forges.close();
  });

  const last = () => {
    const request = received.at(-1);
    if (request === undefined) throw new Error("Nothing was delivered.");
    return request;
  };

  it("pings a webhook when it is added", async () => {
    assert.equal(received.length, 1);
    assert.equal(last().headers["x-github-event"], "ping");
    const payload = JSON.parse(last().body);
    assert.deepEqual(
      [payload.hook_id, payload.hook.config.url, payload.hook.events, payload.repository.full_name],
      [1, url, ["push"], "acme/storefront"],
    );
  });

  it("sends the headers that GitHub sends, and signs the body", async () => {
    await forges.push(repository, await commitVersion(repository, "2.0.0"));
    const { method, url: target, headers, body } = last();
    assert.deepEqual([method, target, headers.host], ["POST", "/webhooks/github", "hooks.acme.example"]);
    assert.deepInclude(headers, {
      accept: "*/*",
      "content-type": "application/json",
      "user-agent": "GitHub-Hookshot/044aadd",
      "x-github-event": "push",
      "x-github-hook-id": "1",
      "x-github-hook-installation-target-type": "repository",
      "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
    });
    assert.match(String(headers["x-github-delivery"]), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it("tells of a push to a branch in the shape of GitHub's example", async () => {
    const update = await commitVersion(repository, "2.0.0");
    await clock.turn(1500);
    await forges.push(repository, update);
    const payload = JSON.parse(last().body);
    assert.deepInclude(payload, {
      ref: "refs/heads/main",
      before: update.before,
      after: update.after,
      created: false,
      deleted: false,
      forced: false,
      pusher: { name: "acme", email: "rehearsal@acme.example" },
    });
    assert.deepInclude(payload.repository, {
      full_name: "acme/storefront",
      clone_url: "https://github.com/acme/storefront.git",
      default_branch: "main",
      pushed_at: Date.UTC(2026, 0, 2, 3, 4, 6) / 1000,
    });
    assert.deepInclude(payload.head_commit, {
      id: update.after,
      message: "Release 2.0.0",
      timestamp: "2026-01-02T03:04:05+00:00",
      modified: ["package.json"],
    });
    assert.deepEqual(payload.commits, [payload.head_commit]);
    assert.notMatch(last().body, /Codertocat|Octocoders|Hello-World/);
  });

  it("tells of new branches with slashes, tags, deletions and force pushes", async () => {
    const { before: root, after: head } = await commitVersion(repository, "2.0.0");
    const told = async (ref: string, commit: string) => {
      await forges.push(repository, await repository.move(ref, commit));
      const { created, deleted, forced, after, commits, head_commit } = JSON.parse(last().body);
      return {
        ref: JSON.parse(last().body).ref,
        created,
        deleted,
        forced,
        after,
        commits: commits.length,
        head: head_commit?.id,
      };
    };
    const nothing = { created: false, deleted: false, forced: false, commits: 0 };
    assert.deepEqual(await told("refs/heads/feature/x", head), {
      ...nothing,
      ref: "refs/heads/feature/x",
      created: true,
      after: head,
      commits: 1,
      head,
    });
    assert.deepEqual(await told("refs/tags/v2", head), {
      ...nothing,
      ref: "refs/tags/v2",
      created: true,
      after: head,
      head,
    });
    const gone = { ...nothing, deleted: true, after: noCommit, head: undefined };
    assert.deepEqual(await told("refs/heads/feature/x", noCommit), { ...gone, ref: "refs/heads/feature/x" });
    assert.deepEqual(await told("refs/tags/v2", noCommit), { ...gone, ref: "refs/tags/v2" });
    assert.deepEqual(await told("refs/heads/main", root), {
      ...nothing,
      ref: "refs/heads/main",
      forced: true,
      after: root,
      head: root,
    });
  });

  it("records a delivery with its answer, and delivers it again under the same GUID", async () => {
    const [delivery] = await forges.push(repository, await commitVersion(repository, "2.0.0"));
    if (delivery === undefined) throw new Error("No webhook took the push.");
    const first = last();
    assert.deepInclude(delivery, { id: 2, event: "push", redelivery: false, at: clock.now() });
    assert.deepEqual([delivery.answer?.status, delivery.answer?.body], [202, '{"message":"queued"}']);
    const again = await forges.redeliver(delivery);
    assert.deepInclude(again, { id: 3, guid: delivery.guid, redelivery: true });
    assert.equal(last().body, first.body);
    assert.equal(last().headers["x-github-delivery"], first.headers["x-github-delivery"]);
    assert.deepEqual(forges.deliveries, delivered);
  });

  it("writes a form where the webhook is left at GitHub's default content type", async () => {
    await forges.addWebhook(repository, { url, secret, contentType: "form" });
    assert.equal(last().headers["content-type"], "application/x-www-form-urlencoded");
    assert.equal(JSON.parse(new URLSearchParams(last().body).get("payload") ?? "").hook_id, 2);
  });

  it("delivers to the webhooks of the pushed repository alone", async () => {
    const other = await forges.createRepository("acme/handbook");
    const update = await other.commit({ "README.md": { mode: "100644", content: "Handbook\n" } }, "Begin");
    assert.deepEqual(await forges.push(other, update), []);
    assert.equal(received.length, 1);
  });

  it("delivers what somebody pushes by git", async () => {
    const clone = path.join(directory, "clone");
    const git = (...args: string[]) => run("git", args, { env: { PATH: process.env.PATH, HOME: directory } });
    await git("clone", "--quiet", `${forges.url}/acme/storefront.git`, clone);
    await git("-C", clone, "push", "--quiet", "origin", "HEAD:refs/heads/feature/y", "HEAD:refs/tags/v1");
    while (delivered.length < 3)
      await new Promise<void>((resolve) => {
        onDelivered = resolve;
      });
    const refs = received.slice(1).map((request) => JSON.parse(request.body).ref);
    assert.deepEqual(refs.sort(), ["refs/heads/feature/y", "refs/tags/v1"]);
  });

  it("makes a version and pushes it for who asks by HTTP", async () => {
    const answer = await fetch(`${forges.url}/acme/storefront/push?version=4.0.0`, { method: "POST" });
    const { commit, delivery, status } = (await answer.json()) as { commit: string; delivery: string; status: number };
    assert.deepEqual([answer.status, status], [200, 202]);
    assert.equal(delivery, forges.deliveries.at(-1)?.guid);
    assert.equal((await repository.refs()).get("refs/heads/main"), commit);
    assert.equal((await repository.describe(commit)).message, "Release 4.0.0");
  });

  it("lets no web page push, whatever host or origin it comes with", async () => {
    const head = (await repository.refs()).get("refs/heads/main");
    const { origin, pathname } = new URL(forges.url);
    const push = "/acme/storefront/push?version=4.0.0";
    const attempts: [path: string, headers: Record<string, string>][] = [
      [push, {}],
      [push, { "x-forwarded-host": "github.com" }],
      [push, { host: "evil.example" }],
      [push, { host: "evil.example", "x-forwarded-host": "github.com" }],
      [push, { host: "github.com", origin: "https://evil.example" }],
      [`${pathname}${push}`, { origin: "https://evil.example" }],
      [`${pathname}/acme/storefront.git/git-receive-pack`, { origin: "null" }],
    ];
    const statuses = attempts.map(
      ([target, headers]) =>
        new Promise((resolve, reject) => {
          const asked = httpRequest(`${origin}${target}`, { method: "POST", headers, agent: false }, (response) => {
            response.resume();
            resolve(response.statusCode);
          });
          asked.on("error", reject).end();
        }),
    );
    assert.deepEqual(await Promise.all(statuses), [403, 403, 421, 421, 403, 403, 403]);
    assert.equal((await repository.refs()).get("refs/heads/main"), head);
  });

  it("refuses a version that is none", async () => {
    const answer = await fetch(`${forges.url}/acme/storefront/push?version=four`, { method: "POST" });
    assert.equal(answer.status, 400);
    assert.deepEqual(await answer.json(), { message: 'version is "four": give three numbers, as in ?version=4.0.0' });
  });

  it("gives up after its limit, and says so in the record", async () => {
    const silent = createServer(() => undefined);
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const local = new Map([["hooks.acme.example", `http://127.0.0.1:${(silent.address() as AddressInfo).port}`]]);
    const deliverer = createDeliverer({ addresses: local, clock, limit: 20 });
    const hook = { id: 1, repository: "acme/storefront", url, secret, contentType: "json" as const };
    const delivery = await deliverer.deliver(createGitHub(clock), hook, { name: "ping", payload: {} });
    assert.equal(delivery.error, `${url} did not answer within 20 ms.`);
    assert.isUndefined(delivery.answer);
    silent.closeAllConnections();
    silent.close();
  });

  it("says which names it knows where a webhook's host is none of them", async () => {
    const hook = {
      id: 1,
      repository: "acme/storefront",
      url: "https://absent.example/",
      secret,
      contentType: "json" as const,
    };
    const deliverer = createDeliverer({ addresses: new Map([["github.com", "http://127.0.0.1:1"]]), clock });
    const delivery = await deliverer.deliver(createGitHub(clock), hook, { name: "ping", payload: {} });
    assert.equal(delivery.error, "absent.example cannot be resolved: the account knows github.com.");
  });
});
