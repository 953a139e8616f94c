import { readJson } from "../shared/http/request";
import { isSame } from "../shared/secret";
import type { Adapter } from "./adapter";
import { announcementIn } from "./announcement";
import { fieldsOf, readUpdate, timeOfReceipt } from "./payload";

/** GitLab sends the secret token itself: https://docs.gitlab.com/user/project/integrations/webhooks/ */
const TOKEN = "x-gitlab-token";

/**
 * Webhooks of GitLab. There is no ping: *Test* sends a push of the default branch. GitLab sends no webhook when a push
 * updates more than three branches (setting `push_event_hooks_limit`).
 */
export const gitlab: Adapter = {
  refuse: (headers) =>
    headers[TOKEN] ? undefined : "X-Gitlab-Token is missing: put the secret into the webhook's secret token",
  isSentWith: (secret, { headers }) => isSame(headers[TOKEN] ?? "", secret),
  mismatch: "X-Gitlab-Token is not the secret",
  announce: (headers) =>
    announcementIn(headers, {
      event: "X-Gitlab-Event",
      push: "Push Hook",
      // Before 17.4 there is no Idempotency-Key. Other webhooks' requests may share the event's UUID.
      delivery: ["Idempotency-Key", "X-Gitlab-Event-UUID"],
    }),
  contentTypes: ["application/json"],
  readPayload: readJson,
  readPush(payload, now) {
    const { ref, before, after, project } = fieldsOf(payload);
    return readUpdate({
      ref,
      before,
      after,
      repository: fieldsOf(project).path_with_namespace,
      repositoryField: "project.path_with_namespace",
      // GitLab sends only the commit dates, not the time of the push.
      pushedAt: timeOfReceipt(now),
    });
  },
};
