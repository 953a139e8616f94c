import type { PullRequestRequest } from "../../images/gitops-pr/pullRequestRecord";
import { explain } from "../shared/failure";
import { log } from "../shared/log";
import { type MissingOverlay, missingOverlay } from "./overlays";
import { idOf } from "./record";
import { releaseSlot, takeSlot } from "./slots";
import { isStalled, neverStarted, type RequestOutcome, requestPullRequest, type StartContext } from "./start";
import { type PullRequestTable, readRecord } from "./store";

/** Nothing was written or started. */
export type TurnedAway = { kind: "busy" } | { kind: "missing"; overlay: MissingOverlay };

/**
 * Requests a pull request like {@link requestPullRequest}, unless `limit` tasks are already in progress or the overlay
 * is known to be missing: invented names and revisions must not start tasks.
 * @throws the SDK's error if DynamoDB is unavailable
 */
export async function requestCapped(
  context: StartContext,
  request: PullRequestRequest,
  limit: number,
): Promise<RequestOutcome | TurnedAway> {
  const { table, now } = context;
  const id = idOf(request);
  const known = await readRecord(table, id);
  if (known !== undefined && !neverStarted(known) && !isStalled(known, now())) {
    return requestPullRequest(context, request);
  }
  const overlay = await missingOverlay(table, request, now());
  if (overlay !== undefined) {
    return { kind: "missing", overlay };
  }
  const taken = now();
  if (!(await takeSlot(table, id, limit, taken))) {
    return { kind: "busy" };
  }
  const outcome = await requestPullRequest(context, request).catch(async (error) => {
    await giveBack(table, id, taken);
    throw error;
  });
  if (outcome.kind === "refused") {
    await giveBack(table, id, taken);
  }
  return outcome;
}

/** Slots that cannot be released expire after an hour. */
async function giveBack(table: PullRequestTable, id: string, taken: number): Promise<void> {
  try {
    await releaseSlot(table, id, taken);
  } catch (error) {
    log("warn", "task slot of the pull request not released", { id, cause: explain(error) });
  }
}
