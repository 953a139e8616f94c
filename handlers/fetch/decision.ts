import { messageGroup, type PushMessage } from "../shared/message";

/** The metadata that slipway stored with the newest archive. */
export interface ArchiveHead {
  versionId: string;
  etag?: string | undefined;
  commit?: string | undefined;
  /** The branch's previous commit. */
  before?: string | undefined;
  /** ISO 8601. */
  pushedAt?: string | undefined;
  /** The push's {@link messageGroup}. */
  group?: string | undefined;
}

/** Where a pushed commit is in its branch. */
export type Standing =
  /** The branch's head. */
  | { kind: "head" }
  /** The branch contains it below its head. @property passed whether the newest archive's commit contains it too */
  | { kind: "contained"; head: string; passed: boolean }
  /** The branch does not contain it, as far as can be proven. @property head `undefined` if there is no branch */
  | { kind: "absent"; head: string | undefined };

export type FetchVerdict =
  /** A later push was already fetched: delivering this one would roll the branch back. */
  | { kind: "stale"; reason: string }
  /** The branch does not contain the commit: it is of another branch or fork, or a force push removed it. */
  | { kind: "refuse"; reason: string; head: string | undefined }
  | { kind: "copy" };

/** The archive's version if it already has the pushed commit. Its pipeline execution may still have to be started. */
export function versionInPlace({ commit }: PushMessage, archive: ArchiveHead | undefined): string | undefined {
  return archive?.commit === commit ? archive.versionId : undefined;
}

/** The newest archive's commit, if it is of the same branch. An application may be switched to another one. */
export function lastOf(message: PushMessage, archive: ArchiveHead | undefined): string | undefined {
  const isSame = archive?.group === undefined || archive.group === messageGroup(message);
  return isSame ? archive?.commit : undefined;
}

/** Decides about a push whose commit is not in the archive yet. */
export function decideFetch(message: PushMessage, archive: ArchiveHead | undefined, standing: Standing): FetchVerdict {
  const { commit, branch, before } = message;
  const last = lastOf(message, archive);
  switch (standing.kind) {
    case "head":
      return { kind: "copy" };
    case "absent": {
      const reason = `branch ${branch} does not contain commit ${commit}`;
      return { kind: "refuse", reason, head: standing.head };
    }
    case "contained":
      if (last === undefined || (before === last && last !== standing.head)) {
        return { kind: "copy" };
      }
      // Webhooks of two pushes may arrive out of order, or be redelivered at any time.
      return standing.passed || archive?.before === commit
        ? { kind: "stale", reason: `commit ${last} was pushed on top of it` }
        : { kind: "copy" };
  }
}
