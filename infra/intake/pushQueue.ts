import * as sqs from "@pulumi/aws/sqs";
import * as pulumi from "@pulumi/pulumi";
import { createAlarm } from "../foundation/alarm";
import type { StackContext } from "../stackContext";

/** The URL and ARN of a queue. */
export interface QueueAddress {
  arn: pulumi.Output<string>;
  url: pulumi.Output<string>;
}

export interface PushQueueArgs {
  stack: StackContext;
  /** Seconds for which a received message stays hidden before it can be received again. */
  visibilityTimeoutSeconds: number;
}

/** The push queue: a FIFO queue with a message for each push to a tracked branch, from webhooks and polls. */
export class PushQueue extends pulumi.ComponentResource implements QueueAddress {
  readonly arn: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly queueName: pulumi.Output<string>;
  /** Dead-letter queue for messages whose fetch failed. */
  readonly deadLetters: QueueAddress;

  constructor(name: string, args: PushQueueArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:PushQueue", name, {}, opts);
    const deadLetters = createDeadLetters(name, args, this);
    const queue = createQueue(name, args, deadLetters, this);
    this.arn = queue.arn;
    this.url = queue.url;
    this.queueName = queue.name;
    this.deadLetters = { arn: deadLetters.arn, url: deadLetters.url };
    this.registerOutputs({ queueArn: queue.arn, deadLettersArn: deadLetters.arn });
  }
}

/** SQS's maximum retention. */
const DAYS_14 = 14 * 24 * 60 * 60;

/** While a forge is unreachable, fetch retries a message at increasing intervals: three and a half hours in all. */
const RECEIVES = 20;

const WAITING_MINUTES = 30;

function createDeadLetters(name: string, { stack }: PushQueueArgs, parent: pulumi.Resource): sqs.Queue {
  // The dead-letter queue of a FIFO queue must be FIFO, too.
  const deadLetters = new sqs.Queue(
    `${name}-dead-letters`,
    { fifoQueue: true, messageRetentionSeconds: DAYS_14, sqsManagedSseEnabled: true },
    { parent },
  );
  createAlarm(
    `${name}-dead-letters`,
    {
      stack,
      description:
        "A push could not be fetched: see the log group of the fetch function, fix the cause, then redrive the messages to the push queue.",
      namespace: "AWS/SQS",
      metrics: ["ApproximateNumberOfMessagesVisible"],
      statistic: "Maximum",
      dimensions: { QueueName: deadLetters.name },
    },
    { parent },
  );
  return deadLetters;
}

function createQueue(
  name: string,
  { stack, visibilityTimeoutSeconds }: PushQueueArgs,
  deadLetters: sqs.Queue,
  parent: pulumi.Resource,
): sqs.Queue {
  const queue = new sqs.Queue(
    `${name}-pushes`,
    {
      fifoQueue: true,
      visibilityTimeoutSeconds,
      messageRetentionSeconds: DAYS_14,
      redrivePolicy: pulumi.jsonStringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: RECEIVES }),
      sqsManagedSseEnabled: true,
    },
    { parent },
  );
  createAlarm(
    `${name}-waiting`,
    {
      stack,
      description: `A push has waited for ${WAITING_MINUTES} minutes: see the log group of the fetch function for the forge that cannot be reached.`,
      namespace: "AWS/SQS",
      // The age of the oldest message is unsuitable: it ignores messages received three times without success.
      // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
      metrics: ["ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"],
      statistic: "Minimum",
      periods: WAITING_MINUTES / 5,
      dimensions: { QueueName: queue.name },
    },
    { parent },
  );
  return queue;
}
