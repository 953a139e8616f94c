import * as lambda from "@pulumi/aws/lambda";
import * as pulumi from "@pulumi/pulumi";
import { createPoll } from "../../handlers/poll";
import type { PolledSource } from "../../handlers/poll/decision";
import type { Bucket } from "../foundation/bucket";
import { createRule } from "../lambda/eventRule";
import { type FunctionNetwork, LambdaFunction } from "../lambda/lambdaFunction";
import type { Settings } from "../settings";
import { takesWebhooks } from "../settings/derived";
import type { StackContext } from "../stackContext";
import type { Fetch } from "./fetch";
import type { ForgeAccess } from "./forges";
import type { PushQueue } from "./pushQueue";

/** Key of the object with the commits that were last enqueued. */
const ENQUEUED = "poll/enqueued.json";

export interface PollArgs {
  stack: StackContext;
  pushes: PushQueue;
  /** Holds the archives and the function's state. */
  archives: Bucket;
  /** Branches whose heads are compared with their archives. */
  branches: pulumi.Output<PolledSource[]>;
  everyMinutes: 1 | 5;
  forges: ForgeAccess;
  network: FunctionNetwork | undefined;
}

interface Parts extends Pick<PollArgs, "stack" | "forges" | "network"> {
  pushes: PushQueue | undefined;
  archives: Bucket | undefined;
  fetch: Fetch | undefined;
  settings: Settings;
}

/**
 * Compares the heads of the tracked branches with the last deliveries and enqueues missing pushes. Used where webhooks
 * cannot arrive; elsewhere, it finds pushes whose webhooks were lost.
 */
export class Poll extends pulumi.ComponentResource {
  /** @returns `undefined` in a stack that tracks no branch */
  static from(name: string, { pushes, archives, fetch, settings, ...args }: Parts): Poll | undefined {
    // With webhooks, it only has to find lost ones.
    const everyMinutes = takesWebhooks(settings) ? 5 : 1;
    return (
      pushes && archives && fetch && new Poll(name, { pushes, archives, branches: fetch.polled, everyMinutes, ...args })
    );
  }

  constructor(name: string, args: PollArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Poll", name, {}, opts);
    const poll = createFunction(name, args, this);
    // No retries: the next poll does the same.
    const limits = new lambda.FunctionEventInvokeConfig(
      `${name}-poll`,
      { functionName: poll.functionName, maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      { parent: this },
    );
    createRule(
      `${name}-poll`,
      {
        stack: args.stack,
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
  { stack, pushes, archives, branches, forges, network }: PollArgs,
  parent: pulumi.Resource,
) =>
  new LambdaFunction(
    `${name}-poll`,
    {
      stack,
      factory: createPoll,
      options: {
        bucket: archives.bucketName,
        key: ENQUEUED,
        queueUrl: pushes.url,
        forges: forges.options,
        sources: branches,
      },
      statements: [
        // Without it, S3 returns 403 instead of 404 until the first delivery.
        { actions: ["s3:ListBucket"], resources: [archives.arn] },
        {
          actions: ["s3:GetObject"],
          resources: pulumi
            .all([archives.arn, branches])
            .apply(([arn, known]) => known.map(({ key }) => `${arn}/${key}`)),
        },
        { actions: ["s3:GetObject", "s3:PutObject"], resources: [pulumi.interpolate`${archives.arn}/${ENQUEUED}`] },
        { actions: ["sqs:SendMessage"], resources: [pushes.arn] },
        ...forges.statements,
      ],
      // Ends before the next poll starts.
      timeoutSeconds: 55,
      memory: 256,
      network,
      // A single failure is no reason for an alarm: the next poll tries again.
      alarmPeriods: 3,
    },
    { parent },
  );
