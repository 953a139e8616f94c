import { createHash } from "node:crypto";
import type {
  ChangeMessageVisibilityRequest,
  DeleteMessageRequest,
  GetQueueAttributesRequest,
  GetQueueAttributesResult,
  Message,
  ReceiveMessageRequest,
  ReceiveMessageResult,
  SendMessageRequest,
  SendMessageResult,
} from "@aws-sdk/client-sqs";
import type { QueueArgs } from "@pulumi/aws/sqs/queue";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import {
  awsError,
  type Call,
  type Cloud,
  type Created,
  type Declaration,
  operation,
  type Principal,
  type Service,
} from "./service";
import { attributesDigest, checkAttributes, selectedAttributes } from "./sqs/messageAttributes";
import { sqsProtocol } from "./sqs/protocol";
import { createQueue, type Queue, type QueueConfiguration, type StoredMessage } from "./sqs/queue";
import { queuesOf } from "./sqs/queues";
import { queueUrl } from "./sqs/queueUrl";

// Encryption, throughput quotas and the redrive allow policy have no effect here.
const QUEUE_INPUTS: (keyof QueueArgs)[] = [
  "name",
  "fifoQueue",
  "contentBasedDeduplication",
  "deduplicationScope",
  "fifoThroughputLimit",
  "visibilityTimeoutSeconds",
  "messageRetentionSeconds",
  "maxMessageSize",
  "receiveWaitTimeSeconds",
  "delaySeconds",
  "redrivePolicy",
  "redriveAllowPolicy",
  "sqsManagedSseEnabled",
  "tags",
  "region",
];

/** Amazon SQS: standard and FIFO queues, with deduplication, message groups, visibility timeout and dead-letter queues. */
export function createSqs(cloud: Cloud): Service {
  const queues = queuesOf(cloud);

  const arnOf = (url: string | undefined) => cloud.arn("sqs", url?.split("/").at(-1) ?? "");
  const permission = (action: string) => (input: { QueueUrl: string | undefined }) => [
    { action: `sqs:${action}`, resource: arnOf(input.QueueUrl) },
  ];

  function queueOf({ QueueUrl }: { QueueUrl: string | undefined }): Queue {
    const queue = queues.get(arnOf(QueueUrl));
    if (queue === undefined) throw awsError("QueueDoesNotExist", `The specified queue does not exist: ${QueueUrl}`);
    return queue;
  }

  function moveToDeadLetterQueue(message: StoredMessage, source: QueueConfiguration): void {
    const target = queues.get(source.redrive?.deadLetterTargetArn ?? "");
    if (target === undefined) throw new Error(`The dead-letter queue of ${source.name} is gone.`);
    // In a FIFO dead-letter queue the retention period restarts.
    const sentAt = source.fifo ? cloud.clock.now() : message.sentAt;
    target.adopt({ ...message, sentAt, deadLetterSourceArn: source.arn, receiptHandle: undefined });
    cloud.tell({ kind: "message-dead", queue: target.configuration.name, messageId: message.id });
  }

  function create(declaration: Declaration): Created {
    const configuration = readQueue(cloud, declaration);
    if (queues.has(configuration.arn))
      throw awsError("QueueNameExists", `A queue already exists with the name ${configuration.name}.`);
    checkRedrive(configuration, queues);
    queues.set(
      configuration.arn,
      createQueue(configuration, cloud.clock, (message) => moveToDeadLetterQueue(message, configuration)),
    );
    const { arn, url, name } = configuration;
    return { id: url, outputs: { arn, url, name } };
  }

  return {
    name: "sqs",
    protocol: sqsProtocol,
    resources: { "aws:sqs/queue:Queue": create },
    operations: {
      SendMessage: operation<SendMessageRequest, SendMessageResult>({
        permissions: permission("SendMessage"),
        perform: (input, call) => send(queueOf(input), input, call),
      }),
      ReceiveMessage: operation<ReceiveMessageRequest, ReceiveMessageResult>({
        permissions: permission("ReceiveMessage"),
        perform: (input) => receive(queueOf(input), input),
      }),
      DeleteMessage: operation<DeleteMessageRequest, object>({
        permissions: permission("DeleteMessage"),
        perform(input) {
          queueOf(input).delete(input.ReceiptHandle ?? "");
          return {};
        },
      }),
      ChangeMessageVisibility: operation<ChangeMessageVisibilityRequest, object>({
        permissions: permission("ChangeMessageVisibility"),
        perform(input) {
          const { ReceiptHandle = "", VisibilityTimeout = 0 } = input;
          queueOf(input).changeVisibility(ReceiptHandle, within("VisibilityTimeout", VisibilityTimeout, 0, 43_200));
          return {};
        },
      }),
      GetQueueAttributes: operation<GetQueueAttributesRequest, GetQueueAttributesResult>({
        permissions: permission("GetQueueAttributes"),
        perform: (input) => ({ Attributes: selected(attributes(queueOf(input)), input.AttributeNames) }),
      }),
    },
  };
}

function readQueue(cloud: Cloud, declaration: Declaration): QueueConfiguration {
  const inputs = inputsOf<Unwrap<QueueArgs>>(declaration, QUEUE_INPUTS);
  const { fifoQueue: fifo = false, redrivePolicy, delaySeconds = 0 } = inputs;
  // The Pulumi provider's auto-name of a FIFO queue ends as AWS requires.
  const name = inputs.name ?? `${cloud.physicalName(declaration)}${fifo ? ".fifo" : ""}`;
  if (!/^[\w-]{1,80}$/.test(name.replace(/\.fifo$/, "")) || name.length > 80 || name.endsWith(".fifo") !== fifo)
    throw awsError(
      "InvalidParameterValue",
      `Queue name ${name}: can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length. The name of a FIFO queue, and of no other, ends in .fifo.`,
    );
  if (delaySeconds !== 0)
    throw new Error(`${declaration.urn}: delaySeconds ${delaySeconds} is not simulated: leave it 0.`);
  return {
    name,
    arn: cloud.arn("sqs", name),
    url: queueUrl(cloud, name),
    fifo,
    contentBasedDeduplication: inputs.contentBasedDeduplication ?? false,
    deduplicationScope: inputs.deduplicationScope ?? "queue",
    visibilityTimeoutSeconds: within("VisibilityTimeout", inputs.visibilityTimeoutSeconds ?? 30, 0, 43_200),
    messageRetentionSeconds: within("MessageRetentionPeriod", inputs.messageRetentionSeconds ?? 345_600, 60, 1_209_600),
    maxMessageSize: within("MaximumMessageSize", inputs.maxMessageSize ?? 262_144, 1_024, 1_048_576),
    receiveWaitTimeSeconds: within("ReceiveMessageWaitTimeSeconds", inputs.receiveWaitTimeSeconds ?? 0, 0, 20),
    redrive: redrivePolicy === undefined ? undefined : parseRedrive(redrivePolicy),
  };
}

function parseRedrive(text: string): QueueConfiguration["redrive"] {
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(text) as Record<string, unknown>;
  if (typeof deadLetterTargetArn !== "string" || maxReceiveCount === undefined)
    throw awsError(
      "InvalidParameterValue",
      `Value ${text} for parameter RedrivePolicy is invalid. Reason: Redrive policy does not contain mandatory attributes: deadLetterTargetArn, maxReceiveCount.`,
    );
  return { deadLetterTargetArn, maxReceiveCount: within("maxReceiveCount", Number(maxReceiveCount), 1, 1000) };
}

function checkRedrive({ redrive, fifo }: QueueConfiguration, queues: Map<string, Queue>): void {
  if (redrive === undefined) return;
  const invalid = (reason: string) =>
    awsError(
      "InvalidParameterValue",
      `Value ${JSON.stringify(redrive)} for parameter RedrivePolicy is invalid. Reason: ${reason}`,
    );
  const target = queues.get(redrive.deadLetterTargetArn);
  if (target === undefined) throw invalid("Dead letter target does not exist.");
  if (target.configuration.fifo !== fifo) throw invalid("Dead-letter queue must be same type of queue as the source.");
}

function send(queue: Queue, input: SendMessageRequest, { caller }: Call<SendMessageRequest>): SendMessageResult {
  if (input.MessageSystemAttributes !== undefined)
    throw awsError("NotSimulated", "sqs:SendMessage: MessageSystemAttributes is not simulated: leave it out.", 501);
  const body = input.MessageBody ?? "";
  const attributes = checkAttributes(input.MessageAttributes ?? {});
  const message = queue.send({
    body,
    attributes,
    groupId: input.MessageGroupId,
    deduplicationId: input.MessageDeduplicationId,
    senderId: senderId(caller),
    delaySeconds: within("DelaySeconds", input.DelaySeconds ?? 0, 0, 900),
  });
  // The SDK compares the digest with what it sent.
  return {
    MessageId: message.id,
    MD5OfMessageBody: md5(body),
    MD5OfMessageAttributes: attributesDigest(attributes),
    SequenceNumber: message.sequenceNumber,
  };
}

async function receive(queue: Queue, input: ReceiveMessageRequest): Promise<ReceiveMessageResult> {
  const { configuration } = queue;
  const messages = await queue.receive(
    within("MaxNumberOfMessages", input.MaxNumberOfMessages ?? 1, 1, 10),
    within("VisibilityTimeout", input.VisibilityTimeout ?? configuration.visibilityTimeoutSeconds, 0, 43_200),
    within("WaitTimeSeconds", input.WaitTimeSeconds ?? configuration.receiveWaitTimeSeconds, 0, 20),
  );
  const names = [...(input.MessageSystemAttributeNames ?? []), ...(input.AttributeNames ?? [])];
  return messages.length === 0
    ? {}
    : { Messages: messages.map((it) => wireMessage(it, names, input.MessageAttributeNames)) };
}

function wireMessage(message: StoredMessage, names: string[], attributeNames: string[] = []): Message {
  const own = selectedAttributes(message.attributes ?? {}, attributeNames);
  const attributes = selected(
    {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: String(Math.round(message.sentAt)),
      SenderId: message.senderId,
      ApproximateFirstReceiveTimestamp: String(Math.round(message.firstReceivedAt ?? message.sentAt)),
      SequenceNumber: message.sequenceNumber,
      MessageGroupId: message.groupId,
      MessageDeduplicationId: message.deduplicationId,
      DeadLetterQueueSourceArn: message.deadLetterSourceArn,
    },
    names,
  );
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    MD5OfBody: md5(message.body),
    Body: message.body,
    Attributes: Object.keys(attributes).length === 0 ? undefined : attributes,
    MessageAttributes: Object.keys(own).length === 0 ? undefined : own,
    MD5OfMessageAttributes: attributesDigest(own),
  };
}

function attributes(queue: Queue): Record<string, string | undefined> {
  const { configuration } = queue;
  const { visible, inFlight } = queue.counts();
  return {
    QueueArn: configuration.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: "0",
    VisibilityTimeout: String(configuration.visibilityTimeoutSeconds),
    MessageRetentionPeriod: String(configuration.messageRetentionSeconds),
    MaximumMessageSize: String(configuration.maxMessageSize),
    ReceiveMessageWaitTimeSeconds: String(configuration.receiveWaitTimeSeconds),
    FifoQueue: configuration.fifo ? "true" : undefined,
    ContentBasedDeduplication: configuration.fifo ? String(configuration.contentBasedDeduplication) : undefined,
    RedrivePolicy: configuration.redrive && JSON.stringify(configuration.redrive),
  };
}

/** The requested ones of `all` that have a value. */
function selected(all: Record<string, string | undefined>, names: string[] = []): Record<string, string> {
  return Object.fromEntries(
    Object.entries(all).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && (names.includes("All") || names.includes(entry[0])),
    ),
  );
}

function senderId(caller: Principal): string {
  if (caller.kind === "role") return caller.arn;
  return caller.kind === "operator" ? "operator" : caller.service;
}

function within(parameter: string, value: number, minimum: number, maximum: number): number {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  throw awsError(
    "InvalidParameterValue",
    `Value ${value} for parameter ${parameter} is invalid. Reason: Must be between ${minimum} and ${maximum}, if provided.`,
  );
}

const md5 = (text: string) => createHash("md5").update(text).digest("hex");
