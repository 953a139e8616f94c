import { expect } from "chai";
import type { TrackedBranch } from "../../../handlers/shared/forge";
import { github } from "../../../handlers/webhook/github";
import { decidePush, type PushVerdict } from "../../../handlers/webhook/push";

const NOW = Date.parse("2026-01-05T12:00:00Z");
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const FORMER = "76543210fedcba9876543210fedcba9876543210";
const forge = "github";
const storefront: TrackedBranch = { forge, repository: "acme/storefront", branch: "main", application: "storefront" };
const basket: TrackedBranch = { forge, repository: "acme/storefront", branch: "feature/basket", application: "basket" };
const twin: TrackedBranch = { forge, repository: "acme/storefront", branch: "main", application: "twin" };
const sources = [storefront, basket, twin];
const decide = (payload: unknown): PushVerdict => decidePush(github.readPush(payload, NOW), "acme/storefront", sources);

const repository = { full_name: "acme/storefront", pushed_at: 1767607200 };
const payload = { ref: "refs/heads/main", before: FORMER, after: COMMIT, deleted: false, repository };
const push = {
  repository: "acme/storefront",
  branch: "main",
  commit: COMMIT,
  before: FORMER,
  pushedAt: "2026-01-05T10:00:00.000Z",
};
const { before: _, ...first } = push;

describe("push at GitHub", () => {
  const deliveries: [string, object, object][] = [
    ["to a tracked branch", {}, { push, sources: [storefront, twin] }],
    [
      "to a branch with a slash",
      { ref: "refs/heads/feature/basket" },
      { push: { ...push, branch: "feature/basket" }, sources: [basket] },
    ],
    [
      "to a repository in another spelling",
      { repository: { ...repository, full_name: "Acme/Storefront" } },
      { push: { ...push, repository: "Acme/Storefront" }, sources: [storefront, twin] },
    ],
    ["of a new branch", { before: "0".repeat(40) }, { push: first, sources: [storefront, twin] }],
    ["that does not say what was before", { before: undefined }, { push: first, sources: [storefront, twin] }],
    ["with something else before", { before: "main" }, { push: first, sources: [storefront, twin] }],
    [
      "with its time in ISO 8601",
      { repository: { ...repository, pushed_at: "2026-01-05T11:00:00+01:00" } },
      { push, sources: [storefront, twin] },
    ],
    [
      "without its time",
      { repository: { ...repository, pushed_at: null } },
      { push: { ...push, pushedAt: "2026-01-05T12:00:00.000Z" }, sources: [storefront, twin] },
    ],
    [
      "with a time to come, before which every other push would be stale,",
      { repository: { ...repository, pushed_at: 1767614401 } },
      { push: { ...push, pushedAt: "2026-01-05T12:00:00.000Z" }, sources: [storefront, twin] },
    ],
    [
      "with a time that no date can hold",
      { repository: { ...repository, pushed_at: 1e300 } },
      { push: { ...push, pushedAt: "2026-01-05T12:00:00.000Z" }, sources: [storefront, twin] },
    ],
  ];
  for (const [what, change, verdict] of deliveries) {
    it(`${what} is delivered`, () => {
      expect(decide({ ...payload, ...change })).to.deep.equal({ kind: "deliver", pushes: [verdict] });
    });
  }

  it("to a repository that the configuration spells in another way is delivered", () => {
    const spelt = { ...storefront, repository: "Acme/Storefront" };
    expect(decidePush(github.readPush(payload, NOW), spelt.repository, [spelt])).to.deep.equal({
      kind: "deliver",
      pushes: [{ push, sources: [spelt] }],
    });
  });

  const ignored: [string, object, string][] = [
    ["of a tag", { ref: "refs/tags/v1" }, "refs/tags/v1 is not a branch"],
    ["of a tag that is named like a branch", { ref: "refs/tags/heads/main" }, "refs/tags/heads/main is not a branch"],
    ["that deletes a branch", { deleted: true, after: "0".repeat(40) }, "branch main was deleted"],
    ["of zeros that does not say deleted", { deleted: undefined, after: "0".repeat(40) }, "branch main was deleted"],
    ["to another branch", { ref: "refs/heads/basket" }, "branch basket of acme/storefront is not tracked"],
    ["to a branch in another case", { ref: "refs/heads/Main" }, "branch Main of acme/storefront is not tracked"],
  ];
  for (const [what, change, reason] of ignored) {
    it(`${what} is ignored`, () => {
      expect(decide({ ...payload, ...change })).to.deep.equal({ kind: "ignore", reason });
    });
  }

  it("to another repository is refused, though the sender knows the secret of this one", () => {
    expect(decide({ ...payload, repository: { ...repository, full_name: "acme/cellar" } })).to.deep.equal({
      kind: "foreign",
      reason: "the payload names repository acme/cellar, but this path and its secret belong to acme/storefront",
    });
  });

  const malformed: [string, unknown, string][] = [
    ["is null", null, "not a push: ref is missing or is not a reference"],
    ["is a list", [], "not a push: ref is missing or is not a reference"],
    ["has a branch for a reference", { ...payload, ref: "main" }, "not a push: ref is missing or is not a reference"],
    ["has no commit", { ...payload, after: undefined }, "not a push: after is missing or is not a commit"],
    ["has a commit that climbs", { ...payload, after: "../../x" }, "not a push: after is missing or is not a commit"],
    ["has a list of commits", { ...payload, after: [COMMIT] }, "not a push: after is missing or is not a commit"],
    [
      "has a repository without a name",
      { ...payload, repository: { full_name: "" } },
      "not a push: repository.full_name is missing",
    ],
    ["has no repository", { ...payload, repository: undefined }, "not a push: repository.full_name is missing"],
  ];
  for (const [what, value, reason] of malformed) {
    it(`that ${what} is malformed`, () => {
      expect(decide(value)).to.deep.equal({ kind: "malformed", reason });
    });
  }
});
