import { expect } from "chai";
import { gitlab } from "../../../handlers/webhook/gitlab";
import { COMMIT, deliveryOf, FORMER, gitlabPush, NOBODY } from "./samples";

const NOW = Date.parse("2026-01-05T12:00:00Z");
const SECRET = "wkEHTcQ3zy0Kf9Sg7p2Vn5Xb8Jd4Lm6Rt1Ya0Uhe";

describe("webhook of GitLab", () => {
  it("is refused without the secret token", () => {
    const reason = "X-Gitlab-Token is missing: put the secret into the webhook's secret token";
    expect(gitlab.refuse({})).to.equal(reason);
    expect(gitlab.refuse({ "x-gitlab-token": "" })).to.equal(reason);
    expect(gitlab.refuse({ "x-gitlab-token": "anything" })).to.equal(undefined);
  });

  const tokens: [string, string | undefined, boolean][] = [
    ["the secret", SECRET, true],
    ["another one", SECRET.toLowerCase(), false],
    ["the secret's beginning", SECRET.slice(0, -1), false],
    ["more than the secret", `${SECRET}e`, false],
    ["none", undefined, false],
  ];
  for (const [what, token, sent] of tokens) {
    it(`is ${sent ? "" : "not "}sent with the secret if its token is ${what}`, () => {
      expect(gitlab.isSentWith(SECRET, deliveryOf({ "x-gitlab-token": token }), NOW)).to.equal(sent);
    });
  }

  const key = "f5e5f430-f57b-4e6e-9fac-d9128cd7232f";
  const uuid = "13792a34-cac6-4fda-95a8-c58e00a3954e";
  const announcements: [string, Record<string, string>, object][] = [
    ["a push", { "x-gitlab-event": "Push Hook", "idempotency-key": key }, { kind: "push", delivery: key }],
    [
      "a push, which has the event's UUID too",
      { "x-gitlab-event": "Push Hook", "idempotency-key": key, "x-gitlab-event-uuid": uuid },
      { kind: "push", delivery: key },
    ],
    [
      "a push of a GitLab before 17.4",
      { "x-gitlab-event": "Push Hook", "x-gitlab-event-uuid": uuid },
      { kind: "push", delivery: uuid },
    ],
    [
      "a tag",
      { "x-gitlab-event": "Tag Push Hook", "idempotency-key": key },
      { kind: "other", delivery: key, event: "Tag Push Hook" },
    ],
    ["no event", { "idempotency-key": key }, { kind: "malformed", reason: "X-Gitlab-Event is missing" }],
    [
      "no delivery",
      { "x-gitlab-event": "Push Hook", "x-gitlab-webhook-uuid": uuid },
      { kind: "malformed", reason: "Idempotency-Key or X-Gitlab-Event-UUID is missing" },
    ],
  ];
  for (const [what, headers, announced] of announcements) {
    it(`announces ${what}`, () => {
      expect(gitlab.announce(headers)).to.deep.equal(announced);
    });
  }

  it("tells of a push in a subgroup, by the time of its receipt: GitLab has none", () => {
    expect(gitlab.readPush(gitlabPush, NOW)).to.deep.equal([
      {
        kind: "push",
        push: {
          repository: "acme/shops/storefront",
          branch: "main",
          commit: COMMIT,
          before: FORMER,
          pushedAt: "2026-01-05T12:00:00.000Z",
        },
      },
    ]);
  });

  const others: [string, unknown, object][] = [
    [
      "a deletion, which the zeros alone say",
      { ...gitlabPush, after: NOBODY, checkout_sha: null, commits: [] },
      [{ kind: "ignore", reason: "branch main was deleted" }],
    ],
    [
      "a tag",
      { ...gitlabPush, object_kind: "tag_push", ref: "refs/tags/v1.0.0" },
      [{ kind: "ignore", reason: "refs/tags/v1.0.0 is not a branch" }],
    ],
    [
      "no project",
      { ...gitlabPush, project: undefined },
      { kind: "malformed", reason: "not a push: project.path_with_namespace is missing" },
    ],
    [
      "a commit of another length",
      { ...gitlabPush, after: `${COMMIT}0123456789abcdef01234567` },
      { kind: "malformed", reason: "not a push: after is missing or is not a commit" },
    ],
    ["nothing", null, { kind: "malformed", reason: "not a push: ref is missing or is not a reference" }],
  ];
  for (const [what, payload, read] of others) {
    it(`tells of no push with ${what}`, () => {
      expect(gitlab.readPush(payload, NOW)).to.deep.equal(read);
    });
  }
});
