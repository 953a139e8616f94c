// GitHub's own examples: an invented payload would have the fields that we expect, not those that GitHub sends.
import definitions, { type WebhookDefinition } from "@octokit/webhooks-examples";
import { author } from "./git";
import { type Commit, noCommit, type RefUpdate } from "./repository";
import type { PushFacts } from "./site";

export type PushPayload = WebhookDefinition<"push">["examples"][number];
export type PingPayload = WebhookDefinition<"ping">["examples"][number];

/** The examples' repository and branch. */
const example = {
  fullName: /(Codertocat|Octocoders)\/Hello-World/g,
  owner: /Codertocat|Octocoders/g,
  name: /Hello-World/g,
};

/**
 * Re-addresses an example to a repository.
 * @param repository `acme/storefront`
 */
function readdress<T>(payload: T, repository: string): T {
  const [owner = "", name = ""] = repository.split("/");
  const text = JSON.stringify(payload)
    .replace(example.fullName, repository)
    .replace(example.owner, owner)
    .replace(example.name, name);
  return JSON.parse(text);
}

type EventName = WebhookDefinition["name"];

function find<T>(event: EventName, accept: (payload: T) => boolean = () => true): T {
  const examples = (definitions.find((it) => it.name === event)?.examples ?? []) as T[];
  const found = examples.find(accept);
  if (found === undefined) throw new Error(`@octokit/webhooks-examples has no ${event} of the kind wanted here.`);
  return found;
}

/** GitHub's first example of an event, re-addressed to a repository. */
export const examplePayload = (event: EventName, repository: string): object =>
  readdress(find<object>(event), repository);

/** The closest example: for a tag or branch, deleted or not. */
function exampleOf({ ref, after }: RefUpdate): PushPayload {
  if (ref.startsWith("refs/tags/"))
    return find("push", (it) => it.ref.startsWith("refs/tags/") && it.deleted === (after === noCommit));
  if (after !== noCommit) return find("push", (it) => it.ref.startsWith("refs/heads/") && !it.deleted);
  // There is no example of a deleted branch: only the reference's name differs from a deleted tag's.
  return find("push", (it) => it.deleted);
}

/**
 * GitHub's payload for a push.
 * @param host of this GitHub
 */
export function pushPayload(facts: PushFacts, host: string): PushPayload {
  const { repository, update } = facts;
  const payload = readdress(exampleOf(update), repository);
  const address = `https://${host}/${repository}`;
  const written = (commit: Commit) => ({
    id: commit.id,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: commit.timestamp,
    url: `${address}/commit/${commit.id}`,
    author: { ...author, username: payload.sender.login },
    committer: { ...author, username: payload.sender.login },
    added: commit.added,
    removed: commit.removed,
    modified: commit.modified,
  });
  return {
    ...payload,
    ref: update.ref,
    before: update.before,
    after: update.after,
    created: update.before === noCommit,
    deleted: update.after === noCommit,
    forced: facts.forced,
    compare: `${address}/compare/${update.before.slice(0, 12)}...${update.after.slice(0, 12)}`,
    commits: facts.commits.map(written),
    head_commit: facts.head === undefined ? null : written(facts.head),
    repository: {
      ...payload.repository,
      default_branch: "main",
      master_branch: "main",
      pushed_at: Math.floor(facts.pushedAt / 1000),
    },
    pusher: { name: payload.sender.login, email: author.email },
  } as PushPayload;
}

export interface HookFacts {
  /** `acme/storefront` */
  repository: string;
  hookId: number;
  url: string;
  contentType: "json" | "form";
}

/** GitHub's payload for a new webhook. */
export function pingPayload({ repository, hookId, url, contentType }: HookFacts): PingPayload {
  const payload = readdress(
    find<PingPayload>("ping", (it) => it.hook.type === "Repository"),
    repository,
  );
  return {
    ...payload,
    hook_id: hookId,
    hook: {
      ...payload.hook,
      id: hookId,
      events: ["push"],
      config: { ...payload.hook.config, content_type: contentType, url },
    },
  };
}
