import type { SNSClient } from "@aws-sdk/client-sns";
import { recordDeliveredImage } from "../shared/deliveredImage";
import { explain, failureType, isTransient } from "../shared/failure";
import { referenceOf } from "../shared/image";
import { putTag } from "../shared/imageTag";
import { acquireLock, BEGINNING, describeHolder, lockSeconds, readLock, releaseLock, renewLock } from "../shared/lock";
import { log } from "../shared/log";
import type { RecordContext } from "../shared/records/context";
import { isExecutionOver, reportOutcome } from "../shared/records/jobs";
import {
  actionRecordId,
  type DeploymentRecord,
  isEnded,
  lapseOf,
  readRecord,
  updateRecord,
} from "../shared/records/record";
import { type Occasion, type Round, takeRounds } from "../shared/records/rounds";
import type { DeploymentContext, DeploymentRequest, Outcome } from "./context";
import { hasStarted } from "./deploymentLock";
import type { DeployRequests } from "./options";
import { noticeOf, publishNotice } from "./outcomeNotice";
import type { RolloutEvent } from "./rolloutEvent";
import { type DeploymentState, decodeState, encodeState } from "./state";
import { takeStep } from "./step";

export interface RecordedContext extends RecordContext {
  deployment: DeploymentContext;
  /** Absent if the application cannot be deployed by HTTP. */
  requests?: (DeployRequests & { sns: SNSClient }) | undefined;
}

/**
 * Advances a recorded deployment, by HTTP or the pipeline, as far as possible without waiting.
 * @returns whether the record is done
 */
export async function advanceDeployment(
  context: RecordedContext,
  record: DeploymentRecord,
  occasion: Occasion<RolloutEvent>,
): Promise<boolean> {
  return takeRounds(context, record, occasion, {
    step: (current) => step(context, current, occasion),
    conclude: (current) =>
      current.action === undefined ? concludeRequest(context, current) : concludeAction(context, current, occasion),
  });
}

/** The record of the application's current deployment, unless it has ended. Events of the services belong to it. */
export async function currentRecord({ table, application, now }: RecordContext): Promise<DeploymentRecord | undefined> {
  const holder = await readLock(table, application, Math.floor(now() / 1_000));
  if (holder === undefined) {
    return undefined;
  }
  const { owner, by } = holder;
  const record = await readRecord(table, by === "execution" ? actionRecordId("deploy", owner) : owner);
  return record === undefined || isEnded(record) ? undefined : record;
}

async function step(
  context: RecordedContext,
  record: DeploymentRecord,
  occasion: Occasion<RolloutEvent>,
): Promise<Round> {
  const { id, image, version, action, token } = record;
  const { table, deployment } = context;
  const lapse = lapseOf(record, context.now());
  if (lapse !== undefined) {
    return { state: "failed", cause: lapse };
  }
  const state = token === undefined ? undefined : decodeState(token);
  const hindrance =
    action === undefined
      ? await hindranceOf(context, record, state)
      : await abandonment(context, record, state, occasion);
  if (hindrance !== undefined) {
    return hindrance;
  }
  const lock = action && { table, execution: action.execution };
  const request: DeploymentRequest = { id: action?.jobs[0] ?? id, image, version, lock };
  const observing = occasion.kind === "event" ? { ...deployment, event: occasion.event } : deployment;
  try {
    return await settled(context, record, state, await takeStep(observing, request, state));
  } catch (error) {
    if (isUntouched(state) && isTransient(error)) {
      return retry(context, record, error);
    }
    return { state: "failed", cause: explain(error), type: failureType(error) };
  }
}

/** How long the start is retried while AWS cannot be reached, in seconds. */
const PATIENCE = 30 * 60;

function retry({ now }: RecordedContext, { requestedAt, token }: DeploymentRecord, error: unknown): Round {
  return now() - Date.parse(requestedAt) < PATIENCE * 1_000
    ? { state: "inProgress", token, summary: `trying again: ${explain(error)}` }
    : { state: "failed", cause: explain(error), type: failureType(error) };
}

/** Why a deployment by HTTP cannot start. Takes the lock if the API died before doing so. */
async function hindranceOf(
  { deployment, table, application, now }: RecordedContext,
  { id, version, until }: DeploymentRecord,
  state: DeploymentState | undefined,
): Promise<Round | undefined> {
  const seconds = Math.floor(now() / 1_000);
  // The lock's remaining time must be long enough for a rollout and a rollback.
  const isTooLate = now() / 1_000 > until - 2 * deployment.options.deadlineMinutes * 60;
  if (isUntouched(state) && isTooLate && !(state && (await hasStarted(deployment, state)))) {
    return { state: "failed", cause: `it did not start within ${BEGINNING} minutes; nothing was changed` };
  }
  if (state !== undefined) {
    return undefined;
  }
  const other = await acquireLock(table, application, { owner: id, by: "deployment", version, until }, seconds);
  if (other !== undefined) {
    return { state: "failed", cause: `${application} is being deployed: ${describeHolder(other)}` };
  }
  // If the API fails after its message, it deletes the record and releases the lock, perhaps just before this took it.
  if ((await readRecord(table, id)) === undefined) {
    await releaseLock(table, application, id);
    return { state: "failed", cause: "the API cancelled the request" };
  }
  return undefined;
}

/** Why an action stops: the pipeline's execution has ended, so its schedules and tag will not follow. */
async function abandonment(
  context: RecordedContext,
  { action }: DeploymentRecord,
  state: DeploymentState | undefined,
  occasion: Occasion<RolloutEvent>,
): Promise<Round | undefined> {
  if (action === undefined || occasion.kind !== "message" || state?.phase === "rollback") {
    return undefined;
  }
  const isOver = await isExecutionOver(context, action).catch((error: unknown) => {
    log("warn", "the pipeline's execution cannot be read", { execution: action.execution, cause: explain(error) });
    return false;
  });
  if (!isOver) {
    return undefined;
  }
  const cause = "the pipeline execution had already ended";
  if (state === undefined || (isUntouched(state) && !(await hasStarted(context.deployment, state)))) {
    return { state: "failed", cause: `${cause}, and nothing was changed` };
  }
  const back: DeploymentState = { ...state, phase: "rollback", since: Math.floor(context.now() / 1_000), cause };
  return { state: "inProgress", token: encodeState(back), summary: `rolling back: ${cause}`, further: true };
}

/** According to its record. The round that started it may have died before recording that. */
function isUntouched(state: DeploymentState | undefined): boolean {
  return state === undefined || state.phase === "waiting" || state.phase === "registered";
}

async function settled(
  context: RecordedContext,
  record: DeploymentRecord,
  before: DeploymentState | undefined,
  outcome: Outcome,
): Promise<Round> {
  switch (outcome.kind) {
    case "underWay": {
      const { state, summary } = outcome;
      const further = state.phase !== before?.phase && state.phase !== "waiting";
      return { state: "inProgress", token: encodeState(state), summary, further };
    }
    case "failed":
      return { state: "failed", cause: outcome.message };
    case "done":
      return tagged(context, record, outcome.summary);
  }
}

/** After a deployment by HTTP, tags the image before the record ends: a round that dies is repeated. */
async function tagged(
  { deployment, requests, table: { dynamo } }: RecordedContext,
  { image, version, token, action }: DeploymentRecord,
  summary: string,
): Promise<Round> {
  if (requests === undefined || action !== undefined) {
    return { state: "succeeded", summary };
  }
  const what = `${requests.repository}:${requests.tag}`;
  try {
    const { repository, deliveredImages } = requests;
    const { digest } = referenceOf(image);
    await recordDeliveredImage(dynamo, deliveredImages, { repository, digest, version });
    await putTag(deployment.ecr, requests, digest);
    return { state: "succeeded", summary: `${summary}. ${what} now points to this image` };
  } catch (error) {
    return isTransient(error)
      ? {
          state: "inProgress",
          token,
          summary: `${summary}. ${what} does not point to this image yet: ${explain(error)}`,
        }
      : { state: "failed", cause: `${summary}. But ${what} does not point to this image: ${explain(error)}` };
  }
}

/** @throws SNS's error: the outcome will be published again */
async function concludeRequest({ requests, table }: RecordedContext, record: DeploymentRecord): Promise<boolean> {
  await releaseLock(table, record.application, record.id);
  if (requests !== undefined && !record.reported) {
    await publishNotice(requests.sns, requests.topicArn, noticeOf(record, record, requests.tag));
    await updateRecord(table, record, { action: undefined, reported: true });
  }
  return true;
}

/**
 * A failed deployment releases the lock at once. A successful one holds it until the pipeline's execution has ended, so
 * that no other version is deployed while schedules and tag are changed.
 */
async function concludeAction(
  context: RecordedContext,
  record: DeploymentRecord,
  occasion: Occasion<RolloutEvent>,
): Promise<boolean> {
  const { table, application, now } = context;
  const { action, state } = record;
  if (action === undefined) {
    return true;
  }
  if (state === "failed") {
    await releaseLock(table, application, action.execution);
  }
  const { reported } = await reportOutcome(context, record);
  if (occasion.kind !== "message") {
    return false;
  }
  if (await isExecutionOver(context, action)) {
    await releaseLock(table, application, action.execution);
    return true;
  }
  if (state === "succeeded") {
    const seconds = Math.floor(now() / 1_000);
    const until = seconds + lockSeconds(context.deployment.options.deadlineMinutes);
    await renewLock(table, application, action.execution, seconds, until);
  }
  return state === "failed" && reported === true;
}
