import { expect } from "chai";
import { messageDeduplication, messageGroup, type PushMessage, parseMessage } from "../../../handlers/shared/message";

const message: PushMessage = {
  forge: "github",
  repository: "acme/storefront",
  branch: "feature/basket",
  commit: "0123456789abcdef0123456789abcdef01234567",
  delivery: "8b5f2a80-5f2c-11ef-9c1d-2b0d4e8f7a11",
  pushedAt: "2026-01-05T10:00:00.000Z",
  application: "storefront",
};

describe("push message", () => {
  it("is read back as it was written", () => {
    expect(parseMessage(JSON.stringify(message))).to.deep.equal(message);
  });

  it("may say what the branch was at before", () => {
    const following = { ...message, before: "f".repeat(40) };
    expect(parseMessage(JSON.stringify(following))).to.deep.equal(following);
  });

  it("that an earlier version of the program has queued is GitHub's", () => {
    const { forge: _forge, ...earlier } = message;
    expect(parseMessage(JSON.stringify(earlier))).to.deep.equal(message);
  });

  it("may be of a repository in groups of GitLab", () => {
    const nested: PushMessage = { ...message, forge: "gitlab", repository: "acme/web/shop/storefront" };
    expect(parseMessage(JSON.stringify(nested))).to.deep.equal(nested);
  });

  const mistakes: [string, Record<string, unknown>, string][] = [
    ["no commit", { commit: undefined }, "the message's commit is undefined, expected ^[0-9a-f]{40}$"],
    ["a short commit before", { before: "0123456" }, `the message's before is "0123456", expected ^[0-9a-f]{40}$`],
    ["a short commit", { commit: "0123456" }, `the message's commit is "0123456", expected ^[0-9a-f]{40}$`],
    [
      "no owner",
      { repository: "storefront" },
      `the message's repository is "storefront", expected ^[^/\\s]+\\/[^/\\s]+$`,
    ],
    [
      "groups, which GitHub has not",
      { repository: "acme/web/storefront" },
      `the message's repository is "acme/web/storefront", expected ^[^/\\s]+\\/[^/\\s]+$`,
    ],
    [
      "no group at GitLab",
      { forge: "gitlab", repository: "storefront" },
      `the message's repository is "storefront", expected ^[^/\\s]+(\\/[^/\\s]+)+$`,
    ],
    [
      "a forge that nobody knows",
      { forge: "sourceforge" },
      `the message's forge is "sourceforge", expected one of github, gitlab, bitbucket, gitee`,
    ],
    ["a number for a delivery", { delivery: 1 }, "the message's delivery is 1, expected ."],
    ["an empty branch", { branch: "" }, `the message's branch is "", expected .`],
    [
      "a time in seconds",
      { pushedAt: 1767607200 },
      "the message's pushedAt is 1767607200, expected ^\\d{4}-\\d\\d-\\d\\dT",
    ],
  ];
  for (const [what, change, error] of mistakes) {
    it(`with ${what} is refused by the field's name`, () => {
      expect(() => parseMessage(JSON.stringify({ ...message, ...change }))).to.throw(error);
    });
  }

  it("that is no object is refused", () => {
    for (const body of ["null", '"push"', "1"]) {
      expect(() => parseMessage(body)).to.throw("the message is not a JSON object");
    }
  });

  it("has a group for each branch, that is allowed as an id", () => {
    expect(messageGroup(message)).to.equal("8164d648f060cd5b76403777f55616ced758a6ff5ed3fbf90f8ae6da632b3750");
    expect(messageGroup({ ...message, forge: "gitlab" })).not.to.equal(messageGroup(message));
    expect(messageGroup({ ...message, branch: "main" })).not.to.equal(messageGroup(message));
    expect(messageGroup({ ...message, commit: "f".repeat(40), delivery: "other" })).to.equal(messageGroup(message));
  });

  it("is deduplicated by delivery, commit and application", () => {
    const same = messageDeduplication({ ...message, pushedAt: "2026-01-05T10:00:01.000Z" });
    expect(same).to.equal(messageDeduplication(message));
    for (const change of [{ delivery: "other" }, { commit: "f".repeat(40) }, { application: "other" }]) {
      expect(messageDeduplication({ ...message, ...change })).not.to.equal(same);
    }
  });
});
