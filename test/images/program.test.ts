import { readdirSync } from "node:fs";
import { expect } from "chai";
import { change, startWorld, TOKEN, type World } from "./world";

describe("images/gitops-pr program", () => {
  let world: World;

  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.close());

  it("opens the pull request, and shows the token to nobody", async () => {
    const asked = await world.ask();
    const { code, output, complaint } = await world.run(asked);
    const record = await world.read(asked);
    expect({ code, complaint, state: record?.state }).to.deep.equal({ code: 0, complaint: "", state: "opened" });
    const processes = world.processes();
    const asking = processes.filter((line) => line.includes("askpass.sh"));
    expect(asking.filter((line) => line.includes("Password for")).length).to.be.greaterThan(0);
    expect(processes.filter((line) => /^push /.test(line))).to.deep.equal([
      `push --porcelain --force-with-lease=${world.pullRequests()[0]?.head.branch}: origin HEAD:refs/heads/${world.pullRequests()[0]?.head.branch}`,
    ]);
    const told = [output, ...processes, ...Object.values(record ?? {}), JSON.stringify(world.pullRequests())].join(
      "\n",
    );
    expect(told).not.to.contain(TOKEN);
    expect(told).not.to.contain(Buffer.from(`x-access-token:${TOKEN}`).toString("base64"));
  });

  it("writes to nothing but TMPDIR, and leaves nothing there", async () => {
    const asked = await world.ask();
    const before = world.kept();
    expect((await world.run(asked)).code).to.equal(0);
    expect(world.kept()).to.deep.equal(before);
    expect(world.processes().filter((line) => line.startsWith(`init --quiet ${world.temporary}/`))).to.have.length(1);
    expect(readdirSync(world.temporary)).to.deep.equal([]);
  });

  it("takes the token out of what a server sends back", async () => {
    // Of a repository that nobody has: git says its name again.
    Object.assign(world.options, { repository: `acme/${TOKEN}` });
    const asked = await world.ask();
    const { code, output } = await world.run(asked);
    const record = await world.read(asked);
    expect(code).to.equal(1);
    expect(record?.cause).to.contain("acme/[token].git");
    expect(`${output}${record?.cause}`).not.to.contain(TOKEN);
  });

  it("says in the record that it has no token", async () => {
    const asked = await world.ask();
    const { code } = await world.run(asked, { environment: { GITHUB_TOKEN: " " } });
    expect(code).to.equal(1);
    expect(await world.read(asked)).to.include({
      state: "failed",
      cause: "GITHUB_TOKEN is empty: check the secret that slipway:pullRequests.token names",
    });
  });

  it("says in its log what is wrong with its options", async () => {
    const { code, output } = await world.run(await world.ask(), { environment: { OPTIONS: '{"github":""}' } });
    expect(code).to.equal(1);
    expect(output).to.equal(
      '{"level":"error","message":"OPTIONS.github is missing: it is set by the task definition and by RunTask"}\n',
    );
  });

  it("says in the record that ECS has stopped it", async () => {
    const asked = await world.ask();
    const { code } = await world.run(asked, { diesAt: "GET /repos/acme/gitops/pulls", signal: "SIGTERM" });
    expect(code).to.equal(1);
    expect(await world.read(asked)).to.include({
      state: "failed",
      cause: "the task was stopped; it was reading the pull requests of acme/gitops: try again",
    });
  });
});

/** What a push begins with. */
const PUSH = "GET /acme/gitops.git/info/refs?service=git-receive-pack";
const BRANCH = "slipway/storefront/dev/7e57a2358dff";

/** Where the task dies, and how that leaves the record: each call has been served, and the task does not hear of it. */
const deaths: { step: string; at: string; state: string; pushed?: true; open: number }[] = [
  { step: "before it runs", at: "GetItem", state: "requested", open: 0 },
  { step: "when it runs", at: "UpdateItem running", state: "running", open: 0 },
  { step: "after the clone", at: "GET /repos/acme/gitops/pulls", state: "running", open: 0 },
  { step: "after the commit", at: PUSH, state: "running", open: 0 },
  { step: "after the push", at: "POST /acme/gitops.git/git-receive-pack", state: "running", pushed: true, open: 0 },
  { step: "after the pull request", at: "POST /repos/acme/gitops/pulls", state: "running", pushed: true, open: 1 },
  { step: "after the labels", at: "POST /repos/acme/gitops/issues/1/labels", state: "running", pushed: true, open: 1 },
  { step: "after the record", at: "UpdateItem opened", state: "opened", pushed: true, open: 1 },
];

describe("images/gitops-pr program dies", () => {
  let world: World;

  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.close());

  for (const { step, at, state, pushed, open } of deaths) {
    it(`${step}: the record is ${state}, and a second task ends well`, async () => {
      const asked = await world.ask();
      expect((await world.run(asked, { diesAt: at })).code).to.equal("SIGKILL");
      expect((await world.read(asked))?.state).to.equal(state);
      expect(world.pullRequests()).to.have.length(open);

      const head = world.git("for-each-ref", "--format=%(objectname)", `refs/heads/${BRANCH}`);
      expect(head).to.match(pushed ? /^[0-9a-f]{40}\n$/ : /^$/);

      const again = state === "opened" ? asked : await world.askAgain(asked);
      const { code, calls } = await world.run(again);
      expect(code).to.equal(0);
      // A push may end reviews. The head alone does not tell of one: made within a second, the same commit comes out.
      expect(calls.includes(PUSH)).to.equal(pushed === undefined);
      if (pushed) expect(world.git("rev-parse", BRANCH)).to.equal(head);
      expect(await world.read(asked)).to.include({
        state: "opened",
        url: "https://github.com/acme/gitops/pull/1",
        attempt: again.attempt,
      });
      expect(world.pullRequests()).to.have.length(1);
      expect(world.pullRequests()[0]).to.deep.include({
        state: "open",
        reviewers: ["octocat"],
        teams: ["platform"],
        labels: ["delivery"],
        comments: [],
      });
      expect(world.git("rev-list", "--count", `main..${BRANCH}`)).to.equal("1\n");
      expect(world.git("log", "-1", "--format=%s", world.pullRequests()[0]?.head.commit ?? "")).to.equal(
        `storefront dev: ${change.revision.slice(0, 12)}\n`,
      );
    });
  }
});
