import { expect } from "chai";
import {
  type ArchiveHead,
  decideFetch,
  type FetchVerdict,
  type Standing,
  versionInPlace,
} from "../../../handlers/fetch/decision";
import { messageGroup, type PushMessage } from "../../../handlers/shared/message";

const OLD = "1111111111111111111111111111111111111111";
const NEW = "2222222222222222222222222222222222222222";
const HEAD = "3333333333333333333333333333333333333333";
const OTHER = "4444444444444444444444444444444444444444";
const OLDER = "0000000000000000000000000000000000000001";
const message: PushMessage = {
  forge: "github",
  repository: "acme/storefront",
  branch: "main",
  commit: NEW,
  before: OLDER,
  delivery: "d",
  pushedAt: "2026-01-05T10:00:00.000Z",
  application: "storefront",
};

describe("fetch", () => {
  const head: Standing = { kind: "head" };
  const contained = (change: Partial<Standing> = {}): Standing =>
    ({ kind: "contained", head: HEAD, passed: false, ...change }) as Standing;
  const other = messageGroup({ ...message, branch: "2" });
  const table: [string, ArchiveHead | undefined, Standing, FetchVerdict][] = [
    ["the first push is copied", undefined, head, { kind: "copy" }],
    ["a push that the branch is at is copied", { versionId: "v1", commit: OLD }, head, { kind: "copy" }],
    [
      "a push back to where the branch was before is copied",
      { versionId: "v1", commit: OLD, before: NEW },
      head,
      { kind: "copy" },
    ],
    [
      "a push that others followed is copied, if none of them was fetched",
      { versionId: "v1", commit: OLD },
      contained(),
      { kind: "copy" },
    ],
    ["the first push is copied, though others followed", undefined, contained(), { kind: "copy" }],
    [
      "a push on top of what was fetched last is copied",
      { versionId: "v1", commit: OLDER },
      contained(),
      { kind: "copy" },
    ],
    [
      "the older of two pushes does not win, though its webhook arrives last",
      { versionId: "v1", commit: OLD, before: NEW },
      contained(),
      { kind: "stale", reason: `commit ${OLD} was pushed on top of it` },
    ],
    [
      "the oldest of three pushes does not win, though its webhook arrives last",
      { versionId: "v1", commit: OLD, before: OTHER },
      contained({ passed: true }),
      { kind: "stale", reason: `commit ${OLD} was pushed on top of it` },
    ],
    [
      "a redelivery of an earlier push is stale where the head was fetched",
      { versionId: "v1", commit: HEAD },
      contained({ passed: true }),
      { kind: "stale", reason: `commit ${HEAD} was pushed on top of it` },
    ],
    [
      "a redelivery of a push on top of what the branch was moved back to is stale",
      { versionId: "v1", commit: OLDER },
      contained({ head: OLDER, passed: true } as Partial<Standing>),
      { kind: "stale", reason: `commit ${OLDER} was pushed on top of it` },
    ],
    [
      "a push is copied where another branch was fetched last: the application's source was changed",
      { versionId: "v1", commit: OLD, before: NEW, group: other },
      contained({ passed: true }),
      { kind: "copy" },
    ],
    ["an object that somebody else put is replaced", { versionId: "v1" }, contained(), { kind: "copy" }],
    [
      "a commit that the branch does not contain is refused",
      { versionId: "v1", commit: OLD },
      { kind: "absent", head: HEAD },
      { kind: "refuse", reason: `branch main does not contain commit ${NEW}`, head: HEAD },
    ],
    [
      "a commit of a branch that is gone is refused",
      undefined,
      { kind: "absent", head: undefined },
      { kind: "refuse", reason: `branch main does not contain commit ${NEW}`, head: undefined },
    ],
  ];
  for (const [what, archive, standing, verdict] of table) {
    it(what, () => {
      expect(decideFetch(message, archive, standing)).to.deep.equal(verdict);
    });
  }

  it("has a commit in place, whatever branch it was fetched for", () => {
    for (const [archive, version] of [
      [undefined, undefined],
      [{ versionId: "v1" }, undefined],
      [{ versionId: "v1", commit: OLD }, undefined],
      [{ versionId: "v1", commit: NEW }, "v1"],
      [{ versionId: "v1", commit: NEW, group: other }, "v1"],
    ] as [ArchiveHead | undefined, string | undefined][]) {
      expect(versionInPlace(message, archive)).to.equal(version);
    }
  });
});
