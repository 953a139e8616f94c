import { expect } from "chai";
import { branchOf } from "../../images/gitops-pr/change";
import type { PullRequest } from "../../images/gitops-pr/github";
import { neighboursOf } from "../../images/gitops-pr/superseding";

const change = {
  service: "storefront",
  environment: "dev",
  image: "storefront:v2",
  requestedAt: "2026-03-01T10:00:00.000Z",
  id: "8".repeat(32),
};
const own = branchOf(change);
const other = branchOf({ ...change, image: "storefront:v1" });

function pullRequest(number: number, head: string, body: string): PullRequest {
  return {
    number,
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
      const seen = neighboursOf(change, open, merged);
      expect({
        own: seen.own?.number,
        later: seen.later?.number,
        earlier: seen.earlier.map(({ number }) => number),
      }).to.deep.equal({ own, later, earlier });
    });
  }
});
