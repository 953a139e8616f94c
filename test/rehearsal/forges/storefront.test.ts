import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { assert } from "chai";
import { createClock } from "../../../rehearsal/clock";
import { runGit } from "../../../rehearsal/forges/git";
import { createRepository, type RefUpdate, type Repository } from "../../../rehearsal/forges/repository";
import {
  commitCrash,
  commitFailingMigration,
  commitSchedules,
  commitSlowMigration,
  commitVersion,
  commitWorkerCrash,
  renamedSchedules,
  storefront,
} from "../../../rehearsal/forges/storefront";

interface Run {
  code: number | null;
  out: string;
  err: string;
}

describe("rehearsal: commits of the storefront", () => {
  let directory: string;
  let repository: Repository;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "slipway-storefront-"));
    repository = await createRepository(directory, storefront, createClock(0, Date.UTC(2026, 0, 5)));
    await commitVersion(repository, "1.0.0");
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** Lays a commit out, and runs a program of it. */
  async function run({ after }: RefUpdate, args: string[]): Promise<Run> {
    const folder = path.join(directory, "files", after);
    await mkdir(folder, { recursive: true });
    await runGit([
      `--git-dir=${repository.directory}`,
      `--work-tree=${folder}`,
      "checkout",
      "--force",
      after,
      "--",
      ".",
    ]);
    const env = { PATH: process.env.PATH };
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: "utf8" });
    return { code: status, out: stdout, err: stderr };
  }

  const read = (name: string) => runGit([`--git-dir=${repository.directory}`, "show", `main:${name}`]);

  const broken: [name: string, commit: () => Promise<RefUpdate>, program: string, code: number, err: RegExp][] = [
    ["a server that crashes", () => commitCrash(repository, "2.0.0"), "server.js", 1, /DATABASE_URL is not set/],
    ["a worker that crashes", () => commitWorkerCrash(repository, "2.0.0"), "worker.js", 1, /DATABASE_URL is not set/],
    [
      "a migration that fails",
      () => commitFailingMigration(repository, "2.0.0"),
      "migrate.js",
      3,
      /^column products\.old_price does not exist\n$/,
    ],
  ];
  for (const [name, commit, program, code, err] of broken)
    it(`have ${name}, which no test notices and the next version mends`, async () => {
      const update = await commit();
      const ended = await run(update, [program]);
      assert.equal(ended.code, code);
      assert.match(ended.err, err);
      assert.equal((await run(update, ["--test"])).code, 0);
      await commitVersion(repository, "2.0.1");
      for (const file of [program, "test/programs.test.js"])
        assert.equal(
          await read(file),
          await runGit([`--git-dir=${repository.directory}`, "show", `main~2:${file}`]),
          file,
        );
    });

  it("have a migration that takes as long as they say, and then does the same", async () => {
    const began = performance.now();
    const { code, out } = await run(await commitSlowMigration(repository, "2.0.0", 1), ["migrate.js"]);
    assert.isAtLeast(performance.now() - began, 1000);
    const messages = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).message);
    assert.deepEqual([code, messages], [0, ["migration step", "migration step", "migrated"]]);
  });

  it("have schedules of their own, which the next version takes back", async () => {
    const before = await read("schedules.yaml");
    await commitSchedules(repository, "2.0.0", renamedSchedules);
    assert.equal(await read("schedules.yaml"), renamedSchedules);
    await commitVersion(repository, "2.0.1");
    assert.equal(await read("schedules.yaml"), before);
  });
});
