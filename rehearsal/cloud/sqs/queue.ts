import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "../../clock";
import { awsError } from "../service";
import type { MessageAttributes } from "./messageAttributes";

export interface QueueConfiguration {
  name: string;
  arn: string;
  url: string;
  fifo: boolean;
  contentBasedDeduplication: boolean;
  /** `queue`, or `messageGroup` for a high-throughput FIFO queue. */
  deduplicationScope: string;
  visibilityTimeoutSeconds: number;
  messageRetentionSeconds: number;
  maxMessageSize: number;
  receiveWaitTimeSeconds: number;
  redrive?: { deadLetterTargetArn: string; maxReceiveCount: number };
}

export interface StoredMessage {
  id: string;
  body: string;
  /** Set by its sender. */
  attributes?: MessageAttributes;
  senderId: string;
  sentAt: number;
  groupId?: string;
  deduplicationId?: string;
  sequenceNumber?: string;
  receiveCount: number;
  firstReceivedAt?: number;
  /** From its last receive; it can hide the message for twelve hours. */
  receiptHandle?: string;
  receivedAt?: number;
  /** In flight until then. */
  visibleAt: number;
  deadLetterSourceArn?: string;
}

export interface Queue {
  readonly configuration: QueueConfiguration;
  /** Accepts a message, or returns the earlier duplicate. @throws InvalidParameterValue, MissingParameter */
  send(message: {
    body: string;
    attributes?: MessageAttributes;
    groupId?: string;
    deduplicationId?: string;
    senderId: string;
    delaySeconds?: number;
  }): StoredMessage;
  /** Returns visible messages; waits for one for up to `waitSeconds` of simulated time. */
  receive(maximum: number, visibilitySeconds: number, waitSeconds: number): Promise<StoredMessage[]>;
  /** @throws ReceiptHandleIsInvalid, or InvalidParameterValue for an expired handle of a FIFO queue */
  delete(receiptHandle: string): void;
  /** @throws ReceiptHandleIsInvalid, InvalidParameterValue */
  changeVisibility(receiptHandle: string, seconds: number): void;
  /** Takes over a message from another queue. */
  adopt(message: StoredMessage): void;
  counts(): { visible: number; inFlight: number };
}

// "Exactly-once processing" in the developer guide: a repeated deduplication id is dropped for five minutes.
const DEDUPLICATION_INTERVAL = 5 * 60_000;
// "Visibility timeout": twelve hours from the receive, despite extensions.
const LONGEST_VISIBILITY = 43_200;

/** @param moveToDeadLetterQueue called with a message that was received `maxReceiveCount` times */
export function createQueue(
  configuration: QueueConfiguration,
  clock: Clock,
  moveToDeadLetterQueue: (message: StoredMessage) => void,
): Queue {
  let messages: StoredMessage[] = [];
  const accepted = new Map<string, { message: StoredMessage; at: number }>();
  const waiting = new Set<() => void>();
  let sequence = 0;

  const wake = () => {
    for (const attempt of [...waiting]) attempt();
  };
  const isVisible = (message: StoredMessage) => message.visibleAt <= clock.now();

  function dropExpired(): void {
    const oldest = clock.now() - configuration.messageRetentionSeconds * 1000;
    messages = messages.filter((message) => message.sentAt > oldest);
  }

  function add(message: StoredMessage): void {
    messages.push(message);
    wake();
  }

  function deduplicate(groupId: string | undefined, deduplicationId: string): { key: string; earlier?: StoredMessage } {
    const key = configuration.deduplicationScope === "messageGroup" ? `${groupId}/${deduplicationId}` : deduplicationId;
    const earlier = accepted.get(key);
    const repeats = earlier !== undefined && clock.now() - earlier.at < DEDUPLICATION_INTERVAL;
    return { key, earlier: repeats ? earlier.message : undefined };
  }

  /** The messages for a receive: in order, and none of a message group that has one in flight. */
  function take(maximum: number, visibilitySeconds: number): StoredMessage[] {
    dropExpired();
    const inFlight = messages.filter((it) => configuration.fifo && !isVisible(it));
    const blocked = new Set(inFlight.map((it) => it.groupId));
    const taken: StoredMessage[] = [];
    for (const message of [...messages]) {
      if (taken.length === maximum) break;
      if (!isVisible(message) || (configuration.fifo && blocked.has(message.groupId))) continue;
      if (configuration.redrive !== undefined && message.receiveCount >= configuration.redrive.maxReceiveCount) {
        messages.splice(messages.indexOf(message), 1);
        moveToDeadLetterQueue(message);
        continue;
      }
      message.receiveCount += 1;
      message.firstReceivedAt ??= clock.now();
      message.receiptHandle = `${message.id}/${randomUUID()}`;
      message.receivedAt = clock.now();
      hide(message, visibilitySeconds);
      taken.push(message);
    }
    return taken;
  }

  function hide(message: StoredMessage, seconds: number): void {
    message.visibleAt = clock.now() + seconds * 1000;
    clock.after(seconds * 1000, wake);
  }

  /** The message of a handle; undefined if already deleted. */
  function held(receiptHandle: string): StoredMessage | undefined {
    const id = /^([0-9a-f-]{36})\/[0-9a-f-]{36}$/.exec(receiptHandle)?.[1];
    if (id === undefined) throw awsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.", 404);
    return messages.find((it) => it.id === id);
  }

  return {
    configuration,
    send({ body, attributes, groupId, deduplicationId: given, senderId, delaySeconds = 0 }) {
      // "Valid only for standard queues": a FIFO queue delays all of its messages or none.
      if (configuration.fifo && delaySeconds !== 0)
        throw invalidValue(
          String(delaySeconds),
          "DelaySeconds",
          "The request include parameter that is not valid for this queue type.",
        );
      const deduplicationId = checkedDeduplicationId(configuration, body, groupId, given);
      const { key, earlier } = deduplicationId === undefined ? {} : deduplicate(groupId, deduplicationId);
      if (earlier !== undefined) return earlier;
      const message: StoredMessage = {
        id: randomUUID(),
        body,
        attributes,
        senderId,
        sentAt: clock.now(),
        groupId,
        deduplicationId,
        sequenceNumber: configuration.fifo ? String(++sequence).padStart(20, "0") : undefined,
        receiveCount: 0,
        visibleAt: clock.now() + delaySeconds * 1000,
      };
      if (delaySeconds > 0) clock.after(delaySeconds * 1000, wake);
      if (key !== undefined) accepted.set(key, { message, at: clock.now() });
      add(message);
      return message;
    },
    async receive(maximum, visibilitySeconds, waitSeconds) {
      const messages = take(maximum, visibilitySeconds);
      if (messages.length > 0 || waitSeconds === 0) return messages;
      return new Promise((resolve) => {
        const settle = (messages: StoredMessage[]) => {
          waiting.delete(attempt);
          timer.cancel();
          resolve(messages);
        };
        const attempt = () => {
          const messages = take(maximum, visibilitySeconds);
          if (messages.length > 0) settle(messages);
        };
        const timer = clock.after(waitSeconds * 1000, () => settle([]));
        waiting.add(attempt);
      });
    },
    delete(receiptHandle) {
      const message = held(receiptHandle);
      if (message === undefined) return;
      // A standard queue accepts any handle of the message, a FIFO queue only the one with which it is in flight.
      if (configuration.fifo && (message.receiptHandle !== receiptHandle || isVisible(message)))
        throw invalidValue(receiptHandle, "ReceiptHandle", "The receipt handle has expired.");
      messages = messages.filter((it) => it !== message);
      wake();
    },
    changeVisibility(receiptHandle, seconds) {
      const message = held(receiptHandle);
      const isExpired = message === undefined || message.receiptHandle !== receiptHandle || isVisible(message);
      if (message === undefined || (isExpired && configuration.fifo))
        throw invalidValue(
          receiptHandle,
          "ReceiptHandle",
          "Message does not exist or is not available for visibility timeout change.",
        );
      // AWS does not document this for standard queues: https://github.com/localstack/localstack/pull/9632
      if (isExpired) return;
      if (clock.now() + seconds * 1000 > (message.receivedAt ?? 0) + LONGEST_VISIBILITY * 1000)
        throw invalidValue(
          String(seconds),
          "VisibilityTimeout",
          `Total VisibilityTimeout for the message is beyond the limit [${LONGEST_VISIBILITY} seconds]`,
        );
      hide(message, seconds);
      wake();
    },
    adopt: add,
    counts() {
      dropExpired();
      const visible = messages.filter(isVisible).length;
      return { visible, inFlight: messages.length - visible };
    },
  };
}

const invalidValue = (value: string, parameter: string, reason: string) =>
  awsError("InvalidParameterValue", `Value ${value} for parameter ${parameter} is invalid. Reason: ${reason}`);

/** @throws as SQS does if a message lacks what its queue requires, or has unsupported parameters */
function checkedDeduplicationId(
  queue: QueueConfiguration,
  body: string,
  groupId: string | undefined,
  given: string | undefined,
): string | undefined {
  const invalid = (message: string) => awsError("InvalidParameterValue", message);
  if (body === "") throw awsError("MissingParameter", "The request must contain the parameter MessageBody.");
  if (Buffer.byteLength(body) > queue.maxMessageSize)
    throw invalid(
      `One or more parameters are invalid. Reason: Message must be shorter than ${queue.maxMessageSize} bytes.`,
    );
  if (!queue.fifo) {
    if (given !== undefined)
      throw invalid(
        `Value ${given} for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.`,
      );
    return undefined;
  }
  if (groupId === undefined)
    throw awsError("MissingParameter", "The request must contain the parameter MessageGroupId.");
  for (const [parameter, value] of Object.entries({ MessageGroupId: groupId, MessageDeduplicationId: given }))
    if (value !== undefined && !/^[\w!-/:-@[-`{-~]{1,128}$/.test(value))
      throw invalid(
        `Value ${value} for parameter ${parameter} is invalid. Reason: ${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
      );
  if (given === undefined && !queue.contentBasedDeduplication)
    throw invalid(
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    );
  return given ?? createHash("sha256").update(body).digest("hex");
}
