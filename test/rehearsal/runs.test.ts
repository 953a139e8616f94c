import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { assert } from "chai";
import { removeFormerRuns, runPrefix } from "../../rehearsal/runs";

describe("rehearsal: the folders of runs", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "slipway-runs-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("removes those of processes that ended, and nothing else", async () => {
    const mine = `${runPrefix("cn-north-1")}AbC123`;
    for (const name of ["dev-111-aaaaaa/s3", "dev-222-bbbbbb", mine, "cache"])
      await mkdir(path.join(folder, name), { recursive: true });
    await removeFormerRuns(folder, (pid) => pid === 222 || pid === process.pid);
    assert.deepEqual((await readdir(folder)).sort(), ["cache", mine, "dev-222-bbbbbb"].sort());
  });

  it("knows this process by itself", async () => {
    const mine = `${runPrefix("dev")}aaaaaa`;
    await mkdir(path.join(folder, mine));
    await removeFormerRuns(folder);
    assert.include(await readdir(folder), mine);
  });

  it("has nothing to do before the first run", async () => {
    await removeFormerRuns(path.join(folder, "absent"));
  });
});
