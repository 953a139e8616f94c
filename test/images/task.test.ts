import { createHash } from "node:crypto";
import { expect } from "chai";
import { branchOf } from "../../images/gitops-pr/change";
import { file } from "../../rehearsal/forges/files";
import { change, NOW, startWorld, type World } from "./world";

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
      "begun",
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
    expect(record).to.include({ state: "unchanged", reason: `${overlay} on main has image ${image} already` });
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
        "acme/gitops has no kustomize/storefront/overlays/qa/kustomization.yaml on main: add the overlay, then ask again",
    },
    {
      name: "there is no such service",
      given: () => undefined,
      wanted: { service: "warehouse" },
      cause:
        "acme/gitops has no kustomize/warehouse/overlays/dev/kustomization.yaml on main: add the overlay, then ask again",
    },
    {
      name: "the overlay is no YAML",
      given: ({ repository }) => repository.commit({ [overlay]: file("images: [\n") }, "Break"),
      cause: `${overlay} of acme/gitops on main cannot be edited: it is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 2, column 1`,
    },
    {
      name: "the overlay is a link",
      given: ({ repository }) =>
        repository.commit({ [overlay]: { mode: "120000", content: "/etc/passwd" } }, "Link the overlay"),
      cause: `${overlay} is no plain file in the gitops repository: replace it by one`,
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
      cause: "kustomize/storefront/overlays/dev is no plain folder in the gitops repository: replace it by one",
    },
    {
      name: "there is no base branch",
      given: ({ options }) => Object.assign(options, { branch: "trunk" }),
      cause:
        "git clone failed: warning: Could not find remote branch trunk to clone. · fatal: Remote branch trunk not found in upstream origin",
    },
    {
      name: "the record's service is no folder",
      given: () => undefined,
      wanted: { service: "../storefront" },
      cause: "the record's service \"../storefront\" is no folder's name: small letters, digits, . _ - between them",
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
      /^git clone failed: remote: Repository not found\. · fatal: Authentication failed for 'http:\/\/127\.0\.0\.1:\d+\/github\.com\/acme\/gitops\.git\/'$/,
    );
  });

  it("tries again while GitHub is down, and then fails with the cause", async () => {
    world.forges.fault = { kind: "unreachable" };
    const paused: number[] = [];
    const { code, record } = await world.carryOut(await world.ask(), { paused: (pause) => paused.push(pause) });
    expect(code).to.equal(1);
    expect(record?.state).to.equal("failed");
    expect(record?.cause).to.match(/^git clone failed: fatal: unable to access '.*': Empty reply from server$/);
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
    world.forges.fault = { kind: "apiDown" };
    const { record } = await world.carryOut(await world.ask());
    expect(record?.state).to.equal("failed");
    expect(record?.cause).to.match(/^cannot list pull requests: GitHub answers 503: No server is currently available/);
    expect(world.proxy.calls.filter((call) => call === "GET /repos/acme/gitops/pulls")).to.have.length(5);
    expect(world.git("branch", "--list", "--format=%(refname:short)")).to.equal("main\n");
  });

  it("takes a pull request that is open already, and does not push its branch again", async () => {
    await world.carryOut(await world.ask());
    const before = world.git("rev-parse", branchOf(change));
    // Another commit whose build gave the same image.
    const later = await world.ask({ revision: "2".repeat(40) }, 5);
    const { record, lines } = await world.carryOut(later);
    expect(record).to.include({ state: "opened", url: pullRequest(1) });
    expect(lines.map(({ message }) => message)).to.include("pull request found");
    expect(world.pullRequests().map(({ body }) => /requestedAt=(\S+)/.exec(body)?.[1])).to.deep.equal([
      later.requestedAt,
    ]);
    expect(world.pullRequests()[0]?.comments).to.deep.equal([]);
    // The commit's date is that of the request, so this is another commit with the same content.
    expect(world.git("diff", before.trim(), branchOf(change))).to.equal("");
  });

  it("opens another one where somebody has closed the first", async () => {
    const asked = await world.ask();
    await world.carryOut(asked);
    Object.assign(world.pullRequests()[0] ?? {}, { state: "closed" });
    const { record } = await world.carryOut(await world.ask({ revision: "2".repeat(40) }));
    expect(record).to.include({ state: "opened", url: pullRequest(2) });
  });

  it("closes an older one with a pointer to the new one", async () => {
    await world.carryOut(await world.ask());
    await world.carryOut(await world.ask({ environment: "prod" }, 1));
    const image = `storefront=${repository}@sha256:${createHash("sha256").update("v2").digest("hex")}`;
    const { record } = await world.carryOut(await world.ask({ revision: "2".repeat(40), image }, 5));
    expect(record).to.include({ state: "opened", url: pullRequest(3) });
    const [old, elsewhere] = world.pullRequests();
    expect(old?.state).to.equal("closed");
    expect(old?.comments.map(({ body }) => body)).to.deep.equal(
      [`Superseded by ${pullRequest(3)}, which brings storefront dev: sha256:6b8f7f4ac7d4.`].map((text) =>
        text.replace("6b8f7f4ac7d4", createHash("sha256").update("v2").digest("hex").slice(0, 12)),
      ),
    );
    expect(elsewhere?.state).to.equal("open");
  });

  it("opens none where one that was asked for later is open", async () => {
    const early = await world.ask();
    await world.carryOut(await world.ask({ revision: "2".repeat(40), image: `storefront=${repository}:v2` }, 5));
    const { code, record } = await world.carryOut(early);
    expect(code).to.equal(0);
    expect(record).to.include({ state: "unchanged", reason: `superseded by ${pullRequest(1)}` });
    expect(world.pullRequests()).to.have.length(1);
    expect(world.git("branch", "--list", "--format=%(refname:short)").split("\n")).not.to.include(branchOf(change));
  });

  it("takes its own back where a later one was opened at the same time", async () => {
    const early = await world.ask();
    const late = await world.ask({ revision: "2".repeat(40), image: `storefront=${repository}:v2` }, 5);
    // The later task runs between this one's look at the pull requests and its push.
    world.forges.beforePush(world.repository, async () => {
      const calls = [...world.proxy.calls];
      await world.carryOut(late);
      world.proxy.calls.splice(0, Number.POSITIVE_INFINITY, ...calls);
    });
    const { record } = await world.carryOut(early);
    expect(record).to.include({ state: "unchanged", reason: `superseded by ${pullRequest(1)}` });
    expect(world.pullRequests().map(({ state }) => state)).to.deep.equal(["open", "closed"]);
    expect(world.pullRequests()[1]?.comments.map(({ body }) => body)).to.deep.equal([
      `Superseded by ${pullRequest(1)}.`,
    ]);
    expect(await world.read(late)).to.include({ state: "opened", url: pullRequest(1) });
  });

  const reviews: { name: string; reviewers: string[]; teams: string[]; asked: string[]; warnings: string[] }[] = [
    {
      name: "all whom GitHub lets be asked",
      reviewers: ["octocat", "nobody"],
      teams: ["platform"],
      asked: ["octocat", "platform"],
      warnings: ["reviewers not asked together", "reviewer not asked"],
    },
    {
      name: "nobody where there is one, and it is the author",
      reviewers: ["acme"],
      teams: [],
      asked: [],
      warnings: ["reviewers not asked together"],
    },
  ];
  for (const { name, reviewers, teams, asked, warnings } of reviews) {
    it(`asks ${name}, and opens it all the same`, async () => {
      Object.assign(world.options, { reviewers, teamReviewers: teams });
      const { record, lines } = await world.carryOut(await world.ask());
      expect(record?.state).to.equal("opened");
      const [opened] = world.pullRequests();
      expect([...(opened?.reviewers ?? []), ...(opened?.teams ?? [])]).to.deep.equal(asked);
      expect(opened?.labels).to.deep.equal(["delivery"]);
      expect(lines.filter(({ level }) => level === "warn").map(({ message }) => message)).to.deep.equal(warnings);
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
