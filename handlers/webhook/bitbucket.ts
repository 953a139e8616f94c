import { readJson } from "../shared/http/request";
import type { Adapter, Change } from "./adapter";
import { announcementIn } from "./announcement";
import { fieldsOf, formerly, isCommit, malformed, timeOfReceipt } from "./payload";
import { isSignature, isSignedBy } from "./signature";

/** https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/ */
const SIGNATURE = "x-hub-signature";

/**
 * Webhooks of Bitbucket Cloud: one request for each push, with a change for each reference. There is no ping.
 * `truncated` means that a change does not list all its commits (five at most); the references are complete.
 */
export const bitbucket: Adapter = {
  refuse: (headers) =>
    isSignature(headers[SIGNATURE]) ? undefined : "X-Hub-Signature is missing or is not a SHA-256 signature",
  isSentWith: (secret, { headers, body }) => isSignedBy(secret, body, headers[SIGNATURE] ?? ""),
  mismatch: "X-Hub-Signature does not match the body and the secret",
  announce: (headers) =>
    announcementIn(headers, { event: "X-Event-Key", push: "repo:push", delivery: ["X-Request-UUID"] }),
  contentTypes: ["application/json"],
  readPayload: readJson,
  readPush(payload, now) {
    const { push, repository } = fieldsOf(payload);
    const { full_name: name } = fieldsOf(repository);
    const { changes } = fieldsOf(push);
    if (!Array.isArray(changes)) {
      return malformed("push.changes is missing");
    }
    if (typeof name !== "string" || name === "") {
      return malformed("repository.full_name is missing");
    }
    const read: Change[] = [];
    for (const [index, change] of changes.entries()) {
      // The date of a change's target is the commit date, not the time of the push.
      const one = readChange(fieldsOf(change), name, timeOfReceipt(now));
      if (one === undefined) {
        return malformed(`push.changes[${index}] names no reference, or no commit`);
      }
      read.push(one);
    }
    return read;
  },
};

/** @param change `new` is null if the reference was deleted, `old` if it was created */
function readChange(change: Record<string, unknown>, repository: string, pushedAt: string): Change | undefined {
  const { type, name: branch, target } = fieldsOf(change.new ?? change.old);
  if (typeof type !== "string" || typeof branch !== "string" || branch === "") {
    return undefined;
  }
  if (type !== "branch") {
    return { kind: "ignore", reason: `${type} ${branch} is not a branch` };
  }
  if (change.new === null || change.new === undefined) {
    return { kind: "ignore", reason: `branch ${branch} was deleted` };
  }
  const { hash: commit } = fieldsOf(target);
  const { hash: before } = fieldsOf(fieldsOf(change.old).target);
  return isCommit(commit)
    ? { kind: "push", push: { repository, branch, commit, ...formerly(before), pushedAt } }
    : undefined;
}
