import { expect } from "chai";
import type { TrackedBranch } from "../../../handlers/shared/forge";
import { bitbucket } from "../../../handlers/webhook/bitbucket";
import { decidePush } from "../../../handlers/webhook/push";
import { bitbucketPush, bitbucketReference, COMMIT, deliveryOf, FORMER, hubSignature } from "./samples";

const NOW = Date.parse("2026-01-05T12:00:00Z");
const SECRET = "wkEHTcQ3zy0Kf9Sg7p2Vn5Xb8Jd4Lm6Rt1Ya0Uhe";
const BODY = JSON.stringify(bitbucketPush);

const pushOf = (...changes: unknown[]) => ({ ...bitbucketPush, push: { changes } });
const push = (branch: string, change: { commit?: string; before?: string } = {}) => ({
  repository: "acme/storefront",
  branch,
  commit: COMMIT,
  pushedAt: "2026-01-05T12:00:00.000Z",
  ...change,
});

describe("webhook of Bitbucket", () => {
  it("is refused without a signature", () => {
    const reason = "X-Hub-Signature is missing or is not a SHA-256 signature";
    expect(bitbucket.refuse({})).to.equal(reason);
    expect(bitbucket.refuse({ "x-hub-signature": "sha1=757107ea0eb2509fc211221cce984b8a37570b6d" })).to.equal(reason);
    expect(bitbucket.refuse({ "x-hub-signature": hubSignature(BODY, "another") })).to.equal(undefined);
  });

  const signatures: [string, string, string, boolean][] = [
    ["the secret", hubSignature(BODY, SECRET), BODY, true],
    ["another secret", hubSignature(BODY, "another"), BODY, false],
    ["the secret for another body", hubSignature(BODY, SECRET), `${BODY} `, false],
  ];
  for (const [what, signature, body, sent] of signatures) {
    it(`is ${sent ? "" : "not "}sent with the secret if it is signed by ${what}`, () => {
      expect(bitbucket.isSentWith(SECRET, deliveryOf({ "x-hub-signature": signature }, body), NOW)).to.equal(sent);
    });
  }

  it("announces its event and its request, which is the same at each attempt", () => {
    const headers = { "x-request-uuid": "5e3b5a5c", "x-hook-uuid": "0a1b", "x-attempt-number": "2" };
    expect(bitbucket.announce({ ...headers, "x-event-key": "repo:push" })).to.deep.equal({
      kind: "push",
      delivery: "5e3b5a5c",
    });
    expect(bitbucket.announce({ ...headers, "x-event-key": "repo:fork" })).to.deep.equal({
      kind: "other",
      delivery: "5e3b5a5c",
      event: "repo:fork",
    });
    expect(bitbucket.announce({ "x-event-key": "repo:push", "x-hook-uuid": "0a1b" })).to.deep.equal({
      kind: "malformed",
      reason: "X-Request-UUID is missing",
    });
  });

  const readings: [string, unknown, object][] = [
    ["a push whose commits are truncated", bitbucketPush, [{ kind: "push", push: push("main", { before: FORMER }) }]],
    [
      "a new branch",
      pushOf({ new: bitbucketReference("feature/basket"), old: null, created: true, closed: false }),
      [{ kind: "push", push: push("feature/basket") }],
    ],
    [
      "a deletion",
      pushOf({ new: null, old: bitbucketReference("main"), created: false, closed: true }),
      [{ kind: "ignore", reason: "branch main was deleted" }],
    ],
    [
      "a tag",
      pushOf({ new: bitbucketReference("v1", COMMIT, "tag"), old: null }),
      [{ kind: "ignore", reason: "tag v1 is not a branch" }],
    ],
    [
      "the deletion of a tag",
      pushOf({ new: null, old: bitbucketReference("v1", COMMIT, "tag") }),
      [{ kind: "ignore", reason: "tag v1 is not a branch" }],
    ],
    ["no change", pushOf(), []],
    ["no changes", { ...bitbucketPush, push: {} }, malformed("push.changes is missing")],
    ["no repository", { ...bitbucketPush, repository: {} }, malformed("repository.full_name is missing")],
    [
      "a change of nothing",
      pushOf({ new: bitbucketReference("main") }, { new: null, old: null }),
      malformed("push.changes[1] names no reference, or no commit"),
    ],
    [
      "a commit that climbs",
      pushOf({ new: bitbucketReference("main", "../../x") }),
      malformed("push.changes[0] names no reference, or no commit"),
    ],
    ...[{ name: undefined }, { name: "" }, { type: undefined }].map((change): [string, unknown, object] => [
      `a reference of ${JSON.stringify(Object.entries(change))}`,
      pushOf({ new: { ...bitbucketReference("main"), ...change } }),
      malformed("push.changes[0] names no reference, or no commit"),
    ]),
    [
      "a repository without a name",
      { ...bitbucketPush, repository: { full_name: "" } },
      malformed("repository.full_name is missing"),
    ],
    ["null", null, malformed("push.changes is missing")],
  ];
  for (const [what, payload, read] of readings) {
    it(`with ${what} is read as ${Array.isArray(read) ? read.length : "no"} changes`, () => {
      expect(bitbucket.readPush(payload, NOW)).to.deep.equal(read);
    });
  }

  const tracked = (branch: string, application: string): TrackedBranch => ({
    forge: "bitbucket",
    repository: "acme/storefront",
    branch,
    application,
  });
  const sources = [tracked("main", "storefront"), tracked("release", "shop"), tracked("release", "twin")];

  it("with several branches delivers each that is tracked", () => {
    const payload = pushOf(
      { new: bitbucketReference("main") },
      { new: bitbucketReference("v1", COMMIT, "tag") },
      { new: bitbucketReference("other") },
      { new: bitbucketReference("release", FORMER) },
    );
    expect(decidePush(bitbucket.readPush(payload, NOW), "acme/storefront", sources)).to.deep.equal({
      kind: "deliver",
      pushes: [
        { push: push("main"), sources: [sources[0]] },
        { push: push("release", { commit: FORMER }), sources: [sources[1], sources[2]] },
      ],
    });
  });

  const ignored: [string, unknown[], string][] = [
    ["nothing", [], "the push changes no reference"],
    ["a tag", [{ new: bitbucketReference("v1", COMMIT, "tag") }], "tag v1 is not a branch"],
    [
      "many references",
      ["a", "b", "c", "d", "e"].map((each) => ({ new: bitbucketReference(each) })),
      `${["a", "b", "c"].map((each) => `branch ${each} of acme/storefront is not tracked; `).join("")}2 more`,
    ],
  ];
  for (const [what, changes, reason] of ignored) {
    it(`with ${what} is ignored, and says why`, () => {
      const read = bitbucket.readPush(pushOf(...changes), NOW);
      expect(decidePush(read, "acme/storefront", sources)).to.deep.equal({ kind: "ignore", reason });
    });
  }
});

function malformed(reason: string) {
  return { kind: "malformed", reason: `not a push: ${reason}` };
}
