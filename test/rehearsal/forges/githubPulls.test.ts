import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { devNull, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { Octokit } from "@octokit/core";
import { assert } from "chai";
import { createClock } from "../../../rehearsal/clock";
import { enterpriseHost, type Forges, startForges } from "../../../rehearsal/forges/forges";
import { commitNote, gitops, importGitops, requireBase } from "../../../rehearsal/forges/gitops";
import type { Repository } from "../../../rehearsal/forges/repository";
import { fetchByName } from "../byName";

const run = promisify(execFile);
const token = "token-of-acme";
const began = Date.UTC(2026, 0, 2, 3, 4, 5);
const overlay = "kustomize/storefront/overlays/dev/kustomization.yaml";
const [owner, repo] = ["acme", "gitops"];
const about = { owner, repo };

interface HttpError {
  status: number;
  response: { data: { message: string; errors?: unknown[] } };
}

/** How a request was refused. */
const refusal = (asked: Promise<unknown>) =>
  asked.then(
    () => assert.fail("It was not refused."),
    ({ status, response: { data } }: HttpError) => [status, data.message, data.errors],
  );

/** Two sites, the same behaviour: by octokit and by git, as a program of a user's would ask. */
const places = [
  { site: "github.com", api: "https://api.github.com" },
  { site: enterpriseHost, api: `https://${enterpriseHost}/api/v3` },
];

for (const { site, api } of places)
  describe(`rehearsal: pull requests at ${site}`, () => {
    const addresses = new Map<string, string>();
    const clock = createClock(0, began);
    let directory: string;
    let forges: Forges;
    let repository: Repository;
    let clone: string;

    beforeEach(async () => {
      directory = await mkdtemp(path.join(tmpdir(), "slipway-pulls-"));
      forges = await startForges({ directory, addresses, clock, onFault: (error) => assert.fail(error.message) });
      repository = await forges.createRepository(gitops, site);
      await importGitops(repository);
      forges.protect(repository, token);
      clone = path.join(directory, "clone");
    });

    afterEach(async () => {
      await forges.close();
      await rm(directory, { recursive: true });
    });

    const octokit = (auth: string | undefined = token) =>
      new Octokit({
        ...(auth === "" ? {} : { auth }),
        baseUrl: api,
        log: { debug() {}, info() {}, warn() {}, error() {} },
        request: {
          fetch: (address: string, init: { method: string; headers: Record<string, string>; body?: string }) =>
            fetchByName(addresses, address, init),
        },
      });

    /** git as the task runs it: the token comes from a program that it asks. */
    async function git(...args: string[]): Promise<string> {
      const askpass = path.join(directory, "askpass");
      await writeFile(askpass, '#!/bin/sh\necho "$TOKEN"\n');
      await chmod(askpass, 0o755);
      const configuration = [
        ...["-c", `url.${addresses.get(site)}/.insteadOf=https://${site}/`],
        ...["-c", `http.extraHeader=Host: ${site}`],
        ...["-c", "user.name=slipway", "-c", "user.email=slipway@acme.example"],
      ];
      const { stdout } = await run("git", [...configuration, ...args], {
        env: {
          ...{ PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: devNull, LC_ALL: "C" },
          ...{ GIT_TERMINAL_PROMPT: "0", GIT_ASKPASS: askpass, TOKEN: token },
        },
      });
      return stdout;
    }

    /** A shallow, sparse clone without blobs, and a commit of the overlay. */
    async function commitOverlay(branch: string, tag: string): Promise<void> {
      await rm(clone, { recursive: true, force: true });
      await git("clone", "--quiet", "--depth=1", "--filter=blob:none", "--sparse", `https://${site}/${gitops}`, clone);
      await git("-C", clone, "sparse-checkout", "set", "kustomize/storefront");
      const file = path.join(clone, overlay);
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace(/newTag: .*/, `newTag: ${tag}`));
      await git("-C", clone, "checkout", "--quiet", "-b", branch);
      await git("-C", clone, "commit", "--quiet", "--all", "--signoff", "--message", `storefront dev: ${tag}`);
    }
    const pushBranch = (branch: string) => git("-C", clone, "push", "--quiet", "origin", branch);
    const open = (head: string, more: object = {}) =>
      octokit().request("POST /repos/{owner}/{repo}/pulls", {
        ...{ ...about, head, base: "main", title: `storefront: ${head}`, body: "built by CI", ...more },
      });
    async function opened(branch: string, tag = branch): Promise<number> {
      await commitOverlay(branch, tag);
      await pushBranch(branch);
      return (await open(branch)).data.number;
    }

    it("are opened for a pushed branch, once", async () => {
      await commitOverlay("one", "v1");
      await pushBranch("one");
      const { status, data } = await open("acme:one");
      const head = (await repository.refs()).get("refs/heads/one");
      assert.deepInclude(data, {
        number: 1,
        html_url: `https://${site}/acme/gitops/pull/1`,
        url: `${api}/repos/acme/gitops/pulls/1`,
        state: "open",
        title: "storefront: acme:one",
        body: "built by CI",
        created_at: "2026-01-02T03:04:05.000Z",
        closed_at: null,
        merged: false,
      });
      assert.deepEqual([status, data.head.ref, data.head.sha, data.base.ref], [201, "one", head, "main"]);
      const exists = {
        resource: "PullRequest",
        code: "custom",
        message: "A pull request already exists for acme:one.",
      };
      assert.deepEqual(await refusal(open("one")), [422, "Validation Failed", [exists]]);
      assert.lengthOf(forges.pullRequests(repository), 1);
    });

    it("are refused where there is nothing to merge, or no such branch", async () => {
      const main = (await repository.refs()).get("refs/heads/main") ?? "";
      await repository.move("refs/heads/same", main);
      const error = (more: object) => [422, "Validation Failed", [{ resource: "PullRequest", ...more }]];
      const none = error({ code: "custom", message: "No commits between main and same" });
      assert.deepEqual(await refusal(open("same")), none);
      assert.deepEqual(await refusal(open("gone")), error({ code: "invalid", field: "head" }));
      assert.deepEqual(await refusal(open("other:same")), error({ code: "invalid", field: "head" }));
      assert.deepEqual(await refusal(open("same", { base: "gone" })), error({ code: "invalid", field: "base" }));
      assert.deepEqual(await refusal(open("same", { title: "" })), error({ code: "missing_field", field: "title" }));
      const nameless = [422, `Invalid request.\n\n"head" wasn't supplied.`, undefined];
      assert.deepEqual(await refusal(open("")), nameless);
      assert.deepEqual(forges.pullRequests(repository), []);
    });

    it("are seen and written by those alone who bring the token", async () => {
      await opened("one");
      const read = (auth: string) => octokit(auth).request("GET /repos/{owner}/{repo}/pulls", about);
      assert.deepEqual(await refusal(read("")), [404, "Not Found", undefined]);
      assert.deepEqual(await refusal(read("another")), [401, "Bad credentials", undefined]);
      forges.protect(repository, undefined);
      assert.lengthOf((await read("")).data, 1);
      assert.deepEqual(await refusal(open("one")), [401, "Requires authentication", undefined]);
    });

    it("are listed by state, head and base, the newest first, in pages", async () => {
      for (const branch of ["one", "two", "three"]) await opened(branch);
      const change = "PATCH /repos/{owner}/{repo}/pulls/{pull_number}";
      await octokit().request(change, { ...about, pull_number: 2, state: "closed" });
      const list = async (query: object) => {
        const { data, headers } = await octokit().request("GET /repos/{owner}/{repo}/pulls", { ...about, ...query });
        return [data.map((it) => it.number), headers.link];
      };
      assert.deepEqual(await list({}), [[3, 1], undefined]);
      assert.deepEqual(await list({ state: "closed" }), [[2], undefined]);
      assert.deepEqual(await list({ state: "all", direction: "asc" }), [[1, 2, 3], undefined]);
      assert.deepEqual(await list({ head: "acme:three" }), [[3], undefined]);
      assert.deepEqual(await list({ head: "acme:two" }), [[], undefined]);
      assert.deepEqual(await list({ base: "other" }), [[], undefined]);
      await clock.turn(1_000);
      await octokit().request(change, { ...about, pull_number: 1, title: "once more" });
      assert.deepEqual(await list({ state: "all", sort: "updated" }), [[1, 3, 2], undefined]);
      assert.deepEqual(await list({ state: "all", sort: "updated", direction: "asc" }), [[2, 3, 1], undefined]);
      const at = (page: number) => `${api}/repos/acme/gitops/pulls?state=all&per_page=2&page=${page}`;
      const first = `<${at(2)}>; rel="next", <${at(2)}>; rel="last"`;
      assert.deepEqual(await list({ state: "all", per_page: 2, page: 1 }), [[3, 2], first]);
      const second = `<${at(1)}>; rel="prev", <${at(1)}>; rel="first"`;
      assert.deepEqual(await list({ state: "all", per_page: 2, page: 2 }), [[1], second]);
    });

    it("are shown with their diff", async () => {
      const pull_number = await opened("one", "v1");
      const show = "GET /repos/{owner}/{repo}/pulls/{pull_number}";
      const { data } = await octokit().request(show, { ...about, pull_number, mediaType: { format: "diff" } });
      const lines = String(data).split("\n");
      assert.equal(lines[0], `diff --git a/${overlay} b/${overlay}`);
      assert.deepEqual(
        lines.filter((line) => /^[+-] /.test(line)),
        ["-    newTag: 0b5ee1f6d44bb0a1a2b0d6f6e8b6de6a2a0a4a11", "+    newTag: v1"],
      );
      assert.deepEqual(await refusal(octokit().request(show, { ...about, pull_number: 7 })), [
        404,
        "Not Found",
        undefined,
      ]);
    });

    it("take reviewers, labels and comments", async () => {
      const pull_number = await opened("one");
      const ask = (more: object) =>
        octokit().request("POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", {
          ...{ ...about, pull_number, ...more },
        });
      const { status, data } = await ask({ reviewers: ["octocat"], team_reviewers: ["platform"] });
      assert.deepEqual(
        [status, data.requested_reviewers?.map((it) => it.login), data.requested_teams?.map((it) => it.slug)],
        [201, ["octocat"], ["platform"]],
      );
      const [code, message] = await refusal(ask({ reviewers: ["nobody"] }));
      assert.deepEqual(
        [code, String(message).split(".")[0]],
        [422, "Reviews may only be requested from collaborators"],
      );
      assert.equal(
        (await refusal(ask({ reviewers: ["acme"] })))[1],
        "Review cannot be requested from pull request author.",
      );

      const issue = { ...about, issue_number: pull_number };
      const labels = "POST /repos/{owner}/{repo}/issues/{issue_number}/labels";
      await octokit().request(labels, { ...issue, labels: ["delivery"] });
      const labelled = await octokit().request(labels, { ...issue, labels: ["delivery", "dev"] });
      assert.deepEqual([labelled.status, labelled.data.map((it) => it.name)], [200, ["delivery", "dev"]]);

      const comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments" as const;
      const said = await octokit().request(`POST ${comments}`, { ...issue, body: "superseded by #2" });
      assert.deepEqual([said.status, said.data.html_url], [201, `https://${site}/acme/gitops/pull/1#issuecomment-1`]);
      assert.equal((await refusal(octokit().request(`POST ${comments}`, { ...issue, body: "" })))[0], 422);
      const { data: all } = await octokit().request(`GET ${comments}`, issue);
      assert.deepEqual(
        all.map(({ body, user }) => [body, user?.login]),
        [["superseded by #2", "acme"]],
      );
      const [kept] = forges.pullRequests(repository);
      assert.deepEqual([kept?.reviewers, kept?.labels], [["octocat"], ["delivery", "dev"]]);
    });

    it("are closed, make room for another one of the branch, and are not opened again beside it", async () => {
      const pull_number = await opened("one");
      const change = (more: object) =>
        octokit().request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", { ...about, pull_number, ...more });
      const closed = await change({ state: "closed", title: "too late" });
      assert.deepEqual([closed.data.state, closed.data.title], ["closed", "too late"]);
      assert.equal((await change({ state: "open" })).data.state, "open");
      await change({ state: "closed" });
      assert.equal((await open("one")).data.number, 2);
      const message = "state cannot be changed. There is already an open pull request from acme:one to acme:main.";
      const refused = [
        422,
        "Validation Failed",
        [{ resource: "PullRequest", code: "invalid", field: "state", message }],
      ];
      assert.deepEqual(await refusal(change({ state: "open" })), refused);
    });

    it("follow their branch, and end with it", async () => {
      const pull_number = await opened("one");
      await writeFile(path.join(clone, "kustomize/storefront/NOTES"), "more\n");
      await git("-C", clone, "add", "--all");
      await git("-C", clone, "commit", "--quiet", "--message", "more");
      await pushBranch("one");
      const [pullRequest] = forges.pullRequests(repository);
      assert.equal(pullRequest?.head.commit, (await git("-C", clone, "rev-parse", "HEAD")).trim());
      await git("-C", clone, "push", "--quiet", "origin", ":one");
      assert.deepEqual([pull_number, pullRequest?.state, pullRequest?.mergedAt], [1, "closed", undefined]);
    });

    it("are merged into a base that has moved on, which their diff outlives", async () => {
      await opened("one", "v1");
      await commitNote(repository, "weather");
      const [pullRequest] = forges.pullRequests(repository);
      assert.isDefined(pullRequest);
      await forges.merge(repository, pullRequest);
      assert.deepEqual([pullRequest.state, pullRequest.mergedAt], ["closed", clock.now()]);
      await git("clone", "--quiet", `https://${site}/${gitops}`, path.join(directory, "merged"));
      assert.match(await readFile(path.join(directory, "merged", overlay), "utf8"), /^ {4}newTag: v1$/m);
      assert.equal(await readFile(path.join(directory, "merged/notes/weather.md"), "utf8"), "weather\n");
      assert.include(await repository.diff(pullRequest.base.commit, pullRequest.head.commit), "+    newTag: v1\n");
    });

    it("wait for a push that the base's head is missing in, where a hook asks for it", async () => {
      await requireBase(repository);
      await commitOverlay("one", "v1");
      forges.beforePush(repository, async () => forges.push(repository, await commitNote(repository, "moved")));
      const complaint = await pushBranch("one").then(
        () => assert.fail("The push was not refused."),
        (error: { stderr: string }) => error.stderr,
      );
      assert.include(complaint, "remote: one does not contain the head of main: rebase it");
      assert.include(complaint, "! [remote rejected] one -> one (pre-receive hook declined)");
      assert.isFalse((await repository.refs()).has("refs/heads/one"));
      await commitOverlay("one", "v1");
      await pushBranch("one");
      assert.isTrue((await repository.refs()).has("refs/heads/one"));
    });

    it("cannot be asked for while the API is down, though git answers", async () => {
      await commitOverlay("one", "v1");
      forges.fault = { kind: "apiDown", requests: 2 };
      await pushBranch("one");
      assert.equal((await refusal(open("one")))[0], 503);
      assert.equal((await refusal(open("one")))[0], 503);
      assert.equal((await open("one")).status, 201);
    });
  });
