import { messageGroup, type PushMessage } from "../message";

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

export type FetchVerdict =
  /** This commit's archive is in place: its pipeline execution is started, if that has not happened yet. */
  | { kind: "already"; versionId: string }
  /** A later push was fetched before: delivering this one would take the branch back. */
  | { kind: "stale"; reason: string }
  | { kind: "copy" };

/** What to do about a push, seeing what was fetched last. @param head `undefined` before the first delivery */
export function decideFetch(message: PushMessage, head: ArchiveHead | undefined): FetchVerdict {
  if (head === undefined) {
    return { kind: "copy" };
  }
  if (head.commit === message.commit) {
    return { kind: "already", versionId: head.versionId };
  }
  // The application was moved to another branch, whose pushes may well be older.
  if (head.group !== undefined && head.group !== messageGroup(message)) {
    return { kind: "copy" };
  }
  // Webhooks of two pushes may arrive in the wrong order. GitHub dates pushes in whole seconds, GitLab and Bitbucket not at all.
  if (message.before !== undefined && message.before === head.commit) {
    return { kind: "copy" };
  }
  if (head.before === message.commit) {
    return { kind: "stale", reason: `commit ${head.commit} was pushed on top of it` };
  }
  // An object that slipway did not write has no time: the comparison with NaN is false, and the push is delivered.
  if (Date.parse(head.pushedAt ?? "") > Date.parse(message.pushedAt)) {
    return { kind: "stale", reason: `commit ${head.commit} was pushed later, at ${head.pushedAt}` };
  }
  return { kind: "copy" };
}
