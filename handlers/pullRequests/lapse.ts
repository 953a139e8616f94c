import type { PullRequestAttempt, PullRequestRecord } from "../../images/gitops-pr/pullRequestRecord";
import { log } from "../shared/log";
import { DEAD, isEnded } from "./record";
import { moveRecord, type PullRequestTable, readRecord } from "./store";

/**
 * Why an unfinished pull request has failed. The event of its task's end may be lost: EventBridge and Lambda give up
 * after a while.
 * @param now milliseconds
 */
export function lapseOf(record: PullRequestRecord, now: number): string | undefined {
  return isEnded(record) || now - Date.parse(record.updatedAt) < DEAD
    ? undefined
    : `its task has reported nothing since ${record.updatedAt}`;
}

/** Records that a pull request is abandoned. @returns `undefined` if it has ended. @param now milliseconds */
export async function giveUp(
  table: PullRequestTable,
  { id, attempt }: PullRequestAttempt,
  cause: string,
  now: number,
): Promise<PullRequestRecord | undefined> {
  const failed = await moveRecord(table, { id, attempt }, "failed", { cause }, now);
  log("warn", "pull request task considered lost", { id, attempt, cause });
  return failed;
}

/** The record, marked as failed if it has been abandoned. @param now milliseconds */
export async function settled(
  table: PullRequestTable,
  record: PullRequestRecord,
  now: number,
): Promise<PullRequestRecord> {
  const cause = lapseOf(record, now);
  if (cause === undefined) {
    return record;
  }
  return (await giveUp(table, record, cause, now)) ?? (await readRecord(table, record.id)) ?? record;
}
