import type { Forge } from "../../handlers/shared/forge";
import {
  bitbucketPush,
  COMMIT,
  FORMER,
  giteePush,
  giteeSign,
  gitlabPush,
  hubSignature,
} from "../handlers/webhook/samples";

/** When API Gateway takes the deliveries in. */
export const NOW = Date.parse("2026-01-05T12:00:00Z");
export const secretOf = (forge: Forge) => `${forge}-Hcq3zy0Kf9Sg7p2Vn5Xb8Jd4Lm6Rt1Ya0Uhe`;

export const DELIVERIES: Record<Forge, string> = {
  github: "8b5f2a80-5f2c-11ef-9c1d-2b0d4e8f7a11",
  gitlab: "f5e5f430-f57b-4e6e-9fac-d9128cd7232f",
  bitbucket: "5e3b5a5c-1f0b-4d0a-8a52-0e3bb7a1c0de",
  gitee: String(NOW - 500),
};

export interface Sent {
  headers: Record<string, string>;
  body: string;
}

/** A push to main as each forge sends it. */
export const pushes: Record<Forge, (secret: string) => Sent> = {
  github(secret) {
    const body = JSON.stringify({
      ref: "refs/heads/main",
      before: FORMER,
      after: COMMIT,
      deleted: false,
      repository: { full_name: "acme/storefront", pushed_at: NOW / 1_000 - 1 },
    });
    const headers = { "x-github-event": "push", "x-github-delivery": DELIVERIES.github };
    return { headers: { ...headers, "x-hub-signature-256": hubSignature(body, secret) }, body };
  },
  gitlab: (secret) => ({
    headers: {
      "x-gitlab-event": "Push Hook",
      "idempotency-key": DELIVERIES.gitlab,
      "x-gitlab-webhook-uuid": "0b7f8a4e-7c4d-4a53-8a06-3f0a6d6c9b11",
      "x-gitlab-token": secret,
    },
    body: JSON.stringify(gitlabPush),
  }),
  bitbucket: (secret) => bitbucketOf(bitbucketPush, secret),
  gitee(secret) {
    const sign = giteeSign(DELIVERIES.gitee, secret);
    return giteeOf({ ...giteePush, timestamp: DELIVERIES.gitee, sign }, sign);
  },
};

export function bitbucketOf(payload: object, secret = secretOf("bitbucket")): Sent {
  const body = JSON.stringify(payload);
  const headers = { "x-event-key": "repo:push", "x-request-uuid": DELIVERIES.bitbucket, "x-attempt-number": "1" };
  return { headers: { ...headers, "x-hub-signature": hubSignature(body, secret) }, body };
}

export const giteeOf = (payload: object, token: string, headers: Record<string, string> = {}): Sent => ({
  headers: {
    "x-gitee-event": "Push Hook",
    "x-gitee-ping": "false",
    "x-gitee-timestamp": DELIVERIES.gitee,
    "x-gitee-token": token,
    ...headers,
  },
  body: JSON.stringify(payload),
});

/** What would let whoever reads it send deliveries too. */
export const proofsIn = (headers: Record<string, string>) =>
  ["x-hub-signature-256", "x-hub-signature", "x-gitlab-token", "x-gitee-token"].flatMap((each) => headers[each] ?? []);
