import { expect } from "chai";
import { readAttempt, readOptions, readToken } from "../../images/gitops-pr/options";

const options = {
  github: "https://github.com",
  api: "https://api.github.com",
  repository: "acme/gitops",
  branch: "main",
  table: "slipway-pull-requests",
  author: { name: "slipway", email: "slipway@acme.example" },
  reviewers: [],
  teamReviewers: ["platform"],
  labels: [],
};
const help = "it is set by the task definition and by RunTask";

describe("images/gitops-pr options", () => {
  it("reads OPTIONS", () => {
    expect(readOptions({ OPTIONS: JSON.stringify(options) })).to.deep.equal(options);
  });

  const mistakes: [OPTIONS: unknown, message: string][] = [
    [undefined, `OPTIONS is not JSON: ${help}`],
    ["[]", `OPTIONS is not a JSON object: ${help}`],
    ...["github", "api", "repository", "branch", "table"].map((field): [unknown, string] => [
      JSON.stringify({ ...options, [field]: "" }),
      `OPTIONS.${field} is missing: ${help}`,
    ]),
    [JSON.stringify({ ...options, author: undefined }), `OPTIONS.author.name is missing: ${help}`],
    [JSON.stringify({ ...options, author: { name: "slipway" } }), `OPTIONS.author.email is missing: ${help}`],
    [JSON.stringify({ ...options, labels: [1] }), `OPTIONS.labels is not a list of strings: ${help}`],
  ];
  for (const [given, message] of mistakes) {
    it(`refuses OPTIONS ${given}`, () => {
      expect(() => readOptions({ OPTIONS: given as string })).to.throw(Error, message);
    });
  }

  it("reads PULL_REQUEST", () => {
    expect(readAttempt({ PULL_REQUEST: '{"id":"a","attempt":"b"}' })).to.deep.equal({ id: "a", attempt: "b" });
    expect(() => readAttempt({ PULL_REQUEST: '{"id":"a"}' })).to.throw(
      Error,
      `PULL_REQUEST.attempt is missing: ${help}`,
    );
    expect(() => readAttempt({})).to.throw(Error, `PULL_REQUEST is not JSON: ${help}`);
  });

  it("reads the token, with or without a newline at its end", () => {
    expect(readToken({ GITHUB_TOKEN: "ghp_0123\n" })).to.equal("ghp_0123");
  });

  const tokens: [token: string | undefined, message: string][] = [
    [undefined, "GITHUB_TOKEN is empty: check the secret that slipway:pullRequests.token names"],
    [" \n", "GITHUB_TOKEN is empty: check the secret that slipway:pullRequests.token names"],
    [
      "ghp_01 23",
      "GITHUB_TOKEN holds white space or characters that no token has: check the secret that slipway:pullRequests.token names",
    ],
  ];
  for (const [token, message] of tokens) {
    it(`refuses a token ${JSON.stringify(token)} and does not say it`, () => {
      expect(() => readToken({ GITHUB_TOKEN: token })).to.throw(Error, message);
    });
  }
});
