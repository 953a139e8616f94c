import { examplePayload } from "./githubPayloads";
import type { Comment, PullRequest, Tip } from "./pullRequests";

/** GitHub itself, or a GitHub Enterprise Server. */
export interface Place {
  host: string;
  codeload: string;
  /** The REST API's location: a separate host, or a path on the same one. */
  api: { host: string; path: string };
}

/** GitHub's example of a pull request, which is number 2 of its repository. */
interface Example {
  id: number;
  head: { sha: string };
  base: object;
  user: object;
}

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());
const idOf = (kind: string, id: number): string => Buffer.from(`0${kind.length}:${kind}${id}`).toString("base64");

const apiOf = ({ api }: Place): string => `https://${api.host}${api.path}`;

/** A pull request as returned by the REST API. */
export function pullRequestView(pullRequest: PullRequest, repository: string, place: Place): object {
  const { number, head, base, title, body, draft, state } = pullRequest;
  const example = exampleOf(pullRequest, repository, place);
  const [owner] = repository.split("/");
  const tip = ({ branch, commit }: Tip) => ({ label: `${owner}:${branch}`, ref: branch, sha: commit });
  const id = example.id + number;
  return {
    ...example,
    ...{ id, node_id: idOf("PullRequest", id), number, title, body, draft, state },
    created_at: iso(pullRequest.createdAt),
    updated_at: iso(pullRequest.updatedAt),
    closed_at: iso(pullRequest.closedAt),
    merged_at: iso(pullRequest.mergedAt),
    merged: pullRequest.mergedAt !== undefined,
    comments: pullRequest.comments.length,
    requested_reviewers: pullRequest.reviewers.map((login) => ({
      login,
      url: `${apiOf(place)}/users/${login}`,
      html_url: `https://${place.host}/${login}`,
      type: "User",
    })),
    requested_teams: pullRequest.teams.map((slug) => ({
      name: slug,
      slug,
      url: `${apiOf(place)}/organizations/${owner}/team/${slug}`,
    })),
    labels: pullRequest.labels.map((it) => labelView(it, repository, place)),
    user: { ...example.user, login: pullRequest.author },
    head: { ...example.head, ...tip(head) },
    base: { ...example.base, ...tip(base) },
  };
}

function exampleOf({ number, head }: PullRequest, repository: string, place: Place): Example {
  const { pull_request: example } = examplePayload("pull_request", repository) as { pull_request: Example };
  const readdressed = JSON.stringify(example)
    .replaceAll("https://api.github.com", apiOf(place))
    .replaceAll("https://github.com", `https://${place.host}`)
    .replaceAll(example.head.sha, head.commit)
    .replace(/\/(pulls?|issues)\/2(?=["./])/g, `/$1/${number}`);
  return JSON.parse(readdressed);
}

export const labelView = (name: string, repository: string, place: Place): object => ({
  url: `${apiOf(place)}/repos/${repository}/labels/${encodeURIComponent(name)}`,
  name,
  color: "ededed",
  default: false,
  description: null,
});

/** A comment in the conversation: GitHub stores it with the issue of the pull request's number. */
export function commentView({ id, body, at }: Comment, number: number, repository: string, place: Place): object {
  const issue = `${apiOf(place)}/repos/${repository}/issues`;
  const [owner] = repository.split("/");
  return {
    id,
    node_id: idOf("IssueComment", id),
    url: `${issue}/comments/${id}`,
    html_url: `https://${place.host}/${repository}/pull/${number}#issuecomment-${id}`,
    issue_url: `${issue}/${number}`,
    body,
    user: { login: owner, type: "User" },
    created_at: iso(at),
    updated_at: iso(at),
  };
}
