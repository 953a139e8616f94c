import { expect } from "chai";
import { branchOf } from "../../images/gitops-pr/change";
import type { PullRequest } from "../../images/gitops-pr/github";
import { distrusted, markOf, neighboursOf } from "../../images/gitops-pr/superseding";

const change = {
  service: "storefront",
  environment: "dev",
  image: "storefront:v2",
  requestedAt: "2026-03-01T10:00:00.000Z",
  id: "8".repeat(32),
};
const own = branchOf(change);
const other = branchOf({ ...change, image: "storefront:v1" });

const trust = { bot: "slipway-bot", now: Date.parse("2026-03-01T14:00:00.000Z") };

function pullRequest(number: number, head: string, body: string, author = trust.bot): PullRequest {
  return {
    number,
    author,
    head,
    body,
    url: `https://github.com/acme/gitops/pull/${number}`,
    createdAt: "2026-03-01T09:00:00Z",
  };
}
const mark = (requestedAt: string, id = "1".repeat(32)) => `<!-- slipway requestedAt=${requestedAt} id=${id} -->`;

interface Case {
  name: string;
  open: PullRequest[];
  merged?: PullRequest[];
  own?: number;
  later?: number;
  earlier?: number[];
}

const cases: Case[] = [
  { name: "none", open: [] },
  { name: "its own", open: [pullRequest(1, own, mark("2026-03-01T09:00:00.000Z"))], own: 1 },
  { name: "its own, asked for again later", open: [pullRequest(1, own, mark("2026-03-01T11:00:00.000Z"))], own: 1 },
  { name: "an earlier one", open: [pullRequest(1, other, mark("2026-03-01T09:59:59.999Z"))], earlier: [1] },
  { name: "a later one", open: [pullRequest(1, other, mark("2026-03-01T10:00:00.001Z"))], later: 1 },
  {
    name: "several, of which the last one counts",
    open: [
      pullRequest(1, other, mark("2026-03-01T12:00:00.000Z")),
      pullRequest(2, `${other}0`, mark("2026-03-01T13:00:00.000Z")),
      pullRequest(3, `${other}1`, mark("2026-03-01T11:00:00.000Z")),
      pullRequest(4, `${other}2`, mark("2026-02-01T11:00:00.000Z")),
      pullRequest(5, `${other}3`, mark("2026-02-02T11:00:00.000Z")),
    ],
    later: 2,
    earlier: [4, 5],
  },
  {
    name: "one of the same moment and a greater id",
    open: [pullRequest(1, other, mark("2026-03-01T10:00:00.000Z", "9".repeat(32)))],
    later: 1,
  },
  {
    name: "one of the same moment and a smaller id",
    open: [pullRequest(1, other, mark("2026-03-01T10:00:00.000Z", "7".repeat(32)))],
    earlier: [1],
  },
  {
    name: "its own, asked for again, and one that was asked for in between",
    open: [
      pullRequest(1, own, mark("2026-03-01T12:00:00.000Z")),
      pullRequest(2, other, mark("2026-03-01T11:00:00.000Z")),
    ],
    own: 1,
    earlier: [2],
  },
  {
    name: "its own, asked for before, and a later one",
    open: [
      pullRequest(1, own, mark("2026-03-01T09:00:00.000Z")),
      pullRequest(2, other, mark("2026-03-01T11:00:00.000Z")),
    ],
    own: 1,
    later: 2,
  },
  {
    name: "a later one that is merged",
    open: [],
    merged: [pullRequest(1, other, mark("2026-03-01T11:00:00.000Z"))],
    later: 1,
  },
  {
    name: "later ones of which an open one is the last",
    open: [pullRequest(2, other, mark("2026-03-01T12:00:00.000Z"))],
    merged: [pullRequest(1, `${other}0`, mark("2026-03-01T11:00:00.000Z"))],
    later: 2,
  },
  {
    name: "merged ones of before, of itself, and of others, as nothing",
    open: [],
    merged: [
      pullRequest(1, other, mark("2026-03-01T09:00:00.000Z")),
      pullRequest(2, own, mark("2026-03-01T11:00:00.000Z")),
      pullRequest(3, branchOf({ ...change, environment: "prod" }), mark("2026-03-01T11:00:00.000Z")),
    ],
  },
  {
    name: "somebody else's of a later date, open and merged, as nothing that comes after it",
    open: [pullRequest(1, other, mark("2026-03-01T11:00:00.000Z"), "mallory")],
    merged: [pullRequest(2, `${other}0`, mark("2026-03-01T11:00:00.000Z"), "mallory")],
    earlier: [1],
  },
  {
    name: "somebody else's of its own branch as its own, of whatever date",
    open: [
      pullRequest(1, own, mark("2026-03-01T11:00:00.000Z"), "mallory"),
      pullRequest(2, other, mark("2026-03-01T10:30:00.000Z")),
    ],
    own: 1,
    later: 2,
  },
  {
    name: "one whose date somebody has put into the future as of when it was opened",
    open: [pullRequest(1, other, mark("2099-01-01T00:00:00.000Z"))],
    merged: [pullRequest(2, `${other}0`, mark("2099-01-01T00:00:00.000Z"))],
    earlier: [1],
  },
  {
    name: "one whose date is none as of when it was opened",
    open: [pullRequest(1, other, mark("tomorrow"))],
    earlier: [1],
  },
  { name: "one whose marker somebody took out: when it was opened", open: [pullRequest(1, other, "")], earlier: [1] },
  {
    name: "those of other services and environments, and of people",
    open: [
      pullRequest(1, branchOf({ ...change, environment: "prod" }), ""),
      pullRequest(2, branchOf({ ...change, service: "backoffice" }), ""),
      pullRequest(3, "slipway/storefront/dev-2/0123456789ab", ""),
      pullRequest(4, "mend-the-docs", ""),
    ],
  },
];

describe("images/gitops-pr superseding", () => {
  for (const { name, open, merged = [], own, later, earlier = [] } of cases) {
    it(`sees ${name}`, () => {
      const seen = neighboursOf(change, { open, merged }, trust);
      expect({
        own: seen.own?.number,
        later: seen.later?.number,
        earlier: seen.earlier.map(({ number }) => number),
      }).to.deep.equal({ own, later, earlier });
    });
  }

  it("says which do not count, and why", () => {
    const all = [
      pullRequest(1, other, mark("2026-03-01T09:00:00.000Z")),
      pullRequest(2, other, "", "mallory"),
      pullRequest(3, own, mark("2099-01-01T00:00:00.000Z")),
      pullRequest(4, other, "", ""),
      pullRequest(5, "mend-the-docs", "", "mallory"),
    ];
    expect(distrusted(change, all, trust).map(({ pullRequest, why }) => [pullRequest.number, why])).to.deep.equal([
      [2, "it was opened by mallory, not by slipway-bot"],
      [3, "its date is in the future: 2099-01-01T00:00:00.000Z"],
      [4, "it was opened by a deleted user, not by slipway-bot"],
    ]);
  });

  it("takes a date for the past up to the present moment", () => {
    const marked = (requestedAt: string) => markOf(pullRequest(1, other, mark(requestedAt)), trust).requestedAt;
    expect(marked("2026-03-01T14:00:00.000Z")).to.equal("2026-03-01T14:00:00.000Z");
    expect(marked("2026-03-01T14:00:00.001Z")).to.equal("2026-03-01T09:00:00Z");
  });
});
