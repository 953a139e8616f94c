import { expect } from "chai";
import { type Answer, type GitHubServer, pull, startGitHubServer } from "./githubServer";

describe("images/gitops-pr github", () => {
  let server: GitHubServer;

  beforeEach(async () => {
    server = await startGitHubServer();
  });
  afterEach(() => server.close());

  it("lists all pages of the repository's own branches", async () => {
    const page = Array.from({ length: 100 }, (_, index) => pull(index + 1, index % 2 === 1));
    server.answers.push(
      { status: 200, body: page },
      { status: 200, body: [pull(101), { ...pull(102), head: { ref: "of a deleted fork", repo: null } }] },
    );
    const open = await server.github.open("main");
    expect(open.map(({ number }) => number)).to.deep.equal([
      ...Array.from({ length: 50 }, (_, index) => 2 * index + 1),
      101,
    ]);
    expect(open[0]).to.deep.equal({
      number: 1,
      url: "https://github.com/acme/gitops/pull/1",
      author: "slipway-bot",
      head: "branch-1",
      body: "",
      createdAt: "2026-03-01T10:00:00Z",
    });
    expect(server.asked.map(({ url }) => url)).to.deep.equal(
      [1, 2].map((number) => `/api/v3/repos/acme/gitops/pulls?state=open&base=main&per_page=100&page=${number}`),
    );
    expect(server.asked[0]?.headers.authorization).to.equal("token ghp_token");
    expect(server.asked[0]?.headers["user-agent"]).to.match(/^slipway /);
  });

  it("knows whose token it is, and who has opened a pull request", async () => {
    server.answers.push(
      { status: 200, body: { data: { viewer: { login: "slipway-gitops[bot]" } } } },
      { status: 200, body: [pull(1), pull(2)] },
    );
    expect(await server.github.viewer()).to.equal("slipway-gitops[bot]");
    expect((await server.github.open("main")).map(({ author }) => author)).to.deep.equal(["slipway-bot", ""]);
    expect(server.asked[0]?.method).to.equal("POST");
    expect(server.asked[0]?.url).to.equal("/api/graphql");
    expect(server.asked[0]?.headers.authorization).to.equal("token ghp_token");
  });

  it("says why it is not known whose token it is", async () => {
    server.answers.push(
      { status: 401, body: { message: "Bad credentials" } },
      { status: 200, body: { errors: [{ type: "FORBIDDEN", message: "Resource not accessible" }] } },
    );
    const ask = () => server.github.viewer().catch(({ message }: Error) => message);
    expect(await ask()).to.equal(
      "cannot look up the token's user: GitHub returned 401: Bad credentials; check the token of slipway:pullRequests, " +
        "which needs read and write access to the repository's contents and pull requests",
    );
    expect(await ask()).to.match(/^cannot look up the token's user: .*Resource not accessible$/);
  });

  it("lists what was merged lately from the repository's own branches", async () => {
    const merged = (number: number, fork = false) => ({ ...pull(number, fork), merged_at: "2026-03-01T11:00:00Z" });
    server.answers.push({
      status: 200,
      body: [merged(5), { ...pull(4), merged_at: null }, merged(3, true), merged(2)],
    });
    expect((await server.github.merged("main")).map(({ number }) => number)).to.deep.equal([5, 2]);
    expect(server.asked.map(({ url }) => url)).to.deep.equal([
      "/api/v3/repos/acme/gitops/pulls?base=main&state=closed&sort=updated&direction=desc&per_page=100",
    ]);
  });

  const refusal = (message: string) => ({
    status: 422,
    body: { message: "Validation Failed", errors: [{ resource: "PullRequest", code: "custom", message }] },
  });
  const invalid = (field: string): Answer => ({
    status: 422,
    body: { message: "Validation Failed", errors: [{ resource: "PullRequest", field, code: "invalid" }] },
  });
  it("opens a pull request for a branch that GitHub calls invalid right after its push", async () => {
    server.answers.push(invalid("head"), invalid("head"), { status: 201, body: pull(7) });
    expect(await server.create()).to.equal("created 7");
    expect(server.pauses).to.deep.equal([1_000, 2_000]);
    expect(server.asked).to.have.length(3);
  });

  it("gives up on a branch that GitHub calls invalid for 15 seconds", async () => {
    server.answers.push(...Array.from({ length: 5 }, () => invalid("head")));
    expect(await server.create()).to.equal(
      'cannot open a pull request: GitHub returned 422: Validation Failed: {"resource":"PullRequest","field":"head","code":"invalid"}',
    );
    expect(server.pauses).to.deep.equal([1_000, 2_000, 4_000, 8_000]);
    expect(server.asked).to.have.length(5);
  });

  const creations: { name: string; answers: Answer[]; result: unknown }[] = [
    { name: "a new one", answers: [{ status: 201, body: pull(7) }], result: "created 7" },
    {
      name: "one of the same branch",
      answers: [refusal("A pull request already exists for acme:h.")],
      result: "exists",
    },
    { name: "a branch that has nothing", answers: [refusal("No commits between main and h")], result: "nothing" },
    {
      name: "one that an answer was lost of",
      answers: [
        { status: 502, body: { message: "Bad Gateway" } },
        refusal("A pull request already exists for acme:h."),
      ],
      result: "exists",
    },
    {
      name: "a base branch that is not there",
      answers: [invalid("base")],
      result:
        'cannot open a pull request: GitHub returned 422: Validation Failed: {"resource":"PullRequest","field":"base","code":"invalid"}',
    },
    {
      name: "one that the answer broke off of",
      answers: [{ status: 201, body: '{"number":', cut: true }, refusal("A pull request already exists for acme:h.")],
      result: "exists",
    },
    {
      name: "one that a proxy's page came in the place of",
      answers: [{ status: 200, body: "<html>" }, refusal("A pull request already exists for acme:h.")],
      result: "exists",
    },
    {
      name: "answers that break off",
      answers: Array.from({ length: 5 }, () => ({ status: 201, body: "{", cut: true as const })),
      result: "cannot open a pull request: GitHub cannot be reached: other side closed",
    },
    {
      name: "pages of a proxy's",
      answers: Array.from({ length: 5 }, () => ({ status: 200, body: "<html>\n  maintenance" })),
      result: "cannot open a pull request: GitHub returned 200 without JSON: <html> maintenance",
    },
    {
      name: "a long page",
      answers: [{ status: 404, body: `<html>\n${"<p>Not  here</p>\n".repeat(30_000)}` }],
      result:
        `cannot open a pull request: GitHub returned 404: <html> ${"<p>Not here</p> ".repeat(62)}…; check the token ` +
        "of slipway:pullRequests, which needs read and write access to the repository's contents and pull requests",
    },
    {
      name: "an outage",
      answers: Array.from({ length: 5 }, () => ({ status: 503, body: { message: "Unavailable" } })),
      result: "cannot open a pull request: GitHub returned 503: Unavailable",
    },
  ];
  for (const { name, answers: given, result } of creations) {
    it(`creates: ${name}`, async () => {
      server.answers.push(...given);
      expect(await server.create()).to.equal(result);
      expect(server.asked).to.have.length(given.length);
      expect(server.pauses).to.deep.equal([]);
    });
  }
});
