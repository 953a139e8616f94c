import { assert } from "chai";
import { about, openPulls, overlay, type Pulls, places, refusal } from "./pullsSupport";

for (const place of places)
  describe(`rehearsal: pull requests at ${place.site}`, () => {
    const { site, api } = place;
    let pulls: Pulls;

    beforeEach(async () => {
      pulls = await openPulls(place);
    });
    afterEach(() => pulls.close());

    it("are opened for a pushed branch, once", async () => {
      await pulls.commitOverlay("one", "v1");
      await pulls.pushBranch("one");
      const { status, data } = await pulls.open("acme:one");
      const head = (await pulls.repository.refs()).get("refs/heads/one");
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
      assert.deepEqual(await refusal(pulls.open("one")), [422, "Validation Failed", [exists]]);
      assert.lengthOf(pulls.forges.pullRequests(pulls.repository), 1);
    });

    it("are refused where there is nothing to merge, or no such branch", async () => {
      const main = (await pulls.repository.refs()).get("refs/heads/main") ?? "";
      await pulls.repository.move("refs/heads/same", main);
      const error = (more: object) => [422, "Validation Failed", [{ resource: "PullRequest", ...more }]];
      const none = error({ code: "custom", message: "No commits between main and same" });
      assert.deepEqual(await refusal(pulls.open("same")), none);
      assert.deepEqual(await refusal(pulls.open("gone")), error({ code: "invalid", field: "head" }));
      assert.deepEqual(await refusal(pulls.open("other:same")), error({ code: "invalid", field: "head" }));
      assert.deepEqual(await refusal(pulls.open("same", { base: "gone" })), error({ code: "invalid", field: "base" }));
      assert.deepEqual(
        await refusal(pulls.open("same", { title: "" })),
        error({ code: "missing_field", field: "title" }),
      );
      const nameless = [422, `Invalid request.\n\n"head" wasn't supplied.`, undefined];
      assert.deepEqual(await refusal(pulls.open("")), nameless);
      assert.deepEqual(pulls.forges.pullRequests(pulls.repository), []);
    });

    it("are seen and written by those alone who bring the token", async () => {
      await pulls.opened("one");
      const read = (auth: string) => pulls.octokit(auth).request("GET /repos/{owner}/{repo}/pulls", about);
      assert.deepEqual(await refusal(read("")), [404, "Not Found", undefined]);
      assert.deepEqual(await refusal(read("another")), [401, "Bad credentials", undefined]);
      pulls.forges.protect(pulls.repository, undefined);
      assert.lengthOf((await read("")).data, 1);
      assert.deepEqual(await refusal(pulls.open("one")), [401, "Requires authentication", undefined]);
    });

    it("are listed by state, head and base, the newest first, in pages", async () => {
      for (const branch of ["one", "two", "three"]) await pulls.opened(branch);
      const change = "PATCH /repos/{owner}/{repo}/pulls/{pull_number}";
      await pulls.octokit().request(change, { ...about, pull_number: 2, state: "closed" });
      const list = async (query: object) => {
        const { data, headers } = await pulls
          .octokit()
          .request("GET /repos/{owner}/{repo}/pulls", { ...about, ...query });
        return [data.map((it) => it.number), headers.link];
      };
      assert.deepEqual(await list({}), [[3, 1], undefined]);
      assert.deepEqual(await list({ state: "closed" }), [[2], undefined]);
      assert.deepEqual(await list({ state: "all", direction: "asc" }), [[1, 2, 3], undefined]);
      assert.deepEqual(await list({ head: "acme:three" }), [[3], undefined]);
      assert.deepEqual(await list({ head: "acme:two" }), [[], undefined]);
      assert.deepEqual(await list({ base: "other" }), [[], undefined]);
      await pulls.clock.turn(1_000);
      await pulls.octokit().request(change, { ...about, pull_number: 1, title: "once more" });
      assert.deepEqual(await list({ state: "all", sort: "updated" }), [[1, 3, 2], undefined]);
      assert.deepEqual(await list({ state: "all", sort: "updated", direction: "asc" }), [[2, 3, 1], undefined]);
      const at = (page: number) => `${api}/repos/acme/gitops/pulls?state=all&per_page=2&page=${page}`;
      const first = `<${at(2)}>; rel="next", <${at(2)}>; rel="last"`;
      assert.deepEqual(await list({ state: "all", per_page: 2, page: 1 }), [[3, 2], first]);
      const second = `<${at(1)}>; rel="prev", <${at(1)}>; rel="first"`;
      assert.deepEqual(await list({ state: "all", per_page: 2, page: 2 }), [[1], second]);
    });

    it("are shown with their diff", async () => {
      const pull_number = await pulls.opened("one", "v1");
      const show = "GET /repos/{owner}/{repo}/pulls/{pull_number}";
      const { data } = await pulls.octokit().request(show, { ...about, pull_number, mediaType: { format: "diff" } });
      const lines = String(data).split("\n");
      assert.equal(lines[0], `diff --git a/${overlay} b/${overlay}`);
      assert.deepEqual(
        lines.filter((line) => /^[+-] /.test(line)),
        ["-    newTag: 0b5ee1f6d44bb0a1a2b0d6f6e8b6de6a2a0a4a11", "+    newTag: v1"],
      );
      assert.deepEqual(await refusal(pulls.octokit().request(show, { ...about, pull_number: 7 })), [
        404,
        "Not Found",
        undefined,
      ]);
    });

    it("take reviewers, labels and comments", async () => {
      const pull_number = await pulls.opened("one");
      const ask = (more: object) =>
        pulls.octokit().request("POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", {
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
      await pulls.octokit().request(labels, { ...issue, labels: ["delivery"] });
      const labelled = await pulls.octokit().request(labels, { ...issue, labels: ["delivery", "dev"] });
      assert.deepEqual([labelled.status, labelled.data.map((it) => it.name)], [200, ["delivery", "dev"]]);

      const comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments" as const;
      const said = await pulls.octokit().request(`POST ${comments}`, { ...issue, body: "superseded by #2" });
      assert.deepEqual([said.status, said.data.html_url], [201, `https://${site}/acme/gitops/pull/1#issuecomment-1`]);
      assert.equal((await refusal(pulls.octokit().request(`POST ${comments}`, { ...issue, body: "" })))[0], 422);
      const { data: all } = await pulls.octokit().request(`GET ${comments}`, issue);
      assert.deepEqual(
        all.map(({ body, user }) => [body, user?.login]),
        [["superseded by #2", "acme"]],
      );
      const [kept] = pulls.forges.pullRequests(pulls.repository);
      assert.deepEqual([kept?.reviewers, kept?.labels], [["octocat"], ["delivery", "dev"]]);
    });

    it("are closed, make room for another one of the branch, and are not opened again beside it", async () => {
      const pull_number = await pulls.opened("one");
      const change = (more: object) =>
        pulls.octokit().request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", { ...about, pull_number, ...more });
      const closed = await change({ state: "closed", title: "too late" });
      assert.deepEqual([closed.data.state, closed.data.title], ["closed", "too late"]);
      assert.equal((await change({ state: "open" })).data.state, "open");
      await change({ state: "closed" });
      assert.equal((await pulls.open("one")).data.number, 2);
      const message = "state cannot be changed. There is already an open pull request from acme:one to acme:main.";
      const refused = [
        422,
        "Validation Failed",
        [{ resource: "PullRequest", code: "invalid", field: "state", message }],
      ];
      assert.deepEqual(await refusal(change({ state: "open" })), refused);
    });
  });
