import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { createGitHub, type GitHub } from "../../images/gitops-pr/github";

/** What the server answers, one after the other. */
interface Answer {
  status: number;
  body: unknown;
}

const signal = new AbortController().signal;

const pull = (number: number, fork = false) => ({
  number,
  html_url: `https://github.com/acme/gitops/pull/${number}`,
  body: number === 1 ? null : `body ${number}`,
  created_at: "2026-03-01T10:00:00Z",
  head: { ref: `branch-${number}`, repo: fork ? { id: 2 } : { id: 1 } },
  base: { repo: { id: 1 } },
});

describe("images/gitops-pr github", () => {
  let server: Server;
  let github: GitHub;
  let answers: Answer[];
  let asked: IncomingMessage[];

  beforeEach(async () => {
    answers = [];
    asked = [];
    server = createServer((request, response) => {
      asked.push(request);
      const { status, body } = answers.shift() ?? { status: 500, body: { message: "nothing is expected" } };
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3`;
    const log = () => undefined;
    github = createGitHub({ api, repository: "acme/gitops", token: "ghp_token", log, signal, pause: 0 });
  });
  afterEach(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  it("lists all pages of the repository's own branches", async () => {
    const page = Array.from({ length: 100 }, (_, index) => pull(index + 1, index % 2 === 1));
    answers = [
      { status: 200, body: page },
      { status: 200, body: [pull(101), { ...pull(102), head: { ref: "of a deleted fork", repo: null } }] },
    ];
    const open = await github.open("main");
    expect(open.map(({ number }) => number)).to.deep.equal([
      ...Array.from({ length: 50 }, (_, index) => 2 * index + 1),
      101,
    ]);
    expect(open[0]).to.deep.equal({
      number: 1,
      url: "https://github.com/acme/gitops/pull/1",
      head: "branch-1",
      body: "",
      createdAt: "2026-03-01T10:00:00Z",
    });
    expect(asked.map(({ url }) => url)).to.deep.equal(
      [1, 2].map((number) => `/api/v3/repos/acme/gitops/pulls?state=open&base=main&per_page=100&page=${number}`),
    );
    expect(asked[0]?.headers.authorization).to.equal("token ghp_token");
    expect(asked[0]?.headers["user-agent"]).to.match(/^slipway /);
  });

  const wanted = { title: "t", body: "b", head: "h", base: "main" };
  const refusal = (message: string) => ({
    status: 422,
    body: { message: "Validation Failed", errors: [{ resource: "PullRequest", code: "custom", message }] },
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
      name: "a branch that is not there",
      answers: [
        {
          status: 422,
          body: { message: "Validation Failed", errors: [{ resource: "PullRequest", field: "head", code: "invalid" }] },
        },
      ],
      result:
        'cannot open a pull request: GitHub answers 422: Validation Failed: {"resource":"PullRequest","field":"head","code":"invalid"}',
    },
    {
      name: "too many requests",
      answers: [{ status: 403, body: { message: "You have exceeded a secondary rate limit." } }],
      result: "cannot open a pull request: GitHub answers 403: You have exceeded a secondary rate limit.",
    },
    {
      name: "an outage",
      answers: Array.from({ length: 5 }, () => ({ status: 503, body: { message: "Unavailable" } })),
      result: "cannot open a pull request: GitHub answers 503: Unavailable",
    },
  ];
  for (const { name, answers: given, result } of creations) {
    it(`creates: ${name}`, async () => {
      answers = [...given];
      const creation = await github.create(wanted).then(
        (it) => (it.kind === "created" ? `created ${it.pullRequest.number}` : it.kind),
        (error: Error) => error.message,
      );
      expect(creation).to.equal(result);
      expect(asked).to.have.length(given.length);
    });
  }
});
