import { createHmac } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { author } from "./git";
import { branchOf, type Commit, noCommit } from "./repository";
import { admitsToken, answerText, authorizationToken, gitRoutes, type PushFacts, type Route, type Site } from "./site";

const host = "bitbucket.org";
const address = `https://${host}`;
const actor = {
  type: "user",
  display_name: author.name,
  nickname: "acme",
  account_id: "557058:00000000-0000-4000-8000-000000000004",
  uuid: "{00000000-0000-4000-8000-000000000004}",
};

/** Bitbucket Cloud: https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/ */
export function createBitbucket(): Site {
  return {
    host,
    hosts: [],
    routes: [archiveRoute, ...gitRoutes(host, "Bitbucket.org HTTP")],
    // One delivery contains everything that a push moved.
    pushEvents: (push) => (push.length === 0 ? [] : [{ name: "repo:push", payload: payloadOf(push) }]),
    encode({ event, guid, hook, payload, redelivery }) {
      const body = JSON.stringify(payload);
      return {
        body,
        headers: {
          "content-type": "application/json",
          "user-agent": "Bitbucket-Webhooks/2.0",
          "x-attempt-number": redelivery ? "2" : "1",
          "x-event-key": event,
          "x-hook-uuid": `00000000-0000-4000-8000-${String(hook.id).padStart(12, "0")}`,
          "x-hub-signature": `sha256=${createHmac("sha256", hook.secret).update(body).digest("hex")}`,
          "x-request-uuid": guid,
        },
      };
    },
  };
}

const notFound = (_: IncomingMessage, response: ServerResponse): void => answerText(response, 404, "Not Found");

const archiveRoute: Route = {
  host,
  method: "GET",
  path: /^\/([^/]+\/[^/]+)\/get\/(.+)\.zip$/,
  admits: admitsToken(authorizationToken),
  refuse: notFound,
  async serve({ request, response, hosted, rest, sendArchive }) {
    const name = hosted.repository.name.replace("/", "-");
    if (!(await sendArchive(rest, (commit) => `${name}-${commit.slice(0, 12)}`))) notFound(request, response);
  },
};

function payloadOf(push: PushFacts[]): object {
  const repository = push[0]?.repository ?? "";
  const [workspace = "", name = ""] = repository.split("/");
  const links = { html: { href: `${address}/${repository}` } };
  return {
    actor,
    repository: {
      type: "repository",
      full_name: repository,
      name,
      uuid: "{00000000-0000-4000-8000-000000000015}",
      scm: "git",
      is_private: true,
      workspace: {
        type: "workspace",
        slug: workspace,
        name: workspace,
        uuid: "{00000000-0000-4000-8000-000000000001}",
      },
      links,
    },
    push: { changes: push.map(changeOf) },
  };
}

function changeOf({ repository, update: { ref, before, after }, commits, head, forced }: PushFacts): object {
  const branch = branchOf(ref);
  const reference = { type: branch === undefined ? "tag" : "branch", name: branch ?? ref.replace("refs/tags/", "") };
  return {
    old: before === noCommit ? null : { ...reference, target: { type: "commit", hash: before } },
    new: head === undefined ? null : { ...reference, target: written(head, repository) },
    created: before === noCommit,
    closed: after === noCommit,
    forced,
    // Newest first, at most five.
    commits: commits
      .map((commit) => written(commit, repository))
      .reverse()
      .slice(0, 5),
    truncated: commits.length > 5,
  };
}

const written = ({ id, message, timestamp }: Commit, repository: string) => ({
  type: "commit",
  hash: id,
  message,
  date: timestamp,
  author: { type: "author", raw: `${author.name} <${author.email}>` },
  links: { html: { href: `${address}/${repository}/commits/${id}` } },
});
