import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createGit } from "./git.ts";
import { createGitHub } from "./github.ts";
import { createLog, createRedact, explain } from "./log.ts";
import { readAttempt, readOptions, readToken } from "./options.ts";
import { refuseTask, runTask } from "./task.ts";

/** Milliseconds after which the task is aborted. */
const DEADLINE = 10 * 60_000;

const write = (line: string) => process.stdout.write(line);

/** @returns the exit code */
async function main(env: NodeJS.ProcessEnv): Promise<number> {
  const options = readOptions(env);
  const attempt = readAttempt(env);
  const { table: name, api, repository } = options;
  // Without timeouts, a connection that a NAT gateway has dropped would block the task until its deadline.
  const requestHandler = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
  const table = { table: name, dynamo: new DynamoDBClient({ maxAttempts: 5, requestHandler }) };
  let token: string;
  try {
    token = readToken(env);
  } catch (error) {
    const redact = createRedact(undefined);
    return refuseTask({ table, attempt, log: createLog(write, redact), redact, now: Date.now }, explain(error));
  }
  const redact = createRedact(token);
  const log = createLog(write, redact);
  const stop = stopping();
  return runTask({
    attempt,
    options,
    table,
    git: createGit({
      environment: env,
      token,
      askpass: path.join(path.dirname(process.argv[1] ?? ""), "askpass.sh"),
      signal: stop,
    }),
    github: createGitHub({ api, repository, token, log, signal: stop, pause: 1_000, now: Date.now, sleep }),
    log,
    redact,
    now: Date.now,
    patience: { pauses: [2_000, 4_000, 8_000, 16_000], limit: 120_000, now: Date.now, sleep },
    signal: stop,
  });
}

/** Aborted when ECS stops the task, or after the deadline. */
function stopping(): AbortSignal {
  const controller = new AbortController();
  // Octokit does not retry errors with this name.
  const end = (reason: string) => controller.abort(Object.assign(new Error(reason), { name: "AbortError" }));
  process.once("SIGTERM", () => end("the task was stopped"));
  setTimeout(() => end(`the task did not finish within ${DEADLINE / 60_000} minutes`), DEADLINE).unref();
  return controller.signal;
}

main(process.env).then(
  (code) => process.exit(code),
  (error) => {
    createLog(write, createRedact(process.env.GITHUB_TOKEN?.trim() || undefined))("error", explain(error));
    process.exit(1);
  },
);
