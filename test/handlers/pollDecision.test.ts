import { expect } from "chai";
import type { TrackedBranch } from "../../handlers/forge";
import { decideHeads, headsAfter, repositoriesOf } from "../../handlers/poll/decision";
import { headKey, type PollState, parseHeads } from "../../handlers/poll/state";

const A = "a".repeat(40);
const B = "b".repeat(40);

const storefront: TrackedBranch = {
  forge: "github",
  repository: "acme/storefront",
  branch: "main",
  application: "storefront",
};
const basket: TrackedBranch = { ...storefront, branch: "feature/basket", application: "basket" };
const elsewhere: TrackedBranch = { ...storefront, forge: "gitee", application: "elsewhere" };
const KEY = "github:acme/storefront:main:storefront";

describe("poll", () => {
  it("asks each repository once, and those of the same name at two forges apart", () => {
    const accounts: TrackedBranch = { ...storefront, repository: "acme/accounts", application: "accounts" };
    expect(repositoriesOf([storefront, elsewhere, basket, accounts])).to.deep.equal([
      { forge: "github", repository: "acme/storefront", sources: [storefront, basket] },
      { forge: "gitee", repository: "acme/storefront", sources: [elsewhere] },
      { forge: "github", repository: "acme/accounts", sources: [accounts] },
    ]);
  });

  const cases: [string, { known?: string; version?: string; head?: string }, object][] = [
    [
      "a branch that it sees first, before there is a state",
      { head: A },
      { kind: "moved", commit: A, delivery: `poll-first-${A}` },
    ],
    [
      "a branch that it sees first, beside others",
      { head: A, version: "v1" },
      { kind: "moved", commit: A, delivery: `poll-first-${A}-v1` },
    ],
    [
      "a branch that moved",
      { known: A, version: "v1", head: B },
      { kind: "moved", commit: B, delivery: `poll-${A}-${B}-v1` },
    ],
    ["a branch that is where it was", { known: A, version: "v1", head: A }, { kind: "unchanged" }],
    ["a branch that is gone", { known: A, version: "v1" }, { kind: "gone" }],
    ["a branch that never was", {}, { kind: "gone" }],
    ["a commit named by SHA-256", { known: A, version: "v1", head: "c".repeat(64) }, { kind: "unsupported" }],
  ];
  for (const [what, { known, version, head }, verdict] of cases) {
    it(`decides about ${what}`, () => {
      const state: PollState = { heads: known === undefined ? {} : { [KEY]: known }, version };
      const heads = new Map([["main-2", B], ...(head === undefined ? [] : [["main", head] as const])]);
      expect(decideHeads([storefront], state, heads)).to.deep.equal([{ ...verdict, source: storefront }]);
    });
  }

  it("names a move alike in the same state, and otherwise in another", () => {
    const deliveries = ["v1", "v1", "v3"].map((version) => {
      const [verdict] = decideHeads([storefront], { heads: { [KEY]: A }, version }, new Map([["main", B]]));
      return verdict?.kind === "moved" ? verdict.delivery : undefined;
    });
    expect(deliveries).to.deep.equal([`poll-${A}-${B}-v1`, `poll-${A}-${B}-v1`, `poll-${A}-${B}-v3`]);
  });

  it("decides for each application that tracks the branch", () => {
    const other = { ...storefront, application: "other" };
    const state = { heads: { [KEY]: A }, version: "v1" };
    expect(decideHeads([storefront, other], state, new Map([["main", A]])).map(({ kind }) => kind)).to.deep.equal([
      "unchanged",
      "moved",
    ]);
  });

  it("remembers what is tracked, and what moved", () => {
    const before = { [KEY]: A, [headKey(basket)]: A, "github:acme/retired:main:retired": A };
    expect(headsAfter([storefront, basket, elsewhere], before, { [headKey(basket)]: B })).to.deep.equal({
      [KEY]: A,
      "github:acme/storefront:feature/basket:basket": B,
    });
  });

  it("reads what it wrote", () => {
    for (const heads of [{}, { [KEY]: A }]) {
      expect(parseHeads(JSON.stringify(heads), "s3://source/poll/heads.json")).to.deep.equal(heads);
    }
  });

  for (const text of ["", "{", "null", "[]", '"a"', "1", '{"a":1}', '{"a":"main"}', `{"a":"${A}","b":null}`]) {
    it(`refuses ${text || "an empty object"} as its state`, () => {
      expect(() => parseHeads(text, "s3://source/poll/heads.json"))
        .to.throw()
        .with.property(
          "message",
          "s3://source/poll/heads.json is not what polls write there, commits by branch: nothing is delivered. Restore its " +
            "previous version, or delete it: then the next poll delivers each branch's head once",
        );
    });
  }
});
