import type {
  DeleteMessageRequest,
  GetQueueAttributesRequest,
  GetQueueAttributesResult,
  Message,
  ReceiveMessageRequest,
  ReceiveMessageResult,
} from "@aws-sdk/client-sqs";
import type { EventSourceMappingArgs } from "@pulumi/aws/lambda/eventSourceMapping";
import type { Unwrap } from "@pulumi/pulumi";
import type { SQSEvent, SQSRecord } from "aws-lambda";
import { inputsOf } from "../declared";
import { awsError, type Cloud, type Declaration, type Principal } from "../service";
import { queueUrl } from "../sqs/queueUrl";
import type { FunctionConfiguration } from "./configuration";
import type { Invoker } from "./invoker";

export interface MappedFunction {
  configuration: FunctionConfiguration;
  invoker: Invoker;
}

export interface EventSourceMapping {
  queueArn: string;
  queueUrl: string;
  target: MappedFunction;
  batchSize: number;
  enabled: boolean;
  reportsItemFailures: boolean;
  maximumConcurrency: number;
}

const MAPPING_INPUTS: (keyof EventSourceMappingArgs)[] = [
  "eventSourceArn",
  "functionName",
  "batchSize",
  "enabled",
  "functionResponseTypes",
  "scalingConfig",
  "tags",
  "region",
];

// "Scaling behavior for SQS event source mappings": Lambda starts with five concurrent batches.
const INITIAL_CONCURRENCY = 5;
const LONG_POLL = 20;
// Lambda's delay before polling again after a queue could not be read.
const BACKOFF = 60_000;

const roleOf = ({ configuration }: MappedFunction): Principal => ({ kind: "role", arn: configuration.role });

/**
 * Reads a declared mapping of an SQS queue.
 * @param find finds a function by name or ARN
 * @throws InvalidParameterValueException if Lambda would reject it: permissions of the role, visibility timeout
 */
export async function readMapping(
  cloud: Cloud,
  declaration: Declaration,
  find: (functionName: string) => MappedFunction,
): Promise<EventSourceMapping> {
  const inputs = inputsOf<Unwrap<EventSourceMappingArgs>>(declaration, MAPPING_INPUTS);
  const queueArn = inputs.eventSourceArn ?? "";
  if (queueArn.split(":")[2] !== "sqs")
    throw new Error(`${declaration.urn}: the event source ${queueArn} is not simulated: only SQS queues are.`);
  const fifo = queueArn.endsWith(".fifo");
  const batchSize = inputs.batchSize ?? 10;
  // Above ten, Lambda requires a batching window, which FIFO queues do not support.
  if (batchSize < 1 || batchSize > 10)
    throw invalid(
      `${declaration.name}: batchSize ${batchSize} must be from 1 to 10${fifo ? "" : " without a batching window"}.`,
    );
  const mapping: EventSourceMapping = {
    queueArn,
    queueUrl: queueUrl(cloud, queueArn.split(":").at(-1) ?? ""),
    target: find(inputs.functionName),
    batchSize,
    enabled: inputs.enabled ?? true,
    reportsItemFailures: inputs.functionResponseTypes?.includes("ReportBatchItemFailures") ?? false,
    maximumConcurrency: inputs.scalingConfig?.maximumConcurrency ?? INITIAL_CONCURRENCY,
  };
  await checkQueue(cloud, mapping);
  return mapping;
}

/** Makes the poller's SQS calls with the function's role: the new queue is empty and the receipt handle invalid. */
async function checkQueue(cloud: Cloud, { queueUrl, target }: EventSourceMapping): Promise<void> {
  const attempt = async (operation: string, input: object) => {
    try {
      return await cloud.call<object, object>(roleOf(target), "sqs", operation, { QueueUrl: queueUrl, ...input });
    } catch (error) {
      const { name, message } = error as Error;
      if (name === "ReceiptHandleIsInvalid") return {};
      throw invalid(
        name === "AccessDeniedException"
          ? `The provided execution role does not have permissions to call ${operation} on SQS. (${message})`
          : message,
      );
    }
  };
  const request: Omit<GetQueueAttributesRequest, "QueueUrl"> = { AttributeNames: ["VisibilityTimeout"] };
  const { Attributes }: GetQueueAttributesResult = await attempt("GetQueueAttributes", request);
  await attempt("ReceiveMessage", { MaxNumberOfMessages: 1, VisibilityTimeout: 0, WaitTimeSeconds: 0 });
  await attempt("DeleteMessage", { ReceiptHandle: "none" });
  const visibility = Number(Attributes?.VisibilityTimeout);
  const { timeout } = target.configuration;
  if (visibility < timeout)
    throw invalid(`Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${timeout} seconds`);
}

/** Polls the queue while the account is open, and invokes the function with several batches at once. */
export async function poll(cloud: Cloud, mapping: EventSourceMapping, isStopped: () => boolean): Promise<void> {
  const running = new Set<Promise<void>>();
  while (!isStopped()) {
    const messages = await receive(cloud, mapping);
    if (messages.length === 0) continue;
    const batch = deliver(cloud, mapping, messages)
      .catch((error: Error) => {
        if (!isStopped()) report(cloud, mapping, error);
      })
      .finally(() => running.delete(batch));
    running.add(batch);
    if (running.size >= mapping.maximumConcurrency) await Promise.race(running);
  }
}

async function receive(cloud: Cloud, mapping: EventSourceMapping): Promise<Message[]> {
  try {
    const { Messages = [] } = await cloud.call<ReceiveMessageRequest, ReceiveMessageResult>(
      roleOf(mapping.target),
      "sqs",
      "ReceiveMessage",
      {
        QueueUrl: mapping.queueUrl,
        MaxNumberOfMessages: mapping.batchSize,
        WaitTimeSeconds: LONG_POLL,
        MessageSystemAttributeNames: ["All"],
      },
    );
    return Messages;
  } catch (error) {
    report(cloud, mapping, error as Error);
    await cloud.clock.wait(BACKOFF);
    return [];
  }
}

/** The console shows this as the mapping's last processing result; here it goes to the function's log group. */
function report(cloud: Cloud, { queueArn, target }: EventSourceMapping, error: Error): void {
  const line = `PROBLEM: the event source mapping of ${queueArn}: ${error.name}: ${error.message}`;
  cloud.tell({ kind: "log", group: target.configuration.logGroup, stream: "event-source-mapping", line });
}

/** Invokes the function with one batch and deletes what succeeded; the rest returns after its visibility timeout. */
async function deliver(cloud: Cloud, mapping: EventSourceMapping, messages: Message[]): Promise<void> {
  const event: SQSEvent = { Records: messages.map((it) => toRecord(cloud, mapping, it)) };
  const { invoker } = mapping.target;
  const batch = JSON.stringify(event);
  // A second delivery deletes nothing: the first one's result decides.
  const redeliver = async (milliseconds: number) => {
    if (milliseconds > 0) await cloud.clock.wait(milliseconds);
    await invoker.invoke(batch).catch(() => undefined);
  };
  const { payload, error } = await invoker.invoke(batch, undefined, redeliver);
  if (error !== undefined) return;
  const ids = messages.map((it) => it.MessageId ?? "");
  const failed = mapping.reportsItemFailures ? failedItems(payload, ids) : [];
  for (const { MessageId = "", ReceiptHandle } of messages)
    if (!failed.includes(MessageId))
      await cloud.call<DeleteMessageRequest, object>(roleOf(mapping.target), "sqs", "DeleteMessage", {
        QueueUrl: mapping.queueUrl,
        ReceiptHandle,
      });
}

/**
 * The failed messages of a batch, from the function's response. All of them if the response is invalid ("Implementing
 * partial batch responses"): an identifier that is empty, missing, or not in the batch.
 */
export function failedItems(payload: string, ids: string[]): string[] {
  const answer: unknown = JSON.parse(payload);
  const failures = isRecord(answer) ? answer.batchItemFailures : undefined;
  if (failures === undefined || failures === null) return [];
  if (!Array.isArray(failures)) return ids;
  const identifiers = failures.map((it: unknown) => (isRecord(it) ? it.itemIdentifier : undefined));
  const valid = identifiers.filter((it): it is string => typeof it === "string" && ids.includes(it));
  return valid.length === identifiers.length ? valid : ids;
}

const isRecord = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === "object";

function toRecord(cloud: Cloud, { queueArn }: EventSourceMapping, message: Message): SQSRecord {
  const { MessageId = "", ReceiptHandle = "", Body = "", MD5OfBody = "", Attributes = {} } = message;
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes as unknown as SQSRecord["attributes"],
    messageAttributes: {},
    md5OfBody: MD5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: cloud.region,
  };
}

const invalid = (message: string) => awsError("InvalidParameterValueException", message);
