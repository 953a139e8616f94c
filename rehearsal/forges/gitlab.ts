import type { IncomingMessage } from "node:http";
import { author } from "./git";
import { branchOf, type Commit, noCommit } from "./repository";
import {
  admitsToken,
  answerJson,
  authorizationToken,
  type Event,
  gitRoutes,
  type PushFacts,
  type Route,
  refuseByJson,
  type Site,
} from "./site";

const host = "gitlab.com";
const address = `https://${host}`;

/** gitlab.com: https://docs.gitlab.com/user/project/integrations/webhooks/ */
export function createGitLab(): Site {
  return {
    host,
    hosts: [],
    routes: [archiveRoute, ...gitRoutes(host, "GitLab")],
    pushEvents: (push) => push.map(pushEvent),
    encode: ({ event, guid, hook, payload }) => ({
      body: JSON.stringify(payload),
      headers: {
        "content-type": "application/json",
        "user-agent": "GitLab/18.5.0-pre",
        "idempotency-key": guid,
        "x-gitlab-event": event,
        "x-gitlab-event-uuid": guid,
        "x-gitlab-instance": address,
        // The secret itself. Signatures use the signing token, a separate setting:
        // https://gitlab.com/gitlab-org/gitlab/-/merge_requests/230944
        "x-gitlab-token": hook.secret,
      },
    }),
  };
}

const tokenOf = (request: IncomingMessage): string | undefined => {
  const token = request.headers["private-token"];
  return typeof token === "string" ? token : authorizationToken(request);
};

/** https://docs.gitlab.com/api/repositories/#retrieve-file-archive */
const archiveRoute: Route = {
  host,
  method: "GET",
  path: /^\/api\/v4\/projects\/([^/]+)\/repository\/(archive\.zip)$/,
  admits: admitsToken(tokenOf),
  refuse: refuseByJson(tokenOf, { anonymous: "404 Project Not Found", refused: "401 Unauthorized" }),
  async serve({ hosted, response, url, sendArchive }) {
    const name = hosted.repository.name.split("/").at(-1);
    const found = await sendArchive(url.searchParams.get("sha") ?? "HEAD", (commit) => `${name}-${commit}-${commit}`);
    if (!found) answerJson(response, 404, { message: "404 File Not Found" });
  },
};

/** https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events */
function pushEvent({ repository, update, commits }: PushFacts): Event {
  const kind = branchOf(update.ref) === undefined ? "tag_push" : "push";
  const name = repository.split("/").at(-1);
  const web = `${address}/${repository}`;
  const [ssh, http] = [`git@${host}:${repository}.git`, `${web}.git`];
  const payload = {
    object_kind: kind,
    event_name: kind,
    before: update.before,
    after: update.after,
    ref: update.ref,
    ref_protected: true,
    checkout_sha: update.after === noCommit ? null : update.after,
    message: null,
    user_id: 4,
    user_name: author.name,
    user_username: "acme",
    user_email: author.email,
    user_avatar: null,
    project_id: 15,
    project: {
      id: 15,
      name,
      description: "",
      web_url: web,
      avatar_url: null,
      git_ssh_url: ssh,
      git_http_url: http,
      namespace: "acme",
      visibility_level: 0,
      path_with_namespace: repository,
      default_branch: "main",
      ci_config_path: null,
      homepage: web,
      url: ssh,
      ssh_url: ssh,
      http_url: http,
    },
    commits: commits.map((commit) => written(commit, web)),
    total_commits_count: commits.length,
    push_options: {},
    repository: {
      name,
      url: ssh,
      description: "",
      homepage: web,
      git_http_url: http,
      git_ssh_url: ssh,
      visibility_level: 0,
    },
  };
  return { name: kind === "push" ? "Push Hook" : "Tag Push Hook", payload };
}

const written = ({ id, message, timestamp, added, modified, removed }: Commit, web: string) => ({
  id,
  message,
  title: message.split("\n", 1)[0],
  timestamp,
  url: `${web}/-/commit/${id}`,
  author,
  added,
  modified,
  removed,
});
