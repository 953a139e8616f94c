import type { PullRequestRecord, PullRequestRequest } from "./record";

/** What is told of a record. */
export function viewOf(record: PullRequestRecord): object {
  const { id, service, environment, revision, image, repository, state, requestedAt, updatedAt } = record;
  const { url, reason, task, build } = record;
  // A start that was unclear is over once there is a task.
  const cause = state === "failed" || (state === "requested" && task === undefined) ? record.cause : undefined;
  const shown = { id, service, environment, revision, image, repository, state, requestedAt, updatedAt };
  return { ...shown, url, reason, cause, task, build };
}

/** What whoever posts a pull request again may do to have it carried out again. */
export function hintOf({ id, state, image }: PullRequestRecord, request: PullRequestRequest): string | undefined {
  const again = `DELETE /pullrequests/${id}, then post it again`;
  if (image !== request.image) {
    return `it was asked for with another image: to have ${request.image}, ${again}`;
  }
  return state === "failed" ? `it has failed: to try again, ${again}` : undefined;
}
