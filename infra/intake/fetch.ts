import * as lambda from "@pulumi/aws/lambda";
import * as pulumi from "@pulumi/pulumi";
import { createFetch } from "../../handlers/fetch";
import { ARCHIVE_LIMIT_MIB } from "../../handlers/fetch/spool";
import type { PolledSource } from "../../handlers/poll/decision";
import type { TrackedBranch } from "../../handlers/shared/forge";
import type { Bucket } from "../foundation/bucket";
import { type FunctionNetwork, LambdaFunction } from "../lambda/lambdaFunction";
import type { StackContext } from "../stackContext";
import type { ForgeAccess } from "./forges";
import type { PushQueue } from "./pushQueue";

/** Space besides the archive, for the file system itself. */
const SPARE_MIB = 128;

/** Enough for hundreds of megabytes. */
const FETCH_SECONDS = 300;

/**
 * AWS recommends six times the function's timeout, because functions may be throttled. That is unlikely with one
 * message at a time, and a push whose fetch failed should be retried within minutes, not after half an hour.
 */
export const VISIBILITY_SECONDS = FETCH_SECONDS + 60;

/** A tracked branch, its archive and the pipeline that delivers it. */
export interface ArchiveTrigger {
  branch: TrackedBranch;
  /** The archive's key in the archive bucket. */
  key: string;
  pipeline: { pipelineName: pulumi.Output<string>; arn: pulumi.Output<string> };
  /** Whether the pipeline accepts source revision overrides; V1 pipelines reject them. */
  overridable: boolean;
}

export interface FetchArgs {
  stack: StackContext;
  /** The queue to receive pushes from. */
  pushes: PushQueue;
  /** The bucket to put archives into. */
  archives: Bucket;
  triggers: ArchiveTrigger[];
  forges: ForgeAccess;
  network: FunctionNetwork | undefined;
}

interface Parts extends Omit<FetchArgs, "pushes" | "archives"> {
  pushes: PushQueue | undefined;
  archives: Bucket | undefined;
}

/** Copies a pushed commit's archive to the archive bucket and starts a pipeline execution. */
export class Fetch extends pulumi.ComponentResource {
  /**
   * The branches that fetch knows. Producers depend on this, so they start enqueuing only after fetch is configured,
   * which in turn waits for the pipelines. Earlier pushes would end in the dead-letter queue.
   */
  readonly branches: pulumi.Output<TrackedBranch[]>;
  /** The same branches, each with the key of its archive. */
  readonly polled: pulumi.Output<PolledSource[]>;

  /** @returns `undefined` in a stack that tracks no branch */
  static from(name: string, { pushes, archives, ...args }: Parts): Fetch | undefined {
    return pushes && archives && new Fetch(name, { pushes, archives, ...args });
  }

  constructor(name: string, args: FetchArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Fetch", name, {}, opts);
    const fetch = createFunction(name, args, this);
    new lambda.EventSourceMapping(
      `${name}-fetch`,
      {
        eventSourceArn: args.pushes.arn,
        functionName: fetch.arn,
        batchSize: 1,
        functionResponseTypes: ["ReportBatchItemFailures"],
      },
      { parent: this },
    );
    this.branches = fetch.arn.apply(() => args.triggers.map(({ branch }) => branch));
    this.polled = fetch.arn.apply(() => args.triggers.map(({ branch, key }) => ({ ...branch, key })));
    this.registerOutputs({});
  }
}

const createFunction = (name: string, args: FetchArgs, parent: pulumi.Resource) =>
  new LambdaFunction(
    `${name}-fetch`,
    {
      stack: args.stack,
      factory: createFetch,
      options: {
        bucket: args.archives.bucketName,
        queueUrl: args.pushes.url,
        deadLetterUrl: args.pushes.deadLetters.url,
        topicArn: args.stack.topicArn,
        environment: args.stack.environment,
        forges: args.forges.options,
        sources: args.triggers.map(({ branch, key, pipeline, overridable }) => ({
          ...branch,
          key,
          pipeline: pipeline.pipelineName,
          overridable,
        })),
      },
      statements: [
        {
          // Lambda's poller uses the function's role to receive messages.
          actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"],
          resources: [args.pushes.arn],
        },
        // To enqueue the head of a branch, in place of a commit that the branch does not contain.
        { actions: ["sqs:SendMessage"], resources: [args.pushes.arn, args.pushes.deadLetters.arn] },
        { actions: ["sns:Publish"], resources: [args.stack.topicArn] },
        // Without it, S3 returns 403 instead of 404 while there is no archive yet.
        { actions: ["s3:ListBucket"], resources: [args.archives.arn] },
        {
          actions: ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
          resources: args.triggers.map(({ key }) => pulumi.interpolate`${args.archives.arn}/${key}`),
        },
        {
          actions: ["codepipeline:StartPipelineExecution"],
          resources: args.triggers.map(({ pipeline }) => pipeline.arn),
        },
        ...args.forges.statements,
      ],
      timeoutSeconds: FETCH_SECONDS,
      memory: 512,
      temporaryMiB: ARCHIVE_LIMIT_MIB + SPARE_MIB,
      packages: ["yauzl"],
      network: args.network,
    },
    { parent },
  );
