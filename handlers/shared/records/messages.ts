import { ChangeMessageVisibilityCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { explain } from "../failure";
import { releaseLock } from "../lock";
import { log } from "../log";
import type { RecordContext } from "./context";
import { DEPLOYMENT_ID, type DeploymentRecord, readRecord } from "./record";

/** Seconds between two checks of a record that no event advances. */
const PAUSE = 60;

/** Seconds within which a record may follow its message. */
const WRITTEN_WITHIN = 60;
const SOON = 5;

const ACTION_ID = /^(deploy|migrate)\/[\w-]{1,128}$/;

/** Schedules a check of a record every minute. Called before the record is written, so that none lacks a message. */
export async function announceRecord({ sqs, options }: RecordContext, id: string): Promise<void> {
  const MessageBody = JSON.stringify({ id });
  await sqs.send(new SendMessageCommand({ QueueUrl: options.queueUrl, MessageBody, DelaySeconds: PAUSE }));
}

/**
 * Advances the record that each message names. Until the record is done, the message is reported as failed and hidden
 * for a pause, so that it returns. A new message instead would look like a recursive loop: Lambda stops those after
 * about sixteen invocations. https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
 * @param take resolves with whether the record is done
 */
export async function takeMessages(
  context: RecordContext,
  { Records }: SQSEvent,
  take: (record: DeploymentRecord) => Promise<boolean>,
): Promise<SQSBatchResponse> {
  const batchItemFailures: SQSBatchResponse["batchItemFailures"] = [];
  for (const message of Records) {
    const pause = await pauseOf(context, message, take);
    if (pause !== undefined) {
      await hide(context, message, pause);
      batchItemFailures.push({ itemIdentifier: message.messageId });
    }
  }
  return { batchItemFailures };
}

/** @returns when the message should return, in seconds; `undefined` if its record is done */
async function pauseOf(
  context: RecordContext,
  { body, messageId, attributes }: SQSRecord,
  take: (record: DeploymentRecord) => Promise<boolean>,
): Promise<number | undefined> {
  const { application, table } = context;
  try {
    const id = idOf(body);
    const record = id === undefined ? undefined : await readRecord(table, id);
    if (record === undefined && id !== undefined && ageOf(context, attributes) < WRITTEN_WITHIN) {
      return SOON;
    }
    if (record?.application !== application) {
      if (record === undefined && id !== undefined && DEPLOYMENT_ID.test(id)) {
        // The API deletes a record before it releases the lock, and may have died in between.
        await releaseLock(table, application, id);
      }
      const cause = record === undefined ? "it has no record" : `it belongs to ${record.application}`;
      log("warn", "message dropped", { messageId, id, application, cause });
      return undefined;
    }
    return (await take(record)) ? undefined : PAUSE;
  } catch (error) {
    log("warn", "record not advanced", { messageId, cause: explain(error) });
    return PAUSE;
  }
}

function ageOf({ now }: RecordContext, attributes: SQSRecord["attributes"] | undefined): number {
  return (now() - Number(attributes?.SentTimestamp ?? 0)) / 1_000;
}

function idOf(body: string): string | undefined {
  try {
    const { id } = JSON.parse(body) as { id?: unknown };
    return typeof id === "string" && (DEPLOYMENT_ID.test(id) || ACTION_ID.test(id)) ? id : undefined;
  } catch {
    return undefined;
  }
}

/** By default, Lambda leaves a failed message hidden for the queue's timeout, which is longer than the function's. */
async function hide(
  { options, sqs }: RecordContext,
  { receiptHandle, messageId }: SQSRecord,
  pause: number,
): Promise<void> {
  try {
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: options.queueUrl,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: pause,
      }),
    );
  } catch (error) {
    log("warn", "message visibility not changed: it is redelivered later", { messageId, cause: explain(error) });
  }
}
