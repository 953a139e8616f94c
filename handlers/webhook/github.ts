import type { Adapter } from "./adapter";
import { announcementIn } from "./announcement";
import { fieldsOf, isoTime, readUpdate } from "./payload";
import { readPayload } from "./request";
import { isSignature, isSignedBy } from "./signature";

/** https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
const SIGNATURE = "x-hub-signature-256";

/** Webhooks of GitHub and GitHub Enterprise Server. */
export const github: Adapter = {
  refuse: (headers) =>
    isSignature(headers[SIGNATURE]) ? undefined : "X-Hub-Signature-256 is missing or is not a SHA-256 signature",
  isSentWith: (secret, { headers, body }) => isSignedBy(secret, body, headers[SIGNATURE] ?? ""),
  mismatch: "X-Hub-Signature-256 does not match the body and the secret",
  announce(headers) {
    const announced = announcementIn(headers, {
      event: "X-GitHub-Event",
      push: "push",
      delivery: ["X-GitHub-Delivery"],
    });
    return announced.kind === "other" && announced.event === "ping"
      ? { kind: "ping", delivery: announced.delivery }
      : announced;
  },
  contentTypes: ["application/json", "application/x-www-form-urlencoded"],
  readPayload,
  readPush(payload, now) {
    const { ref, before, after, deleted, repository } = fieldsOf(payload);
    const { full_name, pushed_at } = fieldsOf(repository);
    return readUpdate({
      ref,
      before,
      after,
      deleted,
      repository: full_name,
      repositoryField: "repository.full_name",
      // Epoch seconds in push events, ISO 8601 in most others; the schema also allows null.
      pushedAt: isoTime(pushed_at, now),
    });
  },
};
