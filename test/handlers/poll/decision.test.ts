import { expect } from "chai";
import { decideHead, enqueuedAfter, type PolledSource, repositoriesOf } from "../../../handlers/poll/decision";
import { type EnqueuedHeads, headKey, parseState } from "../../../handlers/poll/state";

const A = "a".repeat(40);
const B = "b".repeat(40);

const storefront: PolledSource = {
  forge: "github",
  repository: "acme/storefront",
  branch: "main",
  application: "storefront",
  key: "storefront/source.zip",
};
const basket: PolledSource = { ...storefront, branch: "feature/basket", application: "basket" };
const elsewhere: PolledSource = { ...storefront, forge: "gitee", application: "elsewhere" };
const KEY = "github:acme/storefront:main:storefront";

describe("poll", () => {
  it("asks each repository once, and those of the same name at two forges apart", () => {
    const accounts: PolledSource = { ...storefront, repository: "acme/accounts", application: "accounts" };
    expect(repositoriesOf([storefront, elsewhere, basket, accounts])).to.deep.equal([
      { forge: "github", repository: "acme/storefront", sources: [storefront, basket] },
      { forge: "gitee", repository: "acme/storefront", sources: [elsewhere] },
      { forge: "github", repository: "acme/accounts", sources: [accounts] },
    ]);
  });

  const old = { commit: A, versionId: "v1" };
  const cases: [string, { head?: string; archive?: typeof old; enqueued?: EnqueuedHeads }, object][] = [
    [
      "a newly tracked branch: its head is delivered once",
      { head: A },
      { kind: "missed", commit: A, delivery: `poll-first-${A}` },
    ],
    [
      "a newly tracked branch whose head is enqueued",
      { head: A, enqueued: { [KEY]: { commit: A } } },
      { kind: "waiting" },
    ],
    [
      "a push that no webhook has told of",
      { head: B, archive: old },
      { kind: "missed", commit: B, before: A, delivery: `poll-v1-${B}` },
    ],
    ["a push that was delivered, whoever told of it", { head: A, archive: old }, { kind: "delivered" }],
    [
      "a push that an earlier poll has enqueued, and that waits or has failed",
      { head: B, archive: old, enqueued: { [KEY]: { commit: B, over: "v1" } } },
      { kind: "waiting" },
    ],
    [
      "another push while that one waits",
      { head: "c".repeat(40), archive: old, enqueued: { [KEY]: { commit: B, over: "v1" } } },
      { kind: "missed", commit: "c".repeat(40), before: A, delivery: `poll-v1-${"c".repeat(40)}` },
    ],
    [
      "a branch that was moved back to what an earlier poll has enqueued, after something else was delivered",
      { head: A, archive: { commit: B, versionId: "v2" }, enqueued: { [KEY]: { commit: A } } },
      { kind: "missed", commit: A, before: B, delivery: `poll-v2-${A}` },
    ],
    [
      "an archive that slipway did not write",
      { head: A, archive: { versionId: "v1" } as typeof old },
      { kind: "missed", commit: A, delivery: `poll-v1-${A}` },
    ],
    ["a branch that is gone", { archive: old }, { kind: "gone" }],
    ["a branch that never was", {}, { kind: "gone" }],
    ["a commit named by SHA-256", { head: "c".repeat(64), archive: old }, { kind: "unsupported" }],
  ];
  for (const [what, { head, archive, enqueued = {} }, verdict] of cases) {
    it(`decides about ${what}`, () => {
      expect(decideHead(storefront, head, archive, enqueued)).to.deep.equal(verdict);
    });
  }

  it("decides for each application that tracks the branch", () => {
    const other = { ...storefront, application: "other" };
    const enqueued = { [KEY]: { commit: B, over: "v1" } };
    expect([storefront, other].map((it) => decideHead(it, B, old, enqueued).kind)).to.deep.equal(["waiting", "missed"]);
  });

  it("remembers what is tracked, and what was enqueued last", () => {
    const before = {
      [KEY]: { commit: A },
      [headKey(basket)]: { commit: A },
      "github:acme/retired:main:retired": { commit: A },
    };
    expect(
      enqueuedAfter([storefront, basket, elsewhere], before, { [headKey(basket)]: { commit: B, over: "v1" } }),
    ).to.deep.equal({
      [KEY]: { commit: A },
      "github:acme/storefront:feature/basket:basket": { commit: B, over: "v1" },
    });
  });

  const place = "s3://source/poll/enqueued.json";
  it("reads what it wrote", () => {
    for (const state of [{}, { [KEY]: { commit: A } }, { [KEY]: { commit: A, over: "v1" } }]) {
      expect(parseState(JSON.stringify(state), place)).to.deep.equal(state);
    }
  });

  const mistaken = [
    "",
    "{",
    "null",
    "[]",
    '"a"',
    "1",
    '{"a":1}',
    '{"a":"main"}',
    `{"a":"${A}"}`,
    '{"a":{}}',
    '{"a":null}',
    `{"a":{"commit":"${A}","over":1}}`,
  ];
  for (const text of mistaken) {
    it(`refuses ${text || "an empty object"} as its state`, () => {
      expect(() => parseState(text, place))
        .to.throw()
        .with.property(
          "message",
          `${place} does not contain the commits by branch that the poll writes: nothing is delivered. Restore its previous version, ` +
            "or delete it, and the next poll will enqueue each head that is not delivered yet",
        );
    });
  }
});
