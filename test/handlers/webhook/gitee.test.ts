import { expect } from "chai";
import { gitee } from "../../../handlers/webhook/gitee";
import { COMMIT, deliveryOf, FORMER, giteePush, giteeSign, NOBODY } from "./samples";

const NOW = Date.parse("2026-01-05T12:00:00Z");
const HOUR = 3_600_000;
// This secret's signature has all of what an URL would have to encode: +, / and =.
const SECRET = "this is secret";
const SIGNED_AT = 1767607201000;
const SIGN = "u+zcdwyyjuebptJ/N64mQqfbKOfiMFiy+tm4NDq+CxI=";

describe("webhook of Gitee", () => {
  it("is refused without a token", () => {
    const reason = "X-Gitee-Token is missing: put the secret into the webhook's password or signing key";
    expect(gitee.refuse({ "x-gitee-timestamp": "1767607201988" })).to.equal(reason);
    expect(gitee.refuse({ "x-gitee-token": "anything" })).to.equal(undefined);
  });

  it("is signed as Gitee's documentation computes it", () => {
    expect(giteeSign(SIGNED_AT, SECRET)).to.equal(SIGN);
  });

  const signed = (at: number, secret = SECRET) => ({
    "x-gitee-token": giteeSign(at, secret),
    "x-gitee-timestamp": String(at),
  });
  const encoded = encodeURIComponent(SIGN);
  const deliveries: [string, Record<string, string>, boolean, number?][] = [
    ["the secret for a token", { "x-gitee-token": SECRET, "x-gitee-timestamp": String(NOW) }, true],
    ["the secret for a token, at whatever time", { "x-gitee-token": SECRET }, true],
    ["a percent sign in a token", { "x-gitee-token": "100%" }, false],
    ["another secret for a token", { "x-gitee-token": "this is Secret" }, false],
    ["the secret's beginning", { "x-gitee-token": "this is" }, false],
    ["a signature", signed(NOW), true],
    [
      "a signature as the documentation encodes it",
      { ...signed(SIGNED_AT), "x-gitee-token": encoded },
      true,
      SIGNED_AT,
    ],
    ["a signature of an hour ago", signed(NOW - HOUR), true],
    ["a signature of longer ago", signed(NOW - HOUR - 1), false],
    ["a signature of an hour ahead", signed(NOW + HOUR), true],
    ["a signature of further ahead", signed(NOW + HOUR + 1), false],
    ["a former signature with a new time", { ...signed(NOW - HOUR - 1), "x-gitee-timestamp": String(NOW) }, false],
    ["a signature by another secret", signed(NOW, "another"), false],
    ["a signature without its time", { "x-gitee-token": giteeSign(NOW, SECRET) }, false],
    ["a signature of no time", { "x-gitee-token": giteeSign("", SECRET), "x-gitee-timestamp": "" }, false],
    [
      "a signature of a time in words",
      { "x-gitee-token": giteeSign("Infinity", SECRET), "x-gitee-timestamp": "Infinity" },
      false,
    ],
    ["a signature of seconds", signed(NOW / 1_000), false],
    ["no token", { "x-gitee-timestamp": String(NOW) }, false],
  ];
  for (const [what, headers, sent, now = NOW] of deliveries) {
    it(`is ${sent ? "" : "not "}sent with the secret if it has ${what}`, () => {
      expect(gitee.isSentWith(SECRET, deliveryOf(headers), now)).to.equal(sent);
    });
  }

  const time = { "x-gitee-timestamp": "1767607201988" };
  const delivery = "1767607201988";
  const announcements: [string, Record<string, string>, object][] = [
    ["a push", { ...time, "x-gitee-event": "Push Hook", "x-gitee-ping": "false" }, { kind: "push", delivery }],
    ["its test", { ...time, "x-gitee-event": "push_hooks", "x-gitee-ping": "true" }, { kind: "ping", delivery }],
    [
      "its test of a push",
      { ...time, "x-gitee-event": "Push Hook", "x-gitee-ping": "true" },
      { kind: "ping", delivery },
    ],
    ["a tag", { ...time, "x-gitee-event": "Tag Push Hook" }, { kind: "other", delivery, event: "Tag Push Hook" }],
    ["no event", time, { kind: "malformed", reason: "X-Gitee-Event is missing" }],
    [
      "a test of nothing",
      { ...time, "x-gitee-ping": "true" },
      { kind: "malformed", reason: "X-Gitee-Event is missing" },
    ],
    ["no time", { "x-gitee-event": "Push Hook" }, { kind: "malformed", reason: "X-Gitee-Timestamp is missing" }],
  ];
  for (const [what, headers, announced] of announcements) {
    it(`announces ${what}`, () => {
      expect(gitee.announce(headers)).to.deep.equal(announced);
    });
  }

  const push = {
    repository: "acme/storefront",
    branch: "main",
    commit: COMMIT,
    before: FORMER,
    pushedAt: "2026-01-05T10:00:00.000Z",
  };
  const readings: [string, unknown, object][] = [
    ["a push", giteePush, [{ kind: "push", push }]],
    [
      "a push without its time",
      { ...giteePush, repository: { ...giteePush.repository, pushed_at: null } },
      [{ kind: "push", push: { ...push, pushedAt: "2026-01-05T12:00:00.000Z" } }],
    ],
    [
      "a deletion",
      { ...giteePush, after: NOBODY, deleted: true },
      [{ kind: "ignore", reason: "branch main was deleted" }],
    ],
    [
      "a tag",
      { ...giteePush, hook_name: "tag_push_hooks", ref: "refs/tags/v1" },
      [{ kind: "ignore", reason: "refs/tags/v1 is not a branch" }],
    ],
    [
      "no repository",
      { ...giteePush, repository: undefined },
      { kind: "malformed", reason: "not a push: repository.path_with_namespace is missing" },
    ],
    ["a list", [], { kind: "malformed", reason: "not a push: ref is missing or is not a reference" }],
  ];
  for (const [what, payload, read] of readings) {
    it(`with ${what} is read as such`, () => {
      expect(gitee.readPush(payload, NOW)).to.deep.equal(read);
    });
  }
});
