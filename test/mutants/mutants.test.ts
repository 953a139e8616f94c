import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { assert } from "chai";
import { mutated } from "./mutant";
import { MUTANTS } from "./mutants";

const root = path.resolve(__dirname, "../..");

describe("the mistakes of npm run mutants", () => {
  it("are at least 60, each with a name of its own", () => {
    assert.isAtLeast(MUTANTS.length, 60);
    assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
  });

  it("can be made: each text to replace occurs exactly once in its file", () => {
    const problems = MUTANTS.flatMap((mutant) => {
      try {
        const text = readFileSync(path.join(root, mutant.file), "utf8");
        return mutated(text, mutant) === text ? [`${mutant.name}: changes nothing`] : [];
      } catch (error) {
        return [(error as Error).message];
      }
    });
    assert.deepEqual(problems, []);
  });

  it("are caught by tests that exist", () => {
    const missing = MUTANTS.flatMap(({ tests }) => tests).filter((file) => !existsSync(path.join(root, file)));
    assert.deepEqual(missing, []);
    assert.isTrue(MUTANTS.every(({ tests }) => tests.length > 0 && tests.every((file) => file.endsWith(".test.ts"))));
  });
});
