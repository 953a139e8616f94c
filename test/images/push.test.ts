import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { branchOf } from "../../images/gitops-pr/change";
import { file } from "../../rehearsal/forges/files";
import { commitNote, requireBase } from "../../rehearsal/forges/gitops";
import { change, startWorld, type World } from "./world";

const branch = branchOf(change);
const pushes = (world: World) => world.proxy.calls.filter((call) => call === "POST /acme/gitops.git/git-receive-pack");

describe("images/gitops-pr push", () => {
  let world: World;

  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.close());

  it("is made anew on a base that has moved", async () => {
    await requireBase(world.repository);
    world.forges.beforePush(
      world.repository,
      () => commitNote(world.repository, "one"),
      () => commitNote(world.repository, "two"),
    );
    const { record, lines } = await world.carryOut(await world.ask());
    expect(record?.state).to.equal("opened");
    expect(pushes(world)).to.have.length(3);
    expect(world.git("rev-parse", `${branch}^`)).to.equal(world.git("rev-parse", "main"));
    const refused = lines.filter(({ message }) => message === "branch rejected");
    expect(refused.map(({ tries, moved, cause }) => [tries, moved, cause])).to.deep.equal(
      [1, 2].map((tries) => [
        tries,
        "yes",
        `[remote rejected] (pre-receive hook declined) · remote: ${branch} does not contain the head of main: rebase it`,
      ]),
    );
  });

  it("is made anew on the branch, not on a tag of its name", async () => {
    world.git("tag", "main", "main");
    await requireBase(world.repository, "refs/heads/main");
    world.forges.beforePush(world.repository, () => commitNote(world.repository, "one"));
    const { record } = await world.carryOut(await world.ask());
    expect(record?.state).to.equal("opened");
    expect(pushes(world)).to.have.length(2);
    expect(world.git("rev-parse", `${branch}^`)).to.equal(world.git("rev-parse", "refs/heads/main"));
  });

  it("is made anew where its branch goes away while git looks at it", async () => {
    await world.repository.commit({ "kustomize/other.yaml": file("a: 1\n") }, "Something else", branch);
    world.proxy.served = (call) => {
      // The first look at the branch comes right after the two at the pull requests.
      if (call.endsWith("/git-upload-pack") && world.proxy.calls.at(-4) === "GET /repos/acme/gitops/pulls") {
        world.git("update-ref", "-d", `refs/heads/${branch}`);
      }
    };
    const { record, lines } = await world.carryOut(await world.ask());
    expect(record).to.include({ state: "opened", url: "https://github.com/acme/gitops/pull/1" });
    const refused = lines.filter(({ message }) => message === "branch rejected");
    expect(refused.map(({ moved }) => moved)).to.deep.equal(["yes"]);
    expect(world.git("rev-parse", `${branch}^`)).to.equal(world.git("rev-parse", "main"));
  });

  it("is given up after five tries, in git's words", async () => {
    await requireBase(world.repository);
    const moves = ["one", "two", "three", "four", "five", "six"];
    world.forges.beforePush(world.repository, ...moves.map((note) => () => commitNote(world.repository, note)));
    const { code, record } = await world.carryOut(await world.ask());
    expect(code).to.equal(1);
    expect(record).to.include({
      state: "failed",
      cause:
        `acme/gitops rejected branch ${branch}, because main moved during each of 5 attempts: ` +
        `[remote rejected] (pre-receive hook declined) · remote: ${branch} does not contain the head of main: rebase it`,
    });
    expect(pushes(world)).to.have.length(5);
    expect(world.pullRequests()).to.deep.equal([]);
  });

  it("is given up at once where nothing has moved", async () => {
    const hook = path.join(world.repository.directory, "hooks/pre-receive");
    writeFileSync(hook, "#!/bin/sh\necho 'Branches are named by people.'\nexit 1\n", { mode: 0o755 });
    const { record } = await world.carryOut(await world.ask());
    expect(record).to.include({
      state: "failed",
      cause:
        `acme/gitops rejected branch ${branch}, although nothing had moved: ` +
        "[remote rejected] (pre-receive hook declined) · remote: Branches are named by people.",
    });
    expect(pushes(world)).to.have.length(1);
  });

  it("changes nothing where the base has got the change meanwhile", async () => {
    await requireBase(world.repository);
    const overlay = "kustomize/storefront/overlays/dev/kustomization.yaml";
    const merged = world.file("main", overlay).replace(/newTag: .*/, `newTag: "${change.revision}"`);
    world.forges.beforePush(world.repository, () => world.repository.commit({ [overlay]: file(merged) }, "By hand"));
    const { record } = await world.carryOut(await world.ask());
    expect(record).to.include({ state: "unchanged", reason: `${overlay} on main already has image ${change.image}` });
    expect(world.pullRequests()).to.deep.equal([]);
  });

  it("takes the place of a branch that is behind the base, or has something else", async () => {
    await world.repository.commit({ "kustomize/other.yaml": file("a: 1\n") }, "Something else", branch);
    await commitNote(world.repository, "one");
    const { record } = await world.carryOut(await world.ask());
    expect(record?.state).to.equal("opened");
    expect(world.git("rev-parse", `${branch}^`)).to.equal(world.git("rev-parse", "main"));
    expect(world.git("diff", "--name-only", "main", branch)).to.equal(
      "kustomize/storefront/overlays/dev/kustomization.yaml\n",
    );
  });

  const comings: { name: string; cause: RegExp; come(world: World, other: () => Promise<unknown>): void }[] = [
    {
      name: "before git looked",
      cause: /^\[rejected\] \(stale info\)$/,
      come(world, other) {
        const calls: string[] = [];
        world.proxy.served = async (call) => {
          calls.push(call);
          // The first look at the branch comes right after the one at the pull requests.
          if (call.endsWith("/git-upload-pack") && calls.at(-3) === "GET /repos/acme/gitops/pulls") {
            await other();
          }
        };
      },
    },
    {
      name: "after git looked",
      cause: /^\[remote rejected\] .*reference already exists/,
      come: (world, other) => world.forges.beforePush(world.repository, other),
    },
  ];
  for (const { name, cause, come } of comings) {
    it(`does not overwrite what came to the branch ${name}`, async () => {
      come(world, () => world.repository.commit({ "kustomize/other.yaml": file("a: 1\n") }, "Something else", branch));
      const { record, lines } = await world.carryOut(await world.ask());
      expect(record?.state).to.equal("opened");
      const refused = lines.filter(({ message }) => message === "branch rejected");
      expect(refused.map(({ moved }) => moved)).to.deep.equal(["yes"]);
      expect(refused[0]?.cause).to.match(cause);
      expect(world.git("rev-parse", `${branch}^`)).to.equal(world.git("rev-parse", "main"));
    });
  }
});
