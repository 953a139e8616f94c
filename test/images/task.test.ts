import { expect } from "chai";
import { branchOf } from "../../images/gitops-pr/change";
import { file } from "../../rehearsal/forges/files";
import { change, NOW, startWorld, TOKEN, type World } from "./world";

const overlay = "kustomize/storefront/overlays/dev/kustomization.yaml";
const first = "0b5ee1f6d44bb0a1a2b0d6f6e8b6de6a2a0a4a11";
const repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront";
const pullRequest = (number: number) => `https://github.com/acme/gitops/pull/${number}`;

describe("images/gitops-pr task", () => {
  let world: World;

  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.close());

  it("opens a pull request of one changed line", async () => {
    const { code, lines, record } = await world.carryOut(await world.ask());
    expect(code).to.equal(0);
    expect(record).to.include({ state: "opened", url: pullRequest(1), updatedAt: new Date(NOW).toISOString() });
    expect(lines.map(({ message }) => message)).to.deep.equal([
      "task started",
      "cloned",
      "branch pushed",
      "pull request opened",
      "opened",
    ]);
    const branch = branchOf(change);
    expect(world.git("diff", "--unified=0", "main", branch).split("\n").slice(5)).to.deep.equal([
      `-    newTag: ${first}`,
      '+    newTag: "1111111111111111111111111111111111111111"',
      "",
    ]);
    expect(
      world.git("log", "-1", "--format=%an <%ae>|%cn <%ce>|%s|%(trailers:key=Signed-off-by)", branch).trim(),
    ).to.equal(
      "slipway <slipway@acme.example>|slipway <slipway@acme.example>|storefront dev: 111111111111|" +
        "Signed-off-by: slipway <slipway@acme.example>",
    );
    expect(world.pullRequests()).to.have.length(1);
    expect(world.pullRequests()[0]).to.deep.include({
      title: "storefront dev: 111111111111",
      state: "open",
      reviewers: ["octocat"],
      teams: ["platform"],
      labels: ["delivery"],
    });
  });

  it("leaves the list of overlays for the API, whatever becomes of the record", async () => {
    await world.carryOut(await world.ask({ environment: "invented" }));
    const item = await world.item("overlays");
    expect(item).to.deep.equal({
      id: { S: "overlays" },
      lookedAt: { N: String(NOW) },
      names: { S: "backoffice/dev\nbackoffice/prod\nstorefront/beijing\nstorefront/dev\nstorefront/prod" },
    });
  });

  it("opens one without reviewers and labels where there are none", async () => {
    Object.assign(world.options, { reviewers: [], teamReviewers: [], labels: [] });
    const { record } = await world.carryOut(await world.ask());
    expect(record?.state).to.equal("opened");
    expect(world.proxy.calls.filter((call) => /requested_reviewers|labels/.test(call))).to.deep.equal([]);
  });

  it("clones from a server that leaves nothing out", async () => {
    world.git("config", "uploadpack.allowFilter", "false");
    const { record } = await world.carryOut(await world.ask());
    expect(record?.state).to.equal("opened");
  });

  it("adds an image that the overlay has not", async () => {
    const wanted = { service: "backoffice", image: "backoffice=registry.acme.example/backoffice:v1" };
    const { record } = await world.carryOut(await world.ask(wanted));
    expect(record?.state).to.equal("opened");
    expect(
      world.file(branchOf({ ...change, ...wanted }), "kustomize/backoffice/overlays/dev/kustomization.yaml"),
    ).to.equal(
      `${world.file("main", "kustomize/backoffice/overlays/dev/kustomization.yaml")}images:
  - name: backoffice
    newName: registry.acme.example/backoffice
    newTag: v1
`,
    );
  });

  it("changes nothing where the overlay says so already", async () => {
    const image = `storefront=${repository}:${first}`;
    const { code, record } = await world.carryOut(await world.ask({ image }));
    expect(code).to.equal(0);
    expect(record).to.include({ state: "unchanged", reason: `${overlay} on main already has image ${image}` });
    expect(world.git("branch", "--list", "--format=%(refname:short)")).to.equal("main\n");
    expect(world.pullRequests()).to.deep.equal([]);
  });

  const failures: {
    name: string;
    given: (world: World) => Promise<unknown> | unknown;
    wanted?: object;
    cause: string;
  }[] = [
    {
      name: "there is no overlay",
      given: () => undefined,
      wanted: { environment: "qa" },
      cause:
        "acme/gitops has no kustomize/storefront/overlays/qa/kustomization.yaml on main: add the overlay, then try again",
    },
    {
      name: "there is no such service",
      given: () => undefined,
      wanted: { service: "warehouse" },
      cause:
        "acme/gitops has no kustomize/warehouse/overlays/dev/kustomization.yaml on main: add the overlay, then try again",
    },
    {
      name: "the overlay is no YAML",
      given: ({ repository }) => repository.commit({ [overlay]: file("images: [\n") }, "Break"),
      cause: `${overlay} of acme/gitops on main cannot be edited: it is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 2, column 1`,
    },
    {
      name: "the overlay is a link",
      given: ({ repository }) =>
        repository.commit({ [overlay]: { mode: "120000", content: "/etc/passwd" } }, "Link the overlay"),
      cause: `${overlay} is not a regular file in the gitops repository: replace it with one`,
    },
    {
      name: "the overlay's folder is a link",
      given: ({ repository }) =>
        repository.commit(
          {
            [overlay]: null,
            "kustomize/storefront/overlays/dev": { mode: "120000", content: "../../../../../../../etc" },
          },
          "Link the folder",
        ),
      cause: "kustomize/storefront/overlays/dev is not a regular folder in the gitops repository: replace it with one",
    },
    {
      name: "the record's service is no folder",
      given: () => undefined,
      wanted: { service: "../storefront" },
      cause:
        'the record\'s service "../storefront" is not a folder name; allowed: lower-case letters and digits, with . _ - between them',
    },
  ];
  for (const { name, given, wanted, cause } of failures) {
    it(`fails where ${name}, and says so in the record`, async () => {
      await given(world);
      const { code, record } = await world.carryOut(await world.ask(wanted));
      expect(record).to.include({ state: "failed", cause });
      expect(code).to.equal(1);
      expect(world.pullRequests()).to.deep.equal([]);
    });
  }

  it("fails where the token may not read", async () => {
    world.forges.protect(world.repository, "another");
    const { record } = await world.carryOut(await world.ask());
    expect(record?.state).to.equal("failed");
    expect(record?.cause).to.match(
      /^git fetch failed: remote: Repository not found\. · fatal: Authentication failed for 'http:\/\/127\.0\.0\.1:\d+\/github\.com\/acme\/gitops\.git\/'; check the token of slipway:pullRequests, which needs read and write access to the repository's contents and pull requests$/,
    );
  });

  it("tries again while GitHub is down, and then fails with the cause", async () => {
    world.forges.fault = { kind: "unreachable" };
    const paused: number[] = [];
    const { code, record } = await world.carryOut(await world.ask(), { paused: (pause) => paused.push(pause) });
    expect(code).to.equal(1);
    expect(record?.state).to.equal("failed");
    expect(record?.cause).to.match(/^git fetch failed: fatal: unable to access '.*': Empty reply from server$/);
    expect(paused).to.deep.equal([2_000, 4_000, 8_000, 16_000]);
  });

  it("goes on where GitHub comes back", async () => {
    world.forges.fault = { kind: "unreachable" };
    const paused = () => {
      world.forges.fault = undefined;
    };
    expect((await world.carryOut(await world.ask(), { paused })).record?.state).to.equal("opened");
  });

  it("fails with the cause where GitHub's API alone is down, before it has pushed", async () => {
    world.forges.fault = { kind: "apiDown", requests: 5 };
    const { record } = await world.carryOut(await world.ask());
    expect(record?.state).to.equal("failed");
    expect(record?.cause).to.match(
      /^cannot look up the token's user: GitHub returned 503: No server is currently available/,
    );
    expect(world.proxy.calls.filter((call) => call === "POST /graphql")).to.have.length(5);
    expect(world.git("branch", "--list", "--format=%(refname:short)")).to.equal("main\n");
  });

  it("fails with the cause where GitHub's API cannot be reached", async () => {
    Object.assign(world.options, { api: "http://127.0.0.1:2" });
    const { record } = await world.carryOut(await world.ask());
    expect(record?.state).to.equal("failed");
    expect(record?.cause).to.equal(
      "cannot look up the token's user: GitHub cannot be reached: connect ECONNREFUSED 127.0.0.1:2",
    );
  });

  it("writes no more of a cause than a record holds", async () => {
    const controller = new AbortController();
    controller.abort(new Error(`${TOKEN} ${"word ".repeat(100_000)}`));
    const { code, record, lines } = await world.carryOut(await world.ask(), { signal: controller.signal });
    const cause = `[token] ${"word ".repeat(398)}…`;
    expect(code).to.equal(1);
    expect(record).to.include({ state: "failed", cause });
    expect(lines.at(-1)).to.include({ level: "error", cause });
  });

  it("fails with the cause where the token is taken back after the push", async () => {
    world.forges.beforePush(world.repository, async () => world.forges.protect(world.repository, "another"));
    const { record } = await world.carryOut(await world.ask());
    expect(record).to.include({
      state: "failed",
      cause:
        "cannot open a pull request: GitHub returned 401: Bad credentials - https://docs.github.com/rest; check the token " +
        "of slipway:pullRequests, which needs read and write access to the repository's contents and pull requests",
    });
  });

  const ends: { name: string; at?: string; cause: string }[] = [
    {
      name: "before it has begun",
      cause: "the task did not finish within 10 minutes; it was starting: try again",
    },
    {
      name: "while it clones",
      at: "POST /acme/gitops.git/git-upload-pack",
      cause: "the task did not finish within 10 minutes; it was cloning acme/gitops: try again",
    },
    {
      name: "while it opens the pull request",
      at: "POST /repos/acme/gitops/pulls",
      cause: "the task did not finish within 10 minutes; it was opening the pull request: try again",
    },
  ];
  for (const { name, at, cause } of ends) {
    it(`fails where its time is over ${name}`, async () => {
      const controller = new AbortController();
      const end = () =>
        controller.abort(Object.assign(new Error("the task did not finish within 10 minutes"), { name: "AbortError" }));
      if (at === undefined) {
        end();
      }
      world.proxy.served = (call) => (call === at ? end() : undefined);
      const { code, record } = await world.carryOut(await world.ask(), { signal: controller.signal });
      expect(code).to.equal(1);
      expect(record).to.include({ state: "failed", cause });
    });
  }

  const endings: { name: string; state: "opened" | "failed" | undefined; attempt?: string; reason: string }[] = [
    { name: "has ended", state: "opened", reason: "it has ended" },
    { name: "has been given up", state: "failed", reason: "it has ended" },
    {
      name: "is another attempt's",
      state: undefined,
      attempt: "another",
      reason: "another attempt has taken its place",
    },
  ];
  for (const { name, state, attempt, reason } of endings) {
    it(`does nothing where the record ${name}`, async () => {
      const asked = await world.ask();
      await (state && world.move(asked, state));
      const { code, lines } = await world.carryOut({ ...asked, ...(attempt && { attempt }) });
      expect(code).to.equal(0);
      expect(lines.map(({ message, reason }) => [message, reason])).to.deep.equal([["nothing to do", reason]]);
      expect((await world.read(asked))?.state).to.equal(state ?? "requested");
    });
  }

  it("does nothing where there is no record", async () => {
    const { code, lines } = await world.carryOut({ ...(await world.ask()), id: "0".repeat(32) });
    expect(code).to.equal(0);
    expect(lines.map(({ message, reason }) => [message, reason])).to.deep.equal([
      ["nothing to do", "there is no such record"],
    ]);
  });

  it("leaves a record alone that was asked for again meanwhile", async () => {
    const asked = await world.ask();
    world.proxy.served = async (call) => {
      if (call === "POST /repos/acme/gitops/pulls") {
        await world.askAgain(asked);
      }
    };
    const { record, lines } = await world.carryOut(asked);
    expect(record?.state).to.equal("requested");
    expect(lines.at(-1)).to.include({ level: "warn" });
  });
});
