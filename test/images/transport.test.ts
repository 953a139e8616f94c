import { expect } from "chai";
import { type Answer, type GitHubServer, pull, START, startGitHubServer } from "./githubServer";

describe("images/gitops-pr transport", () => {
  let server: GitHubServer;

  beforeEach(async () => {
    server = await startGitHubServer();
  });
  afterEach(() => server.close());

  const done: Answer = { status: 201, body: pull(7) };
  const limited = (status: number, headers: Record<string, string>, message = "no"): Answer => ({
    status,
    headers,
    body: { message },
  });
  const reset = (seconds: number) => ({
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": String(START / 1_000 + seconds),
  });
  const limits: { name: string; answers: Answer[]; pauses: number[]; result: string }[] = [
    {
      name: "403 with seconds",
      answers: [limited(403, { "retry-after": "7" }), done],
      pauses: [7_000],
      result: "created 7",
    },
    {
      name: "429 with seconds",
      answers: [limited(429, { "retry-after": "90" }), done],
      pauses: [90_000],
      result: "created 7",
    },
    {
      name: "429 with a date",
      answers: [limited(429, { "retry-after": "Sun, 01 Mar 2026 10:00:30 GMT" }), done],
      pauses: [30_000],
      result: "created 7",
    },
    { name: "403 with its reset", answers: [limited(403, reset(45)), done], pauses: [45_000], result: "created 7" },
    { name: "a reset that is over", answers: [limited(403, reset(-5)), done], pauses: [1_000], result: "created 7" },
    {
      name: "403 in words alone",
      answers: [limited(403, {}, "You have exceeded a secondary rate limit."), done],
      pauses: [60_000],
      result: "created 7",
    },
    { name: "429 without a time", answers: [limited(429, {}), done], pauses: [60_000], result: "created 7" },
    {
      name: "three minutes in all",
      answers: Array.from({ length: 4 }, () => limited(429, {}, "Too many requests.")),
      pauses: [60_000, 60_000, 60_000],
      result:
        "cannot open a pull request: GitHub returned 429: Too many requests.; try again after 2026-03-01T10:04:00.000Z",
    },
    {
      name: "not an hour",
      answers: [limited(403, reset(3_600), "API rate limit exceeded for user ID 1.")],
      pauses: [],
      result:
        "cannot open a pull request: GitHub returned 403: API rate limit exceeded for user ID 1.; try again after " +
        "2026-03-01T11:00:00.000Z",
    },
    {
      name: "not where the token may not do it",
      answers: [limited(403, { "x-ratelimit-remaining": "4999" }, "Resource not accessible by personal access token")],
      pauses: [],
      result:
        "cannot open a pull request: GitHub returned 403: Resource not accessible by personal access token; check the " +
        "token of slipway:pullRequests, which needs read and write access to the repository's contents and pull requests",
    },
  ];
  for (const { name, answers: given, pauses: expected, result } of limits) {
    it(`waits as long as GitHub wants: ${name}`, async () => {
      server.answers.push(...given);
      expect(await server.create()).to.equal(result);
      expect(server.pauses).to.deep.equal(expected);
      expect(server.asked).to.have.length(given.length);
    });
  }

  const moved = (status: number, location: string): Answer => ({ status, headers: { location }, body: {} });
  const correct = "correct slipway:forges.github.url, or slipway:pullRequests.repository if the repository was renamed";
  const moves: { name: string; answers: Answer[]; asked: string[]; result: string | RegExp }[] = [
    {
      name: "follows 307",
      answers: [moved(307, "/repositories/1/pulls"), done],
      asked: ["POST /api/v3/repos/acme/gitops/pulls", "POST /repositories/1/pulls"],
      result: "created 7",
    },
    {
      name: "follows 308",
      answers: [moved(308, "/repositories/1/pulls"), done],
      asked: ["POST /api/v3/repos/acme/gitops/pulls", "POST /repositories/1/pulls"],
      result: "created 7",
    },
    {
      name: "does not follow 307 for ever",
      answers: Array.from({ length: 6 }, () => moved(307, "/again")),
      asked: ["POST /api/v3/repos/acme/gitops/pulls", ...Array.from({ length: 5 }, () => "POST /again")],
      result:
        /^cannot open a pull request: GitHub returned 307 and redirects the task to http:\/\/127\.0\.0\.1:\d+\/again: /,
    },
    ...[301, 302, 303].map((status) => ({
      name: `refuses ${status}`,
      answers: [moved(status, "https://ghe.acme.example/api/v3/repos/acme/gitops/pulls?a=b")],
      asked: ["POST /api/v3/repos/acme/gitops/pulls"],
      result:
        `cannot open a pull request: GitHub returned ${status} and redirects the task to ` +
        `https://ghe.acme.example/api/v3/repos/acme/gitops/pulls: ${correct}`,
    })),
    {
      name: "refuses 307 to another host",
      answers: [moved(307, "https://evil.example/")],
      asked: ["POST /api/v3/repos/acme/gitops/pulls"],
      result: `cannot open a pull request: GitHub returned 307 and redirects the task to https://evil.example/: ${correct}`,
    },
  ];
  for (const { name, answers: given, asked: expected, result } of moves) {
    it(`${name} of what it sends`, async () => {
      server.answers.push(...given);
      expect(await server.create()).to.match(typeof result === "string" ? exactly(result) : result);
      expect(server.asked.map(({ method, url }) => `${method} ${url}`)).to.deep.equal(expected);
    });
  }

  it("follows where a repository that it reads was renamed", async () => {
    server.answers.push(moved(301, "/repositories/1/pulls"), { status: 200, body: [pull(1)] });
    expect((await server.github.open("main")).map(({ number }) => number)).to.deep.equal([1]);
    expect(server.asked.map(({ method, url }) => `${method} ${url}`)[1]).to.equal("GET /repositories/1/pulls");
    expect(server.asked[1]?.headers.authorization).to.equal("token ghp_token");
  });
});

const exactly = (text: string): RegExp => new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
