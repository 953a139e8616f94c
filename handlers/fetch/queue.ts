import { createHash } from "node:crypto";
import { ChangeMessageVisibilityCommand, SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import { explain } from "../shared/failure";
import { log } from "../shared/log";

/**
 * Has the message handed out again after so many seconds. If that cannot be said, it is after the queue's own time: the
 * message is not lost, and the error that it failed of is not hidden by another.
 */
export async function postpone(
  client: SQSClient,
  queueUrl: string,
  { messageId, receiptHandle }: SQSRecord,
  seconds: number,
): Promise<void> {
  try {
    await client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: queueUrl,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: seconds,
      }),
    );
  } catch (error) {
    log("error", "the message's visibility was not changed", { messageId, seconds, cause: explain(error) });
  }
}

/**
 * Puts a copy of the message into the dead-letter queue, with the reason as an attribute. Who redrives it must name the
 * queue that it is to go to: SQS knows that only of messages that it has moved itself.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/troubleshooting-dlq-redrive.html
 *
 * Should it be put there twice, because the function died before it could say that it is done with the message, SQS drops
 * the second copy, by the deduplication id, within five minutes of the first.
 */
export async function park(
  client: SQSClient,
  deadLetterUrl: string,
  { messageId, body, attributes }: SQSRecord,
  reason: string,
): Promise<void> {
  await client.send(
    new SendMessageCommand({
      QueueUrl: deadLetterUrl,
      MessageBody: body,
      // Every message of a FIFO queue has a group.
      MessageGroupId: attributes.MessageGroupId ?? messageId,
      MessageDeduplicationId: createHash("sha256").update(messageId).digest("hex"),
      MessageAttributes: { reason: { DataType: "String", StringValue: attributeText(reason) } },
    }),
  );
}

/** SQS refuses characters that XML has not: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
function attributeText(text: string): string {
  return text.slice(0, 2_000).replaceAll(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, "?");
}
