import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { packageFolders } from "../../infra/lambda/packages";

const PROJECT = path.resolve(__dirname, "../..");

/** Scopes of npm that Lambda's Node.js runtime brings along. */
const RUNTIME_SCOPES = ["@aws-sdk", "@smithy"];

/**
 * Stands in for Lambda's runtime: takes an event from each line, with its time, and answers on the stream of the logs, so that no log
 * line can follow the answer to its invocation. Answers begin with a NUL.
 *
 * A timer of five seconds or more is a deadline (the SDK's request timeouts, AbortSignal.timeout), and fires only when a line lets
 * time pass: on a busy machine, requests would be repeated or given up. Shorter ones are the SDK's pauses between attempts, at
 * most four seconds.
 */
const RUNTIME = `
const { now } = Date;
let passed = 0;
Date.now = () => now() + passed;
const deadlines = new Set();
function addDeadline(milliseconds, action) {
  const deadline = { due: passed + milliseconds, action, ref: () => deadline, unref: () => deadline, hasRef: () => false };
  deadlines.add(deadline);
  return deadline;
}
function pass(milliseconds) {
  passed += milliseconds;
  for (const deadline of [...deadlines])
    if (deadline.due <= passed && deadlines.delete(deadline)) deadline.action();
}
const { setTimeout: set, clearTimeout: clear } = globalThis;
globalThis.setTimeout = (action, milliseconds = 0, ...given) =>
  milliseconds < 5_000 ? set(action, milliseconds, ...given) : addDeadline(milliseconds, () => action(...given));
globalThis.clearTimeout = (timer) => deadlines.delete(timer) || clear(timer);
AbortSignal.timeout = (milliseconds) => {
  const controller = new AbortController();
  const error = new DOMException("The operation was aborted due to timeout", "TimeoutError");
  addDeadline(milliseconds, () => controller.abort(error));
  return controller.signal;
};
const { handler } = require("./__index.js");
const answer = (value) => process.stdout.write("\\0" + JSON.stringify(value) + "\\n");
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { event, remaining, later } = JSON.parse(line);
  pass(later);
  if (event === undefined) return;
  handler(event, { getRemainingTimeInMillis: () => remaining }).then(
    (value) => answer({ value }),
    ({ name, message }) => answer({ error: { name, message } }),
  );
});
`;

export interface LambdaArgs {
  /** The text of `__index.js`. */
  text: string;
  /** What the function's one environment variable holds. */
  options: object;
  /** Where AWS is. */
  endpointUrl: string;
  /** npm packages in the archive beside the text. */
  packages?: string[];
}

export interface Invocation {
  value?: unknown;
  error?: { name: string; message: string };
  /** The lines that the function logged meanwhile. */
  lines: string[];
}

export interface InvocationTime {
  /** Milliseconds that the function has; a minute. */
  remaining?: number;
  /** Milliseconds that have passed since the invocation before, beside those that really have. */
  later?: number;
}

export interface Lambda {
  invoke(event: unknown, time?: InvocationTime): Promise<Invocation>;
  /** Lets time pass during an invocation: its deadlines fire. */
  pass(milliseconds: number): void;
  close(): Promise<void>;
}

/** A function in a Node.js process of its own, which sees its archive, the AWS SDK, and nothing of this project. */
export function startLambda({ text, options, endpointUrl, packages = [] }: LambdaArgs): Lambda {
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-callback-"));
  writeArchive(folder, text, packages);
  const child = spawn(process.execPath, ["runtime.js"], {
    cwd: folder,
    env: {
      OPTIONS: JSON.stringify(options),
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "key of the function's role",
      AWS_SESSION_TOKEN: "token of the function's role",
      AWS_ENDPOINT_URL: endpointUrl,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const errors: string[] = [];
  child.stderr.on("data", (chunk) => errors.push(String(chunk)));
  const exit = once(child, "close");
  const output = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async invoke(event, { remaining = 60_000, later = 0 } = {}) {
      child.stdin.write(`${JSON.stringify({ event, remaining, later })}\n`);
      const lines: string[] = [];
      for (let line = await output.next(); !line.done; line = await output.next()) {
        if (line.value.startsWith("\0")) {
          return { ...JSON.parse(line.value.slice(1)), lines };
        }
        lines.push(line.value);
      }
      throw new Error(`the function's process ended: ${errors.join("")}`);
    },
    pass(later) {
      child.stdin.write(`${JSON.stringify({ later })}\n`);
    },
    async close() {
      child.stdin.end();
      child.kill();
      await exit;
      rmSync(folder, { recursive: true });
    },
  };
}

function writeArchive(folder: string, text: string, packages: string[]): void {
  mkdirSync(path.join(folder, "node_modules"));
  writeFileSync(path.join(folder, "__index.js"), text);
  writeFileSync(path.join(folder, "runtime.js"), RUNTIME);
  for (const scope of RUNTIME_SCOPES) {
    symlinkSync(path.join(PROJECT, "node_modules", scope), path.join(folder, "node_modules", scope));
  }
  // Copied, not linked: a package that was forgotten must not be found beside the original.
  for (const name of Object.keys(packageFolders(packages))) {
    cpSync(path.join(PROJECT, name), path.join(folder, name), { recursive: true });
  }
}
