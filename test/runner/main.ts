/**
 * `npm test`: types, lint and format beside every test; `npm test -- test/handlers` runs a part of the tests. Whatever else
 * is given goes to mocha: `npm test -- --grep dead-letter`. With `--slow`, prints where the time went; `--freeze` only writes
 * down the names of all resources.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { RUNS_FOLDER } from "../evaluation/globalFixtures";
import { allTests, testsOf } from "./files";
import { slowest } from "./slowest";
import { createTemporaryFolder } from "./temporary";
import { TIMES } from "./times";

const root = path.resolve(__dirname, "../..");

/** Scenarios wait for processes and timers: a third worker uses what two leave of two cores. */
const JOBS = "3";

const FROZEN = "test/infra/frozenNames.test.ts";

interface Ended {
  code: number;
  output: string;
}

async function main(args: string[]): Promise<number> {
  const paths = args.filter((it) => existsSync(path.join(root, it)));
  const slow = args.includes("--slow");
  if (args.includes("--freeze")) return mocha([FROZEN], { SLIPWAY_FREEZE: "1" });
  const options = args.filter((it) => !paths.includes(it) && it !== "--slow");
  const files =
    paths.length === 0 ? await allTests(root) : (await Promise.all(paths.map((it) => testsOf(root, it)))).flat();
  if (files.length === 0) throw new Error(`There are no tests in ${paths.join(", ")}.`);
  const isWhole = paths.length === 0 && options.length === 0;
  const folder = await createTemporaryFolder();
  try {
    const check = isWhole ? run(["npm", "run", "--silent", "check"]) : undefined;
    const times = path.join(folder, "times");
    const tests = await mocha([...options, ...files], {
      TMPDIR: folder,
      [RUNS_FOLDER]: path.join(folder, "runs"),
      ...(slow && { [TIMES]: times }),
    });
    if (slow) process.stdout.write(`${await slowest(times)}\n`);
    return (await concludeCheck(check)) || tests;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** What the check found comes last: it would be lost among the tests. */
async function concludeCheck(check: Promise<Ended> | undefined): Promise<number> {
  if (check === undefined) return 0;
  const { code, output } = await check;
  process.stdout.write(
    code === 0 ? "Types, lint and format: no findings\n" : `${output}\nnpm run check failed: see above.\n`,
  );
  return code;
}

function mocha(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const hooks = TIMES in env ? ["--require", "test/runner/times.ts"] : [];
  const defaults = ["--reporter", "test/runner/reporter.ts", "--parallel", "--jobs", JOBS, ...hooks];
  const child = spawn(process.execPath, [require.resolve("mocha/bin/mocha.js"), ...defaults, ...args], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  // Temporary files are removed when mocha has ended. After Ctrl+C, it has got the signal already, and ignores a second.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill());
  return new Promise((resolve, reject) => child.once("close", (code) => resolve(code ?? 1)).once("error", reject));
}

async function run([command = "", ...args]: string[]): Promise<Ended> {
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  // Scenarios, which everything waits for in the end, go first: they leave enough time for the types.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  const closed = new Promise<number>((resolve, reject) =>
    child.once("close", (code) => resolve(code ?? 1)).once("error", reject),
  );
  const [code, out, err] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  return { code, output: `${out}${err}`.trim() };
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  },
);
