import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { createSqs } from "../../../../rehearsal/cloud/sqs";
import { createTestCloud } from "../../support";

export const SECONDS = 1000;

export const bodies = (messages: { Body?: string }[]) => messages.map((it) => it.Body);

/** An account with queues, and a worker that may do everything with them. */
export async function createQueueCloud() {
  const cloud = await createTestCloud([createSqs]);
  const role = await cloud.role("worker", "lambda.amazonaws.com", [
    {
      Effect: "Allow",
      Action: ["SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"].map(
        (it) => `sqs:${it}`,
      ),
      Resource: "*",
    },
  ]);
  const client = new SQSClient(await cloud.clientOptions("lambda.amazonaws.com", role));

  async function declareQueue(name: string, inputs: Record<string, unknown> = {}) {
    const { outputs } = await cloud.declare("aws:sqs/queue:Queue", name, inputs);
    const QueueUrl = String(outputs.url);
    return {
      arn: String(outputs.arn),
      QueueUrl,
      send: async (MessageBody: string, MessageGroupId?: string, MessageDeduplicationId?: string) =>
        (await client.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId, MessageDeduplicationId })))
          .MessageId,
      receive: async (MaxNumberOfMessages = 10, WaitTimeSeconds = 0) =>
        (
          await client.send(
            new ReceiveMessageCommand({
              QueueUrl,
              MaxNumberOfMessages,
              WaitTimeSeconds,
              MessageSystemAttributeNames: ["All"],
            }),
          )
        ).Messages ?? [],
      delete: (ReceiptHandle = "") => client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })),
      hide: (ReceiptHandle = "", VisibilityTimeout = 0) =>
        client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout })),
      attributes: async () =>
        (await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }))).Attributes,
    };
  }

  const close = () => {
    client.destroy();
    return cloud.close();
  };
  return { cloud, client, declareQueue, close };
}

export type QueueCloud = Awaited<ReturnType<typeof createQueueCloud>>;
