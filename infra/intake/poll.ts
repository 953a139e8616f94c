import * as lambda from "@pulumi/aws/lambda";
import * as pulumi from "@pulumi/pulumi";
import { createPoll } from "../../handlers/poll";
import type { PolledSource } from "../../handlers/poll/decision";
import type { Bucket } from "../foundation/bucket";
import { createRule } from "../lambda/eventRule";
import { Callback, type FunctionNetwork } from "../lambda/lambdaFunction";
import type { Operations } from "../stackContext";
import type { ForgeAccess } from "./forges";
import type { PushQueue } from "./pushQueue";

/** Where the function remembers the commits that it has enqueued last. */
const ENQUEUED = "poll/enqueued.json";

export interface PollArgs {
  operations: Operations;
  queue: PushQueue;
  /** Holds the archives, and what the function remembers. */
  bucket: Bucket;
  /** Branches whose heads are compared with their archives. */
  archives: pulumi.Output<PolledSource[]>;
  everyMinutes: 1 | 5;
  forges: ForgeAccess;
  network: FunctionNetwork | undefined;
}

/**
 * Compares the heads of the tracked branches with what was delivered, and enqueues what is missing: the way in where no webhook
 * can come, and the cure for lost webhooks where they can.
 */
export class Poll extends pulumi.ComponentResource {
  constructor(name: string, args: PollArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Poll", name, {}, opts);
    const poll = createFunction(name, args, this);
    // The next poll is the repetition.
    const limits = new lambda.FunctionEventInvokeConfig(
      `${name}-poll`,
      { functionName: poll.functionName, maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      { parent: this },
    );
    createRule(
      `${name}-poll`,
      {
        operations: args.operations,
        function: poll,
        on: { scheduleExpression: args.everyMinutes === 1 ? "rate(1 minute)" : `rate(${args.everyMinutes} minutes)` },
      },
      { parent: this, dependsOn: limits },
    );
    this.registerOutputs({});
  }
}

const createFunction = (
  name: string,
  { operations, queue, bucket, archives, forges, network }: PollArgs,
  parent: pulumi.Resource,
) =>
  new Callback(
    `${name}-poll`,
    {
      operations,
      factory: createPoll,
      options: {
        bucket: bucket.bucketName,
        key: ENQUEUED,
        queueUrl: queue.url,
        forges: forges.options,
        sources: archives,
      },
      statements: [
        // Without it, S3 answers 403 instead of 404 while nothing has been delivered yet.
        { actions: ["s3:ListBucket"], resources: [bucket.arn] },
        {
          actions: ["s3:GetObject"],
          resources: pulumi
            .all([bucket.arn, archives])
            .apply(([arn, known]) => known.map(({ key }) => `${arn}/${key}`)),
        },
        { actions: ["s3:GetObject", "s3:PutObject"], resources: [pulumi.interpolate`${bucket.arn}/${ENQUEUED}`] },
        { actions: ["sqs:SendMessage"], resources: [queue.arn] },
        ...forges.statements,
      ],
      // Before the next one begins.
      timeoutSeconds: 55,
      memory: 256,
      network,
      // A path that fails once is no news: the next poll asks again.
      alarmPeriods: 3,
    },
    { parent },
  );
