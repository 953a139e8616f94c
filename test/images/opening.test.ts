import { expect } from "chai";
import type { GitHub, PullRequest } from "../../images/gitops-pr/github";
import type { Options } from "../../images/gitops-pr/options";
import { openPullRequest } from "../../images/gitops-pr/pullRequest";
import type { PullRequestRecord } from "../../images/gitops-pr/pullRequestRecord";

const record: PullRequestRecord = {
  id: "8".repeat(32),
  attempt: "00000000-0000-4000-8000-000000000001",
  service: "storefront",
  environment: "dev",
  revision: "1".repeat(40),
  image: "storefront:v2",
  repository: "acme/storefront",
  state: "running",
  requestedAt: "2026-03-01T10:00:00.000Z",
  updatedAt: "2026-03-01T10:00:00.000Z",
};
const NOW = Date.parse("2026-03-01T10:01:00.000Z");

const options: Options = {
  github: "https://github.com",
  api: "https://api.github.com",
  repository: "acme/gitops",
  branch: "main",
  table: "records",
  author: { name: "slipway", email: "slipway@acme.example" },
  reviewers: [],
  teamReviewers: [],
  labels: [],
};

/** A GitHub whose list of open pull requests shows a new one only after being asked so often. */
function laggingGitHub(lag: number, creation: "created" | "exists") {
  const opened: PullRequest[] = [];
  let lists = 0;
  const unexpected = () => Promise.reject(new Error("not expected"));
  const github: GitHub = {
    viewer: unexpected,
    open: async () => (++lists > lag ? opened : []),
    merged: async () => [],
    create: async ({ head, body }) => {
      const url = "https://github.com/acme/gitops/pull/7";
      const pullRequest = { number: 7, url, author: "slipway-bot", head, body, createdAt: "2026-03-01T10:00:30Z" };
      opened.push(pullRequest);
      return creation === "created" ? { kind: "created", pullRequest } : { kind: "exists" };
    },
    setBody: unexpected,
    requestReview: unexpected,
    addLabels: unexpected,
    comment: unexpected,
    close: unexpected,
  };
  return github;
}

describe("images/gitops-pr opening", () => {
  const open = async (github: GitHub) => {
    const pauses: number[] = [];
    const patience = {
      pauses: [2_000, 4_000],
      limit: 120_000,
      now: () => NOW,
      sleep: async (milliseconds: number) => pauses.push(milliseconds),
    };
    const trust = { bot: "slipway-bot", now: NOW };
    const context = { options, github, log: () => undefined, patience, trust };
    const outcome = await openPullRequest(context, record).catch(({ message }: Error) => message);
    return { outcome, pauses };
  };
  const opened = { state: "opened", url: "https://github.com/acme/gitops/pull/7" };

  it("finds a pull request that exists, and that GitHub's list shows seconds later", async () => {
    expect(await open(laggingGitHub(2, "exists"))).to.deep.equal({ outcome: opened, pauses: [2_000, 4_000] });
  });

  it("looks for others only once GitHub's list shows its own", async () => {
    expect(await open(laggingGitHub(1, "created"))).to.deep.equal({ outcome: opened, pauses: [2_000] });
  });

  it("has opened what GitHub's list never shows", async () => {
    expect(await open(laggingGitHub(9, "created"))).to.deep.equal({ outcome: opened, pauses: [2_000, 4_000] });
  });

  it("fails where a pull request exists that GitHub's list never shows", async () => {
    const head = "slipway/storefront/dev/[0-9a-f]{12}";
    const { outcome } = await open(laggingGitHub(9, "exists"));
    expect(outcome).to.match(
      new RegExp(`^GitHub reports an open pull request for ${head}, but lists none: try again$`),
    );
  });
});
