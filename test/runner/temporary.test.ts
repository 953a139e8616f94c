import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { assert } from "chai";
import { createTemporaryFolder } from "./temporary";

describe("the temporary folder of a test run", () => {
  let memory: string;
  beforeEach(async () => {
    memory = await mkdtemp(path.join(tmpdir(), "memory-"));
  });
  afterEach(() => rm(memory, { recursive: true }));

  it("is in memory if there is enough", async () => {
    const folder = await createTemporaryFolder(memory, 1);
    assert.equal(path.dirname(folder), memory);
  });

  it("is on the disk if there is not enough memory, or no such file system", async () => {
    for (const args of [[memory, Number.MAX_SAFE_INTEGER] as const, [path.join(memory, "absent"), 1] as const]) {
      const folder = await createTemporaryFolder(...args);
      assert.equal(path.dirname(folder), tmpdir());
      await rm(folder, { recursive: true });
    }
  });

  it("replaces old ones of ended runs, and no others", async () => {
    // Greater than any process id of Linux.
    const ended = path.join(memory, "slipway-99999999-abc");
    const others = [`slipway-${process.ppid}-abc`, "slipway", "postgres-99999999-abc"];
    const long = new Date(Date.now() - 2 * 3_600_000);
    for (const name of [ended, ...others.map((it) => path.join(memory, it))]) {
      await mkdir(name);
      await utimes(name, long, long);
    }
    others.push("slipway-99999999-new");
    await mkdir(path.join(memory, "slipway-99999999-new"));
    await createTemporaryFolder(memory, 1);
    assert.isFalse(existsSync(ended));
    for (const name of others) assert.isTrue(existsSync(path.join(memory, name)), name);
  });
});
