import type { GetQueueAttributesResult } from "@aws-sdk/client-sqs";
import { pushEntryOf, type ScenarioContext, stackOf } from "../scenarioContext";
import { asOperator } from "./operator";

/** The push queue and its dead-letter queue. */
export interface Queues {
  url: string;
  deadLettersUrl: string;
  /** Attempts at a message before it becomes a dead letter. */
  maxReceiveCount: number;
  /** Milliseconds between two attempts. */
  visibilityTimeout: number;
}

/**
 * Finds them among the declared resources: the FIFO queue with a redrive policy, and the queue named in that policy.
 */
export function queuesOf(context: ScenarioContext): Queues {
  const { registrations } = stackOf(context, pushEntryOf(context).stack);
  const declared = registrations.filter((it) => it.type === "aws:sqs/queue:Queue");
  const queue = declared.find(({ inputs }) => inputs.redrivePolicy !== undefined && inputs.fifoQueue === true);
  const redrive = JSON.parse(String(queue?.inputs.redrivePolicy ?? "{}"));
  const deadLetters = declared.find((it) => it.outputs.arn === redrive.deadLetterTargetArn);
  if (queue === undefined || deadLetters === undefined)
    throw new Error("The program declares no queue with a dead-letter queue: intake and fetch need one.");
  return {
    url: String(queue.outputs.url),
    deadLettersUrl: String(deadLetters.outputs.url),
    maxReceiveCount: Number(redrive.maxReceiveCount),
    visibilityTimeout: Number(queue.inputs.visibilityTimeoutSeconds ?? 30) * 1000,
  };
}

/** Number of messages in a queue, including those in flight, read as the platform engineer. */
export async function messagesIn(context: ScenarioContext, url: string): Promise<number> {
  const { Attributes = {} } = await asOperator<GetQueueAttributesResult>(context, "sqs", "GetQueueAttributes", {
    QueueUrl: url,
    AttributeNames: ["All"],
  });
  return Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesNotVisible);
}
