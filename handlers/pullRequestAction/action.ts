import type { PullRequestRecord, PullRequestRequest } from "../../images/gitops-pr/pullRequestRecord";
import { giveUp } from "../pullRequests/lapse";
import { idOf, isEnded } from "../pullRequests/record";
import { launchPullRequest, requestPullRequest, type StartContext } from "../pullRequests/start";
import { readRecord } from "../pullRequests/store";
import { ANSWER_WITHIN, type JobOutcome } from "../shared/codePipelineJob";
import { failure } from "../shared/failure";
import { type ActionObservation, decideAction, isAskedAgain, progressOf } from "./decision";
import type { ActionState } from "./state";

/** A pull request requested by an action. */
export type ActionRequest = PullRequestRequest & { requestedBy: string };

export type ActionOutcome = JobOutcome<ActionState>;

/**
 * Advances an action by one step. A step may be repeated, and may come late:
 *
 * 1. The first requests nothing. CodePipeline calls the next one only if it still waits for the action.
 * 2. The second requests the pull request, in the first job's name, and repeats this while the same revision is in
 *    progress with another image.
 * 3. All others check the record, and start a task that may not have been started.
 *
 * @throws Failure if it is too late to request
 */
export async function advance(
  context: StartContext,
  request: ActionRequest,
  state: ActionState,
): Promise<ActionOutcome> {
  const elapsed = context.now() / 1_000 - state.since;
  const follows = state.follows === true;
  if (!follows && elapsed > ANSWER_WITHIN) {
    const hint = `check whether record ${idOf(request)} has another image, then retry the stage`;
    throw failure("JobFailed", `${describeRequest(request)}: not requested within 20 minutes: ${hint}`);
  }
  const record = follows ? await readRecord(context.table, idOf(request)) : await ask(context, request);
  return conclude(context, request, state, { ...request, follows, elapsed, now: context.now(), record });
}

async function ask(context: StartContext, request: ActionRequest): Promise<PullRequestRecord> {
  const { record } = await requestPullRequest(context, request, (existing) =>
    isAskedAgain(existing, request.requestedBy),
  );
  return record;
}

async function conclude(
  context: StartContext,
  request: ActionRequest,
  state: ActionState,
  observation: ActionObservation,
): Promise<ActionOutcome> {
  const what = describeRequest(request);
  const step = decideAction(observation);
  switch (step.kind) {
    case "wait":
      return underWay(request, state, step.follows, step.progress);
    case "launch": {
      const { record } = await launchPullRequest(context, step.record);
      // If ECS may not have started it yet, the next job retries the start.
      return isEnded(record)
        ? conclude(context, request, state, { ...observation, record })
        : underWay(request, state, true, progressOf(record));
    }
    case "lapse": {
      const failed = await giveUp(context.table, step.record, step.cause, context.now());
      return failed === undefined
        ? underWay(request, state, observation.follows, "its record has just changed")
        : conclude(context, request, state, { ...observation, record: failed });
    }
    case "succeeded":
      return { kind: "done", summary: `${what}: ${step.summary}` };
    case "failed":
      return { kind: "failed", message: `${what} has no pull request (record ${idOf(request)}): ${step.cause}` };
  }
}

function underWay(request: ActionRequest, state: ActionState, follows: boolean, progress: string): ActionOutcome {
  return {
    kind: "underWay",
    state: { ...state, ...(follows && { follows }) },
    summary: `${describeRequest(request)}: ${progress}`,
  };
}

/** `storefront v2 in dev` */
export function describeRequest({ service, revision, environment }: ActionRequest): string {
  return `${service} ${revision} in ${environment}`;
}
