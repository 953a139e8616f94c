import { messageGroup, type PushMessage } from "../shared/message";

/** What slipway wrote beside the archive that is in the bucket now. */
export interface ArchiveHead {
  versionId: string;
  etag?: string | undefined;
  commit?: string | undefined;
  /** The commit that the branch was at before. */
  before?: string | undefined;
  /** ISO 8601. */
  pushedAt?: string | undefined;
  /** The push's {@link messageGroup}. */
  group?: string | undefined;
}

/** What the forge says about a pushed commit. */
export type Standing =
  /** The branch is at the commit. */
  | { kind: "head" }
  /** The branch contains the commit and is further. @property passed whether the newest archive's commit contains it as well */
  | { kind: "contained"; head: string; passed: boolean }
  /** The branch does not contain the commit, as far as can be proven. @property head `undefined` if there is no branch */
  | { kind: "absent"; head: string | undefined };

export type FetchVerdict =
  /** A later push was fetched before: delivering this one would take the branch back. */
  | { kind: "stale"; reason: string }
  /** The branch does not contain the commit: it belongs to somebody else, or a force push removed it. */
  | { kind: "refuse"; reason: string; head: string | undefined }
  | { kind: "copy" };

/**
 * The version of the archive, if it has the pushed commit already: its pipeline execution is started, if that has not happened yet.
 */
export function versionInPlace({ commit }: PushMessage, archive: ArchiveHead | undefined): string | undefined {
  return archive?.commit === commit ? archive.versionId : undefined;
}

/** The commit of the newest archive, if it is of the same branch. The application may have been moved to another one. */
export function lastOf(message: PushMessage, archive: ArchiveHead | undefined): string | undefined {
  const isSame = archive?.group === undefined || archive.group === messageGroup(message);
  return isSame ? archive?.commit : undefined;
}

/** What to do about a push whose commit is not in place. */
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
      // Webhooks of two pushes may arrive in the wrong order, and be delivered again at any time.
      return standing.passed || archive?.before === commit
        ? { kind: "stale", reason: `commit ${last} was pushed on top of it` }
        : { kind: "copy" };
  }
}
