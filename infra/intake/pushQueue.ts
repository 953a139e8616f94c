import * as sqs from "@pulumi/aws/sqs";
import * as pulumi from "@pulumi/pulumi";
import { createAlarm } from "../foundation/alarm";
import type { StackContext } from "../stackContext";

/** A queue, as functions use it. */
export interface QueueAddress {
  arn: pulumi.Output<string>;
  url: pulumi.Output<string>;
}

export interface PushQueueArgs {
  stack: StackContext;
  /** Seconds that who receives a message has before it is handed out again. */
  visibilityTimeoutSeconds: number;
}

/** What waits to be fetched: each push to a tracked branch is a message on a FIFO queue, whichever way it came in. */
export class PushQueue extends pulumi.ComponentResource implements QueueAddress {
  readonly arn: pulumi.Output<string>;
  readonly url: pulumi.Output<string>;
  readonly queueName: pulumi.Output<string>;
  /** Messages that could not be fetched. */
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

/** The longest that SQS keeps a message. */
const DAYS_14 = 14 * 24 * 60 * 60;

/** While its forge cannot be reached, fetch asks for a message again at ever longer intervals: three hours and a half. */
const RECEIVES = 20;

const WAITING_MINUTES = 30;

function createDeadLetters(name: string, { stack }: PushQueueArgs, parent: pulumi.Resource): sqs.Queue {
  // Dead letters of a FIFO queue go to a FIFO queue.
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
        "A push could not be fetched: see the log group of fetch, mend the cause, then redrive the messages to the queue of pushes.",
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
      description: `A push has waited for ${WAITING_MINUTES} minutes: see the log group of fetch for the forge that cannot be reached.`,
      namespace: "AWS/SQS",
      // Not the age of the oldest message: what has been received three times in vain is left out of it.
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
