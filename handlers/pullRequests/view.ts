import type { PullRequestRecord, PullRequestRequest } from "../../images/gitops-pr/pullRequestRecord";

/** A record, for callers. */
export function viewOf(record: PullRequestRecord): object {
  const { id, service, environment, revision, image, repository, state, requestedAt, updatedAt } = record;
  const { url, reason, task, build } = record;
  // Once there is a task, the start is no longer unclear.
  const cause = state === "failed" || (state === "requested" && task === undefined) ? record.cause : undefined;
  const shown = { id, service, environment, revision, image, repository, state, requestedAt, updatedAt };
  return { ...shown, url, reason, cause, task, build };
}

/** The hint in the answer to a repeated post: how to run the pull request again. */
export function hintOf({ id, state, image }: PullRequestRecord, request: PullRequestRequest): string | undefined {
  const again = `DELETE /pullrequests/${id}, then post it again`;
  if (image !== request.image) {
    return `it was requested with another image: to use ${request.image}, ${again}`;
  }
  return state === "failed" ? `it has failed: to try again, ${again}` : undefined;
}
