import { appendFileSync } from "node:fs";
import path from "node:path";
import type { Context, Suite } from "mocha";

/** The environment variable that names the file to which each worker adds a line for each test file. */
export const TIMES = "SLIPWAY_TEST_TIMES";

export interface FileTimes {
  file: string;
  /** Milliseconds from the first hook to the last. */
  took: number;
  tests: { title: string; took: number }[];
}

const testsOf = (suite: Suite): Suite["tests"] => [...suite.tests, ...suite.suites.flatMap(testsOf)];

let began = 0;

/** In a parallel run, each file has a root suite of its own. */
export const mochaHooks = {
  beforeAll(): void {
    began = performance.now();
  },
  afterAll(this: Context): void {
    const tests = testsOf(this.test?.parent as Suite);
    const times: FileTimes = {
      file: path.relative(process.cwd(), tests[0]?.file ?? ""),
      took: performance.now() - began,
      tests: tests.map((it) => ({ title: it.fullTitle(), took: it.duration ?? 0 })),
    };
    appendFileSync(String(process.env[TIMES]), `${JSON.stringify(times)}\n`);
  },
};
