import { type ChildProcess, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { ProgramRun } from "../../rehearsal/program";

/** SHA-256 of the project's files that a host has read, by path relative to the project; null where there was no file. */
export type FilesRead = Record<string, string | null>;

/** How a run ended, and which files the host has read since it started. */
export interface HostAnswer {
  failed: boolean;
  output: string;
  read: FilesRead;
}

/** A process that evaluates one program after another. It has loaded Pulumi's packages, which take most of the time. */
export interface WarmHost {
  run(run: ProgramRun): Promise<HostAnswer>;
  close(): Promise<void>;
}

/** Each evaluation leaves about 50 MB behind in Pulumi's own state. */
const EVALUATIONS = 20;

/** Evaluates programs of the project at `root`, one at a time. The process is started by the first, and anew when a file has changed. */
export function createWarmHost(root: string): WarmHost {
  let host: ChildProcess | undefined;
  let read: FilesRead = {};
  let evaluations = 0;

  async function stop(): Promise<void> {
    if (host === undefined) return;
    const ended = new Promise((resolve) => host?.once("exit", resolve));
    host.kill("SIGKILL");
    host = undefined;
    await ended;
  }

  async function run(request: ProgramRun): Promise<HostAnswer> {
    if (evaluations === EVALUATIONS || !(await areUnchanged(root, read))) {
      await stop();
      read = {};
      evaluations = 0;
    }
    const running = host ?? start(root, request.tsconfig);
    host = running;
    evaluations += 1;
    const answer = await new Promise<HostAnswer>((resolve, reject) => {
      const ended = (code: number | null) => {
        host = undefined;
        reject(new Error(`The language host of the tests ended with exit code ${code}: see its output above.`));
      };
      running.once("exit", ended);
      running.once("message", (message: HostAnswer) => {
        running.removeListener("exit", ended);
        resolve(message);
      });
      running.send(request);
    });
    read = answer.read;
    // What a failed program still has under way would reach into the next.
    if (answer.failed) await stop();
    return answer;
  }

  return { run, close: stop };
}

/** As `@pulumi/pulumi/cmd/run` sets ts-node up, so that functions are serialised from the same text. */
function start(root: string, tsconfig: string): ChildProcess {
  return fork(path.join(__dirname, "hostProcess.ts"), [], {
    cwd: root,
    execArgv: ["-r", "ts-node/register/transpile-only"],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PULUMI_CONFIG_SECRET_KEYS: "[]",
      TS_NODE_PROJECT: tsconfig,
      TS_NODE_COMPILER_OPTIONS: JSON.stringify({ target: "ES2020", module: "nodenext", moduleResolution: "nodenext" }),
    },
  });
}

/** Whether the files are still what they were. */
export async function areUnchanged(root: string, read: FilesRead): Promise<boolean> {
  const same = await Promise.all(
    Object.entries(read).map(async ([file, digest]) => (await digestOf(path.join(root, file))) === digest),
  );
  return !same.includes(false);
}

const digestOf = (file: string): Promise<string | null> =>
  readFile(file).then(
    (content) => createHash("sha256").update(content).digest("hex"),
    () => null,
  );
