import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { assert } from "chai";
import { createRun, removeFormerRuns } from "../../rehearsal/runs";

describe("rehearsal: the folders of runs", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "slipway-runs-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("removes those of processes that ended, and nothing else", async () => {
    const mine = path.basename(await createRun(folder, "cn-north-1"));
    for (const name of ["dev-111-aaaaaa/s3", "dev-222-bbbbbb", "cache"])
      await mkdir(path.join(folder, name), { recursive: true });
    await removeFormerRuns(folder, (pid) => pid === 222 || pid === process.pid);
    assert.deepEqual((await readdir(folder)).sort(), ["cache", mine, "dev-222-bbbbbb"].sort());
  });

  it("knows this process by itself", async () => {
    const mine = path.basename(await createRun(folder, "dev"));
    await removeFormerRuns(folder);
    assert.include(await readdir(folder), mine);
  });

  it("keeps npm within a run: a build without a package.json must not find the project's", async () => {
    const run = await createRun(path.join(__dirname, "../../.rehearsal"), "dev");
    const source = path.join(run, "src");
    await mkdir(source);
    const { stdout } = await promisify(execFile)("npm", ["prefix"], { cwd: source });
    assert.equal(stdout.trim(), await realpath(run));
    await rm(run, { recursive: true });
  });

  it("has nothing to do before the first run", async () => {
    await removeFormerRuns(path.join(folder, "absent"));
  });
});
