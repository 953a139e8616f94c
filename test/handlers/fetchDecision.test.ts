import { expect } from "chai";
import { type ArchiveHead, decideFetch, type FetchVerdict } from "../../handlers/fetch/decision";
import { messageGroup, type PushMessage } from "../../handlers/message";

const OLD = "1111111111111111111111111111111111111111";
const NEW = "2222222222222222222222222222222222222222";
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
  const table: [string, ArchiveHead | undefined, FetchVerdict][] = [
    ["the first push is copied", undefined, { kind: "copy" }],
    [
      "a later push is copied",
      { versionId: "v1", commit: OLD, pushedAt: "2026-01-05T09:00:00.000Z" },
      { kind: "copy" },
    ],
    [
      "a second push in the same second is copied: the queue keeps their order",
      { versionId: "v1", commit: OLD, pushedAt: "2026-01-05T10:00:00.000Z" },
      { kind: "copy" },
    ],
    [
      "the older of two pushes in the same second does not win, though its webhook arrives last",
      { versionId: "v1", commit: OLD, before: NEW, pushedAt: "2026-01-05T10:00:00.000Z" },
      { kind: "stale", reason: `commit ${OLD} was pushed on top of it` },
    ],
    [
      "the older of two pushes does not win, though it is dated by the arrival of its webhook",
      { versionId: "v1", commit: OLD, before: NEW, pushedAt: "2026-01-05T09:59:59.000Z" },
      { kind: "stale", reason: `commit ${OLD} was pushed on top of it` },
    ],
    [
      "a push in the same second on top of what was fetched last is copied",
      { versionId: "v1", commit: OLDER, before: OLD, pushedAt: "2026-01-05T10:00:00.000Z" },
      { kind: "copy" },
    ],
    [
      "a push on top of what was fetched last is copied, though another clock has dated that later",
      { versionId: "v1", commit: OLDER, pushedAt: "2026-01-05T10:00:01.000Z" },
      { kind: "copy" },
    ],
    [
      "a push back to where the branch was before is copied",
      { versionId: "v1", commit: OLDER, before: NEW, pushedAt: "2026-01-05T10:00:00.000Z" },
      { kind: "copy" },
    ],
    [
      "a redelivery of what was fetched last changes nothing",
      { versionId: "v1", commit: NEW, pushedAt: "2026-01-05T10:00:00.000Z" },
      { kind: "already", versionId: "v1" },
    ],
    [
      "a redelivery of an earlier push is stale, though an earlier slipway did not say of which branch",
      { versionId: "v1", commit: OLD, pushedAt: "2026-01-05T11:00:00.000Z" },
      { kind: "stale", reason: `commit ${OLD} was pushed later, at 2026-01-05T11:00:00.000Z` },
    ],
    [
      "a push that is older than what another branch left is copied: the application's source was changed",
      {
        versionId: "v1",
        commit: OLD,
        pushedAt: "2026-01-05T11:00:00.000Z",
        group: messageGroup({ ...message, branch: "2" }),
      },
      { kind: "copy" },
    ],
    [
      "a redelivery of an earlier push of the branch is stale",
      { versionId: "v1", commit: OLD, pushedAt: "2026-01-05T11:00:00.000Z", group: messageGroup(message) },
      { kind: "stale", reason: `commit ${OLD} was pushed later, at 2026-01-05T11:00:00.000Z` },
    ],
    [
      "the same commit of another branch is in place",
      {
        versionId: "v1",
        commit: NEW,
        pushedAt: "2026-01-05T11:00:00.000Z",
        group: messageGroup({ ...message, branch: "2" }),
      },
      { kind: "already", versionId: "v1" },
    ],
    ["an object that somebody else put is replaced", { versionId: "v1" }, { kind: "copy" }],
    ["an object with a broken time is replaced", { versionId: "v1", commit: OLD, pushedAt: "?" }, { kind: "copy" }],
  ];
  for (const [what, head, verdict] of table) {
    it(what, () => {
      expect(decideFetch(message, head)).to.deep.equal(verdict);
    });
  }

  it("a force-push back to an older commit delivers it again", () => {
    const head = { versionId: "v2", commit: NEW, pushedAt: "2026-01-05T10:00:00.000Z" };
    const back = { ...message, commit: OLD, pushedAt: "2026-01-05T10:30:00.000Z" };
    expect(decideFetch(back, head)).to.deep.equal({ kind: "copy" });
  });
});
