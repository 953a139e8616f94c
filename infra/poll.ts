import * as lambda from "@pulumi/aws/lambda";
import * as pulumi from "@pulumi/pulumi";
import type { TrackedBranch } from "../handlers/forge";
import { createPoll } from "../handlers/poll";
import type { Bucket } from "./bucket";
import { Callback, type FunctionNetwork } from "./callback";
import type { ForgeAccess } from "./forges";
import type { PushQueue } from "./intake";
import type { Operations } from "./operations";
import { createRule } from "./rule";

/** Where the function remembers the commits that it has seen last. */
const HEADS = "poll/heads.json";

export interface PollArgs {
  operations: Operations;
  queue: PushQueue;
  /** Where its memory is kept. */
  bucket: Bucket;
  /** Branches whose pushes are passed on. */
  branches: pulumi.Output<TrackedBranch[]>;
  forges: ForgeAccess;
  network: FunctionNetwork | undefined;
}

/** The way in where nobody can call: each tracked branch is asked for every minute, and put on the queue when it moved. */
export class Poll extends pulumi.ComponentResource {
  constructor(name: string, args: PollArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Poll", name, {}, opts);
    const poll = createFunction(name, args, this);
    // The next minute's poll is the repetition: a late one beside it would enqueue what has been overtaken.
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
        on: { scheduleExpression: "rate(1 minute)" },
      },
      { parent: this, dependsOn: limits },
    );
    this.registerOutputs({});
  }
}

const createFunction = (
  name: string,
  { operations, queue, bucket, branches, forges, network }: PollArgs,
  parent: pulumi.Resource,
) =>
  new Callback(
    `${name}-poll`,
    {
      operations,
      factory: createPoll,
      options: {
        bucket: bucket.bucketName,
        key: HEADS,
        queueUrl: queue.url,
        forges: forges.options,
        sources: branches,
      },
      statements: [
        // Without it, S3 answers 403 instead of 404 while nothing has been seen yet.
        { actions: ["s3:ListBucket"], resources: [bucket.arn] },
        { actions: ["s3:GetObject", "s3:PutObject"], resources: [pulumi.interpolate`${bucket.arn}/${HEADS}`] },
        { actions: ["sqs:SendMessage"], resources: [queue.arn] },
        ...forges.statements,
      ],
      // Before the next one begins.
      timeoutSeconds: 55,
      memory: 256,
      network,
      // A path that fails for a minute is no news: the next minute asks again.
      alarmPeriods: 3,
    },
    { parent },
  );
