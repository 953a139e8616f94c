import { explain } from "../failure";
import { log } from "../log";
import { idOf, type PullRequestRequest } from "./record";
import { releaseSlot, takeSlot } from "./slots";
import { isStalled, neverStarted, type RequestOutcome, requestPullRequest, type StartContext } from "./start";
import { type PullRequestTable, readRecord } from "./store";

/**
 * Asks for a pull request as {@link requestPullRequest} does, if no more than `limit` tasks are under way then. Busy: nothing
 * was written or started.
 * @throws the SDK's error if DynamoDB cannot be asked
 */
export async function requestCapped(
  context: StartContext,
  request: PullRequestRequest,
  limit: number,
): Promise<RequestOutcome | { kind: "busy" }> {
  const { table, now } = context;
  const id = idOf(request);
  const known = await readRecord(table, id);
  if (known !== undefined && !neverStarted(known) && !isStalled(known, now())) {
    return requestPullRequest(context, request);
  }
  if (!(await takeSlot(table, id, limit, now()))) {
    return { kind: "busy" };
  }
  const outcome = await requestPullRequest(context, request).catch(async (error) => {
    await giveBack(table, id);
    throw error;
  });
  if (outcome.kind === "refused") {
    await giveBack(table, id);
  }
  return outcome;
}

/** A slot that cannot be given back is free again after an hour. */
async function giveBack(table: PullRequestTable, id: string): Promise<void> {
  try {
    await releaseSlot(table, id);
  } catch (error) {
    log("warn", "slot of a pull request's task not given back", { id, cause: explain(error) });
  }
}
