import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { assert } from "chai";
import { commitNote, gitops, requireBase } from "../../../rehearsal/forges/gitops";
import { openPulls, overlay, type Pulls, places, refusal } from "./pullsSupport";

for (const place of places)
  describe(`rehearsal: branches of pull requests at ${place.site}`, () => {
    const { site } = place;
    let pulls: Pulls;

    beforeEach(async () => {
      pulls = await openPulls(place);
    });
    afterEach(() => pulls.close());

    it("follow their branch, and end with it", async () => {
      const pull_number = await pulls.opened("one");
      await writeFile(path.join(pulls.clone, "kustomize/storefront/NOTES"), "more\n");
      await pulls.git("-C", pulls.clone, "add", "--all");
      await pulls.git("-C", pulls.clone, "commit", "--quiet", "--message", "more");
      await pulls.pushBranch("one");
      const [pullRequest] = pulls.forges.pullRequests(pulls.repository);
      assert.equal(pullRequest?.head.commit, (await pulls.git("-C", pulls.clone, "rev-parse", "HEAD")).trim());
      await pulls.git("-C", pulls.clone, "push", "--quiet", "origin", ":one");
      assert.deepEqual([pull_number, pullRequest?.state, pullRequest?.mergedAt], [1, "closed", undefined]);
    });

    it("are merged into a base that has moved on, which their diff outlives", async () => {
      await pulls.opened("one", "v1");
      await commitNote(pulls.repository, "weather");
      const [pullRequest] = pulls.forges.pullRequests(pulls.repository);
      assert.isDefined(pullRequest);
      await pulls.forges.merge(pulls.repository, pullRequest);
      assert.deepEqual([pullRequest.state, pullRequest.mergedAt], ["closed", pulls.clock.now()]);
      await pulls.git("clone", "--quiet", `https://${site}/${gitops}`, path.join(pulls.directory, "merged"));
      assert.match(await readFile(path.join(pulls.directory, "merged", overlay), "utf8"), /^ {4}newTag: v1$/m);
      assert.equal(await readFile(path.join(pulls.directory, "merged/notes/weather.md"), "utf8"), "weather\n");
      assert.include(
        await pulls.repository.diff(pullRequest.base.commit, pullRequest.head.commit),
        "+    newTag: v1\n",
      );
    });

    it("wait for a push that the base's head is missing in, where a hook asks for it", async () => {
      await requireBase(pulls.repository);
      await pulls.commitOverlay("one", "v1");
      pulls.forges.beforePush(pulls.repository, async () =>
        pulls.forges.push(pulls.repository, await commitNote(pulls.repository, "moved")),
      );
      const complaint = await pulls.pushBranch("one").then(
        () => assert.fail("The push was not refused."),
        (error: { stderr: string }) => error.stderr,
      );
      assert.include(complaint, "remote: one does not contain the head of main: rebase it");
      assert.include(complaint, "! [remote rejected] one -> one (pre-receive hook declined)");
      assert.isFalse((await pulls.repository.refs()).has("refs/heads/one"));
      await pulls.commitOverlay("one", "v1");
      await pulls.pushBranch("one");
      assert.isTrue((await pulls.repository.refs()).has("refs/heads/one"));
    });

    it("cannot be asked for while the API is down, though git answers", async () => {
      await pulls.commitOverlay("one", "v1");
      pulls.forges.fault = { kind: "apiDown", requests: 2 };
      await pulls.pushBranch("one");
      assert.equal((await refusal(pulls.open("one")))[0], 503);
      assert.equal((await refusal(pulls.open("one")))[0], 503);
      assert.equal((await pulls.open("one")).status, 201);
    });
  });
