import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { createTemporaryFolder } from "../runner/temporary";
import { type Mutant, mutated } from "./mutant";

export interface TestRun {
  /** Whether every test has passed. */
  passed: boolean;
  /** The first failing test. It is missing if mocha could not run the tests. */
  failed?: string | undefined;
  output: string;
}

/** A copy of the project, in which mistakes are made and tests run. */
export interface Workshop {
  test(files: string[]): Promise<TestRun>;
  /** Runs the mutant's tests with its mistake. */
  testWith(mutant: Mutant): Promise<TestRun>;
  close(): Promise<void>;
}

/** For each test file, in milliseconds. A mistake may lead to an endless loop, which mocha cannot interrupt. */
const LONGEST = 120_000;

/** @param signal ends the tests that run: they throw its reason */
export async function openWorkshop(root: string, signal: AbortSignal): Promise<Workshop> {
  const folder = await createTemporaryFolder();
  const project = path.join(folder, "project");
  const temporary = path.join(folder, "tmp");
  await mkdir(temporary);
  await copyProject(root, project);

  async function test(files: string[]): Promise<TestRun> {
    signal.throwIfAborted();
    const args = ["--reporter", "test/runner/reporter.ts", "--bail", ...files];
    const child = spawn(process.execPath, [path.join(root, "node_modules/mocha/bin/mocha.js"), ...args], {
      cwd: project,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LONGEST * files.length,
      env: { ...process.env, TMPDIR: temporary },
    });
    const stop = () => child.kill();
    signal.addEventListener("abort", stop);
    const closed = new Promise<number>((resolve, reject) =>
      child.once("close", (code) => resolve(code ?? 1)).once("error", reject),
    );
    const [code, out, err] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
    signal.removeEventListener("abort", stop);
    signal.throwIfAborted();
    return { passed: code === 0, failed: /^First failure: (.*)$/m.exec(out)?.[1], output: `${out}${err}` };
  }

  return {
    test,
    async testWith(mutant) {
      const file = path.join(project, mutant.file);
      const original = await readFile(file, "utf8");
      await writeFile(file, mutated(original, mutant));
      try {
        return await test(mutant.tests);
      } finally {
        await writeFile(file, original);
      }
    },
    close: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Copies what git tracks, as it is in the working folder. */
async function copyProject(root: string, to: string): Promise<void> {
  const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0");
  for (const file of tracked.filter((it) => it !== "" && existsSync(path.join(root, it))))
    await cp(path.join(root, file), path.join(to, file), { recursive: true });
  await linkPackages(path.join(root, "node_modules"), path.join(to, "node_modules"));
}

/** Links every package, but not `.cache`: functions with mistakes are serialised into a cache of the copy. */
async function linkPackages(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const name of await readdir(from))
    if (name !== ".cache") await symlink(path.join(from, name), path.join(to, name));
}
