import { createHmac } from "node:crypto";
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
import type { Webhook } from "./webhook";

const host = "gitee.com";
const address = `https://${host}`;
const user = { id: 4, name: author.name, email: author.email, username: "acme", user_name: "acme" };

/** gitee.com: https://help.gitee.com/webhook/gitee-webhook-push-data-format */
export function createGitee(): Site {
  return {
    host,
    hosts: [],
    routes: [archiveRoute, ...gitRoutes(host, "Gitee")],
    pushEvents: (push) => push.map(pushEvent),
    encode({ event, hook, payload, at }) {
      const timestamp = String(Math.floor(at));
      const sign = hook.signed ? signature(hook.secret, timestamp) : "";
      // The body contains the password too: logging it leaks the password.
      const credentials = { password: hook.signed ? "" : hook.secret, timestamp, sign };
      return {
        body: JSON.stringify({ ...payload, hook_id: hook.id, hook_url: hookUrl(hook), ...credentials }),
        headers: {
          "content-type": "application/json",
          "user-agent": "git-oschina-hook",
          "x-gitee-event": event,
          "x-gitee-timestamp": timestamp,
          "x-gitee-token": hook.signed ? sign : hook.secret,
        },
      };
    },
  };
}

/** https://help.gitee.com/webhook/how-to-verify-webhook-keys */
const signature = (secret: string, timestamp: string): string =>
  createHmac("sha256", secret).update(`${timestamp}\n${secret}`).digest("base64");

const hookUrl = ({ repository, id }: Webhook): string => `${address}/${repository}/hooks/${id}/edit`;

/** On the website, archives require a login; the API serves them to everyone: https://gitee.com/api/v5/swagger */
const archiveRoute: Route = {
  host,
  method: "GET",
  path: /^\/api\/v5\/repos\/([^/]+\/[^/]+)\/(zipball)$/,
  admits: admitsToken(authorizationToken),
  refuse: refuseByJson(authorizationToken, {
    anonymous: "Not Found Project",
    refused: "401 Unauthorized: Access token does not exist",
  }),
  async serve({ response, hosted, url, sendArchive }) {
    const name = hosted.repository.name.split("/")[1];
    const found = await sendArchive(url.searchParams.get("ref") ?? "HEAD", (commit) => `${name}-${commit}`);
    if (!found) answerJson(response, 404, { message: "Not Found" });
  },
};

function pushEvent({ repository, update, commits, head, pushedAt }: PushFacts): Event {
  const isBranch = branchOf(update.ref) !== undefined;
  const web = `${address}/${repository}`;
  const project = { ...projectOf(repository), pushed_at: new Date(pushedAt).toISOString() };
  const payload = {
    hook_name: isBranch ? "push_hooks" : "tag_push_hooks",
    ref: update.ref,
    before: update.before,
    after: update.after,
    created: update.before === noCommit,
    deleted: update.after === noCommit,
    compare: `${web}/compare/${update.before}...${update.after}`,
    commits: commits.map((commit) => written(commit, web)),
    head_commit: head === undefined ? null : written(head, web),
    total_commits_count: commits.length,
    commits_more_than_ten: commits.length > 10,
    project,
    repository: project,
    user_id: user.id,
    user_name: user.name,
    user,
    pusher: user,
    sender: user,
    enterprise: null,
  };
  return { name: isBranch ? "Push Hook" : "Tag Push Hook", payload };
}

function projectOf(repository: string): object {
  const [namespace = "", name = ""] = repository.split("/");
  const web = `${address}/${repository}`;
  return {
    id: 15,
    name,
    path: name,
    full_name: repository,
    path_with_namespace: repository,
    name_with_namespace: repository,
    namespace,
    private: true,
    default_branch: "main",
    url: web,
    html_url: web,
    clone_url: `${web}.git`,
    git_http_url: `${web}.git`,
    git_ssh_url: `git@${host}:${repository}.git`,
    ssh_url: `git@${host}:${repository}.git`,
  };
}

const written = ({ id, tree, message, timestamp, added, removed, modified }: Commit, web: string) => ({
  id,
  tree_id: tree,
  distinct: true,
  message,
  timestamp,
  url: `${web}/commit/${id}`,
  author: { ...user, time: timestamp },
  committer: user,
  added,
  removed,
  modified,
});
