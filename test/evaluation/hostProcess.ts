/**
 * The process behind test/evaluation/warmHost.ts: a language host that evaluates index.ts once for each message. Pulumi's
 * packages and the modules of infra/ stay loaded in between.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { ProgramRun } from "../../rehearsal/program";
import type { FilesRead, HostAnswer } from "./warmHost";

const root = process.cwd();
const NODE_MODULES = path.join(root, "node_modules") + path.sep;

/** SHA-256 of each of the project's files that was read, by path; null for a path that is a folder or absent. */
const read: FilesRead = {};

const digest = (file: string): string | null => {
  try {
    return createHash("sha256").update(readFile(file)).digest("hex");
  } catch {
    return null;
  }
};

function remember(file: unknown): void {
  if (typeof file !== "string") return;
  const full = path.resolve(file);
  if (full.startsWith(root + path.sep) && !full.startsWith(NODE_MODULES))
    read[path.relative(root, full)] ??= digest(full);
}

// The program reads scripts and a boot hook's file by this function.
const readFile = fs.readFileSync;
fs.readFileSync = ((...given: Parameters<typeof readFile>) => {
  remember(given[0]);
  return readFile(...given);
}) as typeof readFile;

// Pulumi takes a stack trace for every promise and resource, which costs a third of an evaluation. Nobody reads them here.
Error.stackTraceLimit = 0;
Error.prepareStackTrace = String;

async function loadProgram(): Promise<unknown> {
  delete require.cache[require.resolve(root)];
  return require(root);
}

/** @returns the error that ended the program, if there was one */
async function evaluate({ project, stack, config, address }: ProgramRun): Promise<Error | undefined> {
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure ??= error;
  };
  process.on("uncaughtException", fail).on("unhandledRejection", fail);
  try {
    pulumi.runtime.resetOptions(project, stack, 16, address, address, false, "organization");
    pulumi.runtime.setAllConfig(config, []);
    await pulumi.runtime.runInPulumiStack(loadProgram);
    await pulumi.runtime.disconnect(true);
  } catch (error) {
    fail(error as Error);
  } finally {
    process.off("uncaughtException", fail).off("unhandledRejection", fail);
  }
  return failure;
}

process.on("message", async (run: ProgramRun) => {
  const error = await evaluate(run);
  Object.keys(require.cache).forEach(remember);
  const answer: HostAnswer = { failed: error !== undefined, output: error?.message ?? "", read };
  process.send?.(answer);
});
process.on("disconnect", () => process.exit());
