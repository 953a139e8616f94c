import { createHmac } from "node:crypto";
import type { Delivery } from "../../../handlers/webhook/adapter";

/** Push events as the forges document them, of one push to `main`. */
export const COMMIT = "0123456789abcdef0123456789abcdef01234567";
export const FORMER = "76543210fedcba9876543210fedcba9876543210";
export const NOBODY = "0".repeat(40);

/** https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events */
export const gitlabPush = {
  object_kind: "push",
  event_name: "push",
  before: FORMER,
  after: COMMIT,
  ref: "refs/heads/main",
  ref_protected: true,
  checkout_sha: COMMIT,
  project_id: 15,
  project: {
    id: 15,
    name: "Storefront",
    namespace: "Shops",
    path_with_namespace: "acme/shops/storefront",
    default_branch: "main",
    web_url: "https://gitlab.com/acme/shops/storefront",
    git_http_url: "https://gitlab.com/acme/shops/storefront.git",
  },
  commits: [{ id: COMMIT, message: "Sell more\n", title: "Sell more", timestamp: "2025-12-24T18:00:00+01:00" }],
  total_commits_count: 1,
};

/** A reference in a change of Bitbucket's. */
export const bitbucketReference = (name: string, hash = COMMIT, type = "branch") => ({
  type,
  name,
  target: { type: "commit", hash, date: "2025-12-24T17:00:00+00:00", message: "Sell more\n" },
});

/** https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Push */
export const bitbucketPush = {
  actor: { type: "user", nickname: "acme-bot" },
  repository: {
    type: "repository",
    full_name: "acme/storefront",
    name: "Storefront",
    scm: "git",
    uuid: "{7cbf9b5c-1a86-4b3e-9c4e-0d3b0c4f2a11}",
    is_private: true,
  },
  push: {
    changes: [
      {
        new: bitbucketReference("main"),
        old: bitbucketReference("main", FORMER),
        created: false,
        closed: false,
        forced: false,
        commits: [{ type: "commit", hash: COMMIT, message: "Sell more\n" }],
        truncated: true,
      },
    ],
  },
};

/** https://help.gitee.com/webhook/gitee-webhook-push-data-format, with what the body repeats of the headers. */
export const giteePush = {
  hook_name: "push_hooks",
  hook_id: 1,
  hook_url: "https://gitee.com/acme/storefront/hooks/1/edit",
  password: "",
  timestamp: "1767607201988",
  sign: "",
  ref: "refs/heads/main",
  before: FORMER,
  after: COMMIT,
  created: false,
  deleted: false,
  total_commits_count: 1,
  commits_more_than_ten: false,
  head_commit: { id: COMMIT, message: "Sell more\n", timestamp: "2025-12-25T01:00:00+08:00" },
  repository: {
    id: 120249025,
    name: "Storefront",
    path: "storefront",
    full_name: "acme/storefront",
    namespace: "acme",
    name_with_namespace: "Acme/Storefront",
    path_with_namespace: "acme/storefront",
    pushed_at: "2026-01-05T18:00:00+08:00",
  },
};

/** The text that Gitee puts into `X-Gitee-Token` and into the body's `sign`. */
export const giteeSign = (timestamp: number | string, secret: string) =>
  createHmac("sha256", secret).update(`${timestamp}\n${secret}`).digest("base64");

/** The value of `X-Hub-Signature`. */
export const hubSignature = (body: string, secret: string) =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

export const deliveryOf = (headers: Delivery["headers"], body = ""): Delivery => ({ headers, body: Buffer.from(body) });
