import { createHash } from "node:crypto";
import { ChangeMessageVisibilityCommand, SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import { explain } from "../shared/failure";
import { log } from "../shared/log";

/**
 * Makes SQS redeliver the message after this many seconds. If that fails, the queue's own timeout applies: the message
 * is not lost. This error is only logged, so that it does not hide the original one.
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
 * Puts a copy of the message into the dead-letter queue, with the reason as an attribute. A redrive must name its
 * target queue, because SQS knows the source only of messages that it has moved itself.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/troubleshooting-dlq-redrive.html
 *
 * If the function dies before the message is deleted, it may be copied twice. Within five minutes of the first copy,
 * SQS drops the second one by its deduplication id.
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

/**
 * SQS rejects characters not valid in XML:
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
function attributeText(text: string): string {
  return text.slice(0, 2_000).replaceAll(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, "?");
}
