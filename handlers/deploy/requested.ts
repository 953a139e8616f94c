import type { SNSClient } from "@aws-sdk/client-sns";
import { ChangeMessageVisibilityCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import type { DeployRequests } from "../deploy";
import {
  advanceRecord,
  DEPLOYMENT_ID,
  type DeploymentProgress,
  type DeploymentRecord,
  isEnded,
  lapseOf,
  readRecord,
} from "../deployments/record";
import { explain, isTransient } from "../failure";
import { referenceOf } from "../image";
import { putTag } from "../imageTag";
import { log } from "../log";
import type { DeploymentContext, DeploymentRequest, Outcome } from "./deployment";
import { BEGINNING, type DeploymentTable, readLock, releaseLock } from "./lock";
import { noticeOf, publishNotice } from "./outcomeNotice";
import { type DeploymentState, decodeState, encodeState } from "./state";
import { takeStep } from "./step";
import { hasStarted } from "./turn";

export interface RequestedContext {
  deployment: DeploymentContext;
  requests: DeployRequests;
  table: DeploymentTable;
  sqs: SQSClient;
  sns: SNSClient;
}

/** Seconds between two looks at a deployment. */
const PAUSE = 15;

/**
 * Takes each deployment of the batch a round further. Its message comes again until the deployment has ended: it is reported
 * as failed, and hidden for a pause. A message of the function's own would do as well, but after some sixteen of them Lambda
 * takes that for a recursive loop, and stops it: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
 */
export async function deployRequested(context: RequestedContext, { Records }: SQSEvent): Promise<SQSBatchResponse> {
  const batchItemFailures: SQSBatchResponse["batchItemFailures"] = [];
  for (const message of Records) {
    if (!(await isOver(context, message))) {
      await hide(context, message);
      batchItemFailures.push({ itemIdentifier: message.messageId });
    }
  }
  return { batchItemFailures };
}

async function isOver(context: RequestedContext, { body, messageId }: SQSRecord): Promise<boolean> {
  try {
    const id = idOf(body);
    const record = id === undefined ? undefined : await readRecord(context.table, id);
    const { application } = context.deployment.options;
    if (record?.application !== application) {
      const cause = record === undefined ? "there is no record of it" : `it is one of ${record.application}`;
      log("error", "deployment dropped", { messageId, id, application, cause });
      return true;
    }
    return await goOn(context, record);
  } catch (error) {
    log("warn", "deployment not advanced", { messageId, cause: explain(error) });
    return false;
  }
}

function idOf(body: string): string | undefined {
  try {
    const { id } = JSON.parse(body) as { id?: unknown };
    return typeof id === "string" && DEPLOYMENT_ID.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

/** @returns whether the deployment has ended */
async function goOn(context: RequestedContext, record: DeploymentRecord): Promise<boolean> {
  const { deployment, table } = context;
  const { id, application, version } = record;
  if (isEnded(record)) {
    // The round that ended it may have died before it told so: it gives the lock back last.
    const holder = await readLock(table, application, Math.floor(deployment.now() / 1_000));
    if (holder?.owner === id) {
      await conclude(context, record, record);
    }
    return true;
  }
  const progress = await progressOf(context, record);
  // Like the answer to CodePipeline, of which only one is heard: what another round has found in the meantime stands.
  if (!(await advanceRecord(table, record, progress, deployment.now()))) {
    log("info", "deployment was advanced by another round", { id, application });
    return false;
  }
  const { state, summary, cause } = progress;
  log(state === "failed" ? "error" : "info", `deployment ${state}`, { id, application, version, summary, cause });
  if (state === "inProgress") {
    return false;
  }
  await conclude(context, record, progress);
  return true;
}

async function conclude(
  { requests, table, sns }: RequestedContext,
  record: DeploymentRecord,
  progress: DeploymentProgress,
): Promise<void> {
  await publishNotice(sns, requests.topicArn, noticeOf(record, progress, requests.tag));
  await releaseLock(table, record.application, record.id);
}

async function progressOf(context: RequestedContext, record: DeploymentRecord): Promise<DeploymentProgress> {
  const { id, image, version } = record;
  const { deployment } = context;
  const lapse = lapseOf(record, deployment.now());
  if (lapse !== undefined) {
    return { state: "failed", cause: lapse };
  }
  const request: DeploymentRequest = { id, image, version };
  const state = record.token === undefined ? undefined : decodeState(record.token);
  if (isUntouched(state) && isTooLate(context, record) && !(state && (await hasStarted(deployment, state)))) {
    return { state: "failed", cause: `it did not begin within ${BEGINNING} minutes, and nothing was changed` };
  }
  try {
    return await settled(context, record, await takeStep(deployment, request, state));
  } catch (error) {
    if (isUntouched(state) && isTransient(error)) {
      throw error;
    }
    return { state: "failed", cause: explain(error) };
  }
}

/** As far as its record tells: the round that started it may have died before it was recorded. */
function isUntouched(state: DeploymentState | undefined): boolean {
  return state === undefined || state.phase === "waiting" || state.phase === "registered";
}

/** Whether the rest of the lock's time is too short for a rollout and a rollback. */
function isTooLate({ deployment }: RequestedContext, { until }: DeploymentRecord): boolean {
  return deployment.now() / 1_000 > until - 2 * deployment.options.deadlineMinutes * 60;
}

async function settled(
  context: RequestedContext,
  record: DeploymentRecord,
  outcome: Outcome,
): Promise<DeploymentProgress> {
  switch (outcome.kind) {
    case "underWay":
      return { state: "inProgress", token: encodeState(outcome.state), summary: outcome.summary };
    case "failed":
      return { state: "failed", cause: outcome.message };
    case "done":
      return tagged(context, record, outcome.summary);
  }
}

/** The image gets the environment's tag before the record ends: a round that dies in between is repeated. */
async function tagged(
  { deployment, requests }: RequestedContext,
  { image, token }: DeploymentRecord,
  summary: string,
): Promise<DeploymentProgress> {
  const what = `${requests.repository}:${requests.tag}`;
  try {
    await putTag(deployment.ecr, requests, referenceOf(image).digest);
    return { state: "succeeded", summary: `${summary}. ${what} is this image` };
  } catch (error) {
    return isTransient(error)
      ? { state: "inProgress", token, summary: `${summary}. ${what} is not this image yet: ${explain(error)}` }
      : { state: "failed", cause: `${summary}. But ${what} is not this image: ${explain(error)}` };
  }
}

/** Lambda leaves a message that failed hidden for as long as the queue says, which is longer than the function may run. */
async function hide({ requests, sqs }: RequestedContext, { receiptHandle, messageId }: SQSRecord): Promise<void> {
  try {
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: requests.queueUrl,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: PAUSE,
      }),
    );
  } catch (error) {
    log("warn", "message comes again later than it could", { messageId, cause: explain(error) });
  }
}
