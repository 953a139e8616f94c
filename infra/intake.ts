import * as sqs from "@pulumi/aws/sqs";
import * as pulumi from "@pulumi/pulumi";
import { createWebhook, type TrackedBranch } from "../handlers/webhook";
import { createAlarm } from "./alerts";
import type { Api } from "./api";
import { Callback } from "./callback";
import { createGeneratedSecret, type GeneratedSecret } from "./generatedSecret";
import type { Operations } from "./operations";

/** The path that GitHub is told. */
const PATH = "/webhooks/github";

export interface IntakeArgs {
  operations: Operations;
  api: Api;
  /** Branches whose pushes are passed on. */
  branches: TrackedBranch[];
  /** Seconds that who receives a message has before it is handed out again. */
  visibilityTimeoutSeconds: number;
}

/** The way in: GitHub's webhook is verified, and each push to a tracked branch becomes a message on a FIFO queue. */
export class Intake extends pulumi.ComponentResource {
  /** The address to give to GitHub. */
  readonly url: pulumi.Output<string>;
  /** The secret to give to GitHub. */
  readonly secret: pulumi.Output<string>;
  readonly queueArn: pulumi.Output<string>;
  readonly queueName: pulumi.Output<string>;

  constructor(name: string, args: IntakeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Intake", name, {}, opts);
    const secret = createGeneratedSecret(`${name}-webhook-secret`, "Signs what GitHub sends to the webhook", {
      parent: this,
    });
    const queue = createQueue(name, args, this);
    const webhook = createFunction(name, args, secret, queue, this);
    args.api.addRoutes(
      `${name}-webhook`,
      { function: webhook, routes: [`POST ${PATH}`], invokedBy: `POST${PATH}` },
      { parent: this },
    );
    this.url = pulumi.interpolate`${args.api.url}${PATH}`;
    this.secret = secret.value;
    this.queueArn = queue.arn;
    this.queueName = queue.name;
    this.registerOutputs({ url: this.url, secret: this.secret, queueArn: this.queueArn });
  }
}

function createQueue(name: string, args: IntakeArgs, parent: pulumi.Resource): sqs.Queue {
  // Dead letters of a FIFO queue go to a FIFO queue.
  const deadLetters = new sqs.Queue(
    `${name}-dead-letters`,
    { fifoQueue: true, messageRetentionSeconds: DAYS_14, sqsManagedSseEnabled: true },
    { parent },
  );
  createAlarm(
    `${name}-dead-letters`,
    {
      operations: args.operations,
      description: "A push could not be fetched after all retries: see the log group of fetch, then redrive the queue.",
      namespace: "AWS/SQS",
      metrics: ["ApproximateNumberOfMessagesVisible"],
      statistic: "Maximum",
      dimensions: { QueueName: deadLetters.name },
    },
    { parent },
  );
  return new sqs.Queue(
    `${name}-pushes`,
    {
      fifoQueue: true,
      visibilityTimeoutSeconds: args.visibilityTimeoutSeconds,
      messageRetentionSeconds: DAYS_14,
      redrivePolicy: pulumi.jsonStringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: 5 }),
      sqsManagedSseEnabled: true,
    },
    { parent },
  );
}

/** The longest that SQS keeps a message. */
const DAYS_14 = 14 * 24 * 60 * 60;

const createFunction = (
  name: string,
  args: IntakeArgs,
  secret: GeneratedSecret,
  queue: sqs.Queue,
  parent: pulumi.Resource,
) =>
  new Callback(
    `${name}-webhook`,
    {
      operations: args.operations,
      factory: createWebhook,
      options: { secretArn: secret.arn, queueUrl: queue.url, sources: args.branches },
      statements: [
        { actions: ["secretsmanager:GetSecretValue"], resources: [secret.arn] },
        { actions: ["sqs:SendMessage"], resources: [queue.arn] },
      ],
      // GitHub gives up after ten.
      timeoutSeconds: 9,
      memory: 256,
    },
    { parent },
  );
