import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { changedOverlay, pushBranch } from "./branch.ts";
import { checkChange, overlayFile, serviceFolder } from "./change.ts";
import type { Git } from "./git.ts";
import type { GitHub } from "./github.ts";
import { brief, explain, type Log, type Redact } from "./log.ts";
import type { Options } from "./options.ts";
import { noteOverlays } from "./overlays.ts";
import { openPullRequest, type PullRequestContext, retireEarlier, supersededBy } from "./pullRequest.ts";
import type { PullRequestAttempt, PullRequestRecord } from "./pullRequestRecord.ts";
import { moveRecord, type Outcome, readRecord, type Table } from "./record.ts";
import type { Patience } from "./retry.ts";
import { clone } from "./workingCopy.ts";

/** Maximum characters of a text in the record: DynamoDB rejects items larger than 400 KB. */
const FACT = 2_000;

/** The task's dependencies. */
export interface Task {
  attempt: PullRequestAttempt;
  options: Options;
  table: Table;
  git: Git;
  github: GitHub;
  log: Log;
  redact: Redact;
  /** Milliseconds. */
  now: () => number;
  patience: Patience;
  /** Aborted, with an Error as reason, when the task must end at once. */
  signal: AbortSignal;
}

/** What is needed to update the record. */
type Teller = Pick<Task, "attempt" | "table" | "log" | "redact" | "now">;

/**
 * Carries out a record's request and stores the outcome in the record.
 * @returns the exit code: 0 for opened, unchanged, or nothing to do; 1 for failed
 * @throws Error if the record cannot be read or updated
 */
export async function runTask(task: Task): Promise<number> {
  const record = await begin(task);
  if (record === undefined) {
    return 0;
  }
  const doing = { step: "starting" };
  const outcome = await untilAborted(() => carryOut(task, record, doing), task.signal).catch(
    (error): Outcome => ({
      state: "failed",
      cause: task.signal.aborted ? `${explain(task.signal.reason)}; it was ${doing.step}: try again` : explain(error),
    }),
  );
  await end(task, outcome);
  return outcome.state === "failed" ? 1 : 0;
}

/** Sets the record to failed if the task cannot start. @returns the exit code */
export async function refuseTask(teller: Teller, cause: string): Promise<number> {
  if ((await begin(teller)) === undefined) {
    return 0;
  }
  await end(teller, { state: "failed", cause });
  return 1;
}

/** @returns the record, now running; `undefined` if this task must not process it */
async function begin({ table, attempt, log, now }: Teller): Promise<PullRequestRecord | undefined> {
  const record = await readRecord(table, attempt.id);
  const isOwn = record?.attempt === attempt.attempt;
  const isOpen = isOwn && (record.state === "requested" || record.state === "running");
  const isBegun =
    isOpen && (record.state === "running" || (await moveRecord(table, attempt, { state: "running" }, now())));
  if (record !== undefined && isBegun) {
    const { service, environment, revision, image } = record;
    log("info", "task started", { ...attempt, service, environment, revision, image });
    return record;
  }
  const reason =
    record === undefined ? "there is no such record" : isOwn ? "it has ended" : "another attempt has taken its place";
  log("info", "nothing to do", { ...attempt, reason });
  return undefined;
}

async function end({ table, attempt, log, redact, now }: Teller, outcome: Outcome): Promise<void> {
  const texts = Object.entries(outcome).map(([name, text]) => [name, brief(redact(text), FACT)]);
  const redacted = Object.fromEntries(texts) as Outcome;
  log(outcome.state === "failed" ? "error" : "info", outcome.state, { ...attempt, ...redacted });
  if (!(await moveRecord(table, attempt, redacted, now()))) {
    log("warn", "record not updated: it has ended, or another attempt has taken its place", { ...attempt });
  }
}

async function carryOut(task: Task, record: PullRequestRecord, doing: { step: string }): Promise<Outcome> {
  const { options, git, github, log, patience } = task;
  checkChange(record);
  const scratch = await mkdtemp(path.join(tmpdir(), "gitops-"));
  try {
    doing.step = `cloning ${options.repository}`;
    const copy = await clone({
      git,
      url: `${options.github}/${options.repository}.git`,
      branch: options.branch,
      folder: serviceFolder(record),
      directory: path.join(scratch, "repository"),
      patience,
    });
    log("info", "cloned", { repository: options.repository, commit: await copy.base() });
    await noteOverlays(task.table, copy, log, task.now());
    const isThere = (await changedOverlay({ options, copy, log }, record)) === undefined;
    doing.step = `reading the pull requests of ${options.repository}`;
    const trust = { bot: await github.viewer(), now: task.now() };
    const context: PullRequestContext = { options, github, log, patience, trust };
    if (isThere) {
      return await unchanged(context, record);
    }
    const superseded = await supersededBy(context, record);
    if (superseded !== undefined) {
      return superseded;
    }
    doing.step = "pushing the branch";
    if (!(await pushBranch({ options, copy, log }, record))) {
      return await unchanged(context, record);
    }
    doing.step = "opening the pull request";
    return await openPullRequest(context, record);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function unchanged(context: PullRequestContext, record: PullRequestRecord): Promise<Outcome> {
  await retireEarlier(context, record);
  const where = `${overlayFile(record)} on ${context.options.branch}`;
  return { state: "unchanged", reason: `${where} already has image ${record.image}` };
}

/** Settles with the promise, or rejects as soon as the signal is aborted. */
async function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    work().then(resolve, reject);
  });
}
