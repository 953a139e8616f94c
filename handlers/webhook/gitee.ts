import { createHmac } from "node:crypto";
import { readJson } from "../shared/http/request";
import { isSame } from "../shared/secret";
import type { Adapter, Delivery } from "./adapter";
import { announcementIn } from "./announcement";
import { fieldsOf, isoTime, readUpdate } from "./payload";

const TOKEN = "x-gitee-token";
const TIMESTAMP = "x-gitee-timestamp";

/** Gitee's own limit for the receiver's clock difference. */
const HOUR = 60 * 60_000;

/**
 * Webhooks of Gitee: https://help.gitee.com/webhook/gitee-webhook-push-data-format. The body repeats the password or
 * the signature, so only names and commits from it may appear in answers and logs.
 */
export const gitee: Adapter = {
  refuse: (headers) =>
    headers[TOKEN] ? undefined : "X-Gitee-Token is missing: put the secret into the webhook's password or signing key",
  isSentWith,
  mismatch: "X-Gitee-Token is neither the secret nor its signature of an X-Gitee-Timestamp within an hour of now",
  announce(headers) {
    // Gitee sends no delivery id, but a timestamp in milliseconds, which the signature covers. Deduplication uses it
    // together with the commit and the application.
    const announced = announcementIn(headers, {
      event: "X-Gitee-Event",
      push: "Push Hook",
      delivery: ["X-Gitee-Timestamp"],
    });
    // Gitee's *Test* button sends a sample push with this header.
    return announced.kind !== "malformed" && headers["x-gitee-ping"] === "true"
      ? { kind: "ping", delivery: announced.delivery }
      : announced;
  },
  contentTypes: ["application/json"],
  readPayload: readJson,
  readPush(payload, now) {
    const { ref, before, after, deleted, repository } = fieldsOf(payload);
    const { path_with_namespace, pushed_at } = fieldsOf(repository);
    return readUpdate({
      ref,
      before,
      after,
      deleted,
      repository: path_with_namespace,
      repositoryField: "repository.path_with_namespace",
      pushedAt: isoTime(pushed_at, now),
    });
  },
};

/**
 * The token is the secret itself or the secret's signature of the timestamp, depending on the webhook's settings. The
 * signature does not cover the body: anyone who sees a request can reuse the token with another body for an hour. Both
 * forms are always compared, so that the response time reveals nothing.
 */
function isSentWith(secret: string, { headers }: Delivery, now: number): boolean {
  const token = headers[TOKEN] ?? "";
  const timestamp = headers[TIMESTAMP] ?? "";
  const signature = createHmac("sha256", secret).update(`${timestamp}\n${secret}`).digest("base64");
  const isPassword = isSame(token, secret);
  // The documentation says the signature is URL-encoded; in practice Gitee sends it unencoded.
  // https://help.gitee.com/webhook/how-to-verify-webhook-keys
  const isSignature = isSame(decoded(token), signature);
  return isPassword || (isSignature && Math.abs(now - Number(timestamp)) <= HOUR);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
