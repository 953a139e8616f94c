import { expect } from "chai";
import { branchOf } from "../../images/gitops-pr/change";
import { change, startWorld, type World } from "./world";

const repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront";
const v2 = `storefront=${repository}:v2`;
const pullRequest = (number: number) => `https://github.com/acme/gitops/pull/${number}`;

describe("images/gitops-pr pull requests", () => {
  let world: World;

  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.close());

  const merge = async (number: number) => {
    const found = world.pullRequests().find((it) => it.number === number);
    if (found === undefined) {
      throw new Error(`there is no pull request ${number}`);
    }
    await world.forges.merge(world.repository, found);
  };

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
    expect(world.git("rev-parse", branchOf(change))).to.equal(before);
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
    const image = `storefront=${repository}@sha256:${"0123456789abcdef".repeat(4)}`;
    const { record } = await world.carryOut(await world.ask({ revision: "2".repeat(40), image }, 5));
    expect(record).to.include({ state: "opened", url: pullRequest(3) });
    const [old, elsewhere] = world.pullRequests();
    expect(old?.state).to.equal("closed");
    expect(old?.comments.map(({ body }) => body)).to.deep.equal([
      `Superseded by ${pullRequest(3)}, which contains storefront dev: sha256:0123456789ab.`,
    ]);
    expect(elsewhere?.state).to.equal("open");
  });

  it("opens none where one that was asked for later is open", async () => {
    const early = await world.ask();
    await world.carryOut(await world.ask({ revision: "2".repeat(40), image: v2 }, 5));
    const { code, record } = await world.carryOut(early);
    expect(code).to.equal(0);
    expect(record).to.include({ state: "unchanged", reason: `superseded by ${pullRequest(1)}` });
    expect(world.pullRequests()).to.have.length(1);
    expect(world.git("branch", "--list", "--format=%(refname:short)").split("\n")).not.to.include(branchOf(change));
  });

  it("opens none where one that was asked for later is merged", async () => {
    const early = await world.ask();
    await world.carryOut(await world.ask({ revision: "2".repeat(40), image: v2 }, 5));
    await merge(1);
    const { record } = await world.carryOut(early);
    expect(record).to.include({ state: "unchanged", reason: `superseded by ${pullRequest(1)}` });
    expect(world.pullRequests()).to.have.length(1);
  });

  it("opens one where one that was asked for later is closed, and not merged", async () => {
    const early = await world.ask();
    await world.carryOut(await world.ask({ revision: "2".repeat(40), image: v2 }, 5));
    Object.assign(world.pullRequests()[0] ?? {}, { state: "closed" });
    const { record } = await world.carryOut(early);
    expect(record).to.include({ state: "opened", url: pullRequest(2) });
  });

  it("opens one where the one that was merged was asked for before", async () => {
    await world.carryOut(await world.ask({ revision: "2".repeat(40), image: v2 }));
    await merge(1);
    const { record } = await world.carryOut(await world.ask({}, 5));
    expect(record).to.include({ state: "opened", url: pullRequest(2) });
  });

  it("takes its own back where a later one was merged at the same time", async () => {
    const early = await world.ask();
    const late = await world.ask({ revision: "2".repeat(40), image: v2 }, 5);
    world.forges.beforePush(world.repository, async () => {
      await world.carryOut(late);
      await merge(1);
    });
    const { record } = await world.carryOut(early);
    expect(record).to.include({ state: "unchanged", reason: `superseded by ${pullRequest(1)}` });
    expect(world.pullRequests().map(({ state }) => state)).to.deep.equal(["closed", "closed"]);
    expect(world.pullRequests()[1]?.comments.map(({ body }) => body)).to.deep.equal([
      `Superseded by ${pullRequest(1)}.`,
    ]);
  });

  it("keeps one that has been asked for again, where the first one who asked for it comes last", async () => {
    const first = await world.ask({}, 1);
    await world.carryOut(await world.ask({ revision: "2".repeat(40), image: v2 }, 5));
    const again = await world.ask({ revision: "3".repeat(40) }, 9);
    await world.carryOut(again);
    // As if the task had died before it closed the older one.
    Object.assign(world.pullRequests()[0] ?? {}, { state: "open" });
    const { record } = await world.carryOut(first);
    expect(record).to.include({ state: "opened", url: pullRequest(2) });
    expect(world.pullRequests().map(({ state }) => state)).to.deep.equal(["closed", "open"]);
    expect(world.pullRequests()[1]?.body).to.contain(`requestedAt=${again.requestedAt} id=${again.id}`);
  });

  const others: { name: string; minutes: number; state: string; comments: string[] }[] = [
    {
      name: "closes one that was asked for before",
      minutes: 1,
      state: "closed",
      comments: ["main already has storefront dev: 0b5ee1f6d44b, which was requested later."],
    },
    { name: "leaves one that was asked for later", minutes: 9, state: "open", comments: [] },
  ];
  for (const { name, minutes, state, comments } of others) {
    it(`${name}, where the overlay says what is wanted already`, async () => {
      await world.carryOut(await world.ask({ revision: "2".repeat(40), image: v2 }, minutes));
      const image = `storefront=${repository}:0b5ee1f6d44bb0a1a2b0d6f6e8b6de6a2a0a4a11`;
      const { record } = await world.carryOut(await world.ask({ revision: "3".repeat(40), image }, 5));
      expect(record?.state).to.equal("unchanged");
      const [other] = world.pullRequests();
      expect([other?.state, other?.comments.map(({ body }) => body)]).to.deep.equal([state, comments]);
    });
  }

  it("takes its own back where a later one was opened at the same time", async () => {
    const early = await world.ask();
    const late = await world.ask({ revision: "2".repeat(40), image: v2 }, 5);
    // The later task runs between this one's look at the pull requests and its push.
    world.forges.beforePush(world.repository, () => world.carryOut(late));
    const { record } = await world.carryOut(early);
    expect(record).to.include({ state: "unchanged", reason: `superseded by ${pullRequest(1)}` });
    expect(world.pullRequests().map(({ state }) => state)).to.deep.equal(["open", "closed"]);
    expect(world.pullRequests()[1]?.comments.map(({ body }) => body)).to.deep.equal([
      `Superseded by ${pullRequest(1)}.`,
    ]);
    expect(await world.read(late)).to.include({ state: "opened", url: pullRequest(1) });
  });

  it("does not let somebody else's pull request with a date in the future freeze a service", async () => {
    await world.carryOut(await world.ask({ revision: "2".repeat(40), image: v2 }));
    const body = `<!-- slipway requestedAt=2099-01-01T00:00:00.000Z id=${"f".repeat(32)} -->`;
    Object.assign(world.pullRequests()[0] ?? {}, { author: "mallory", body });
    const { record, lines } = await world.carryOut(await world.ask({}, 5));
    expect(record).to.include({ state: "opened", url: pullRequest(2) });
    expect(lines.filter(({ level }) => level === "warn")).to.deep.equal([
      {
        level: "warn",
        message: "pull request not trusted",
        url: pullRequest(1),
        why: "it was opened by mallory, not by acme",
      },
    ]);
  });

  it("does not let a date in the future in its own pull request freeze a service, open or merged", async () => {
    const body = `<!-- slipway requestedAt=2099-01-01T00:00:00.000Z id=${"f".repeat(32)} -->`;
    await world.carryOut(await world.ask({ revision: "2".repeat(40), image: v2 }));
    Object.assign(world.pullRequests()[0] ?? {}, { body });
    const { record } = await world.carryOut(await world.ask({}, 5));
    expect(record).to.include({ state: "opened", url: pullRequest(2) });
    expect(world.pullRequests().map(({ state }) => state)).to.deep.equal(["closed", "open"]);

    Object.assign(world.pullRequests()[1] ?? {}, { body });
    await merge(2);
    const { record: next } = await world.carryOut(await world.ask({ revision: "3".repeat(40), image: v2 }, 6));
    expect(next).to.include({ state: "opened", url: pullRequest(3) });
  });

  const reviews: { name: string; reviewers: string[]; teams: string[]; asked: string[]; warnings: string[] }[] = [
    {
      name: "all whom GitHub lets be asked",
      reviewers: ["octocat", "nobody"],
      teams: ["platform"],
      asked: ["octocat", "platform"],
      warnings: ["review not requested from all reviewers at once", "review not requested"],
    },
    {
      name: "nobody where there is one, and it is the author",
      reviewers: ["acme"],
      teams: [],
      asked: [],
      warnings: ["review not requested from all reviewers at once"],
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
});
