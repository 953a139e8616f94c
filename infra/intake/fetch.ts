import * as lambda from "@pulumi/aws/lambda";
import * as pulumi from "@pulumi/pulumi";
import { createFetch } from "../../handlers/fetch";
import { ARCHIVE_LIMIT_MIB } from "../../handlers/fetch/spool";
import type { PolledSource } from "../../handlers/poll/decision";
import type { TrackedBranch } from "../../handlers/shared/forge";
import type { Bucket } from "../foundation/bucket";
import { Callback, type FunctionNetwork } from "../lambda/lambdaFunction";
import type { Operations } from "../stackContext";
import type { ForgeAccess } from "./forges";
import type { Intake } from "./pushQueue";

/** Beside the archive, for the file system itself. */
const SPARE_MIB = 128;

/** Enough for hundreds of megabytes. */
const FETCH_SECONDS = 300;

/**
 * AWS advises six times the function's timeout, for functions that are throttled. One message at a time hardly is, and
 * a push whose fetch failed should be tried again in minutes, not in half an hour.
 */
export const VISIBILITY_SECONDS = FETCH_SECONDS + 60;

/** A tracked branch, its archive and the pipeline that delivers it. */
export interface DeliveredSource {
  branch: TrackedBranch;
  /** The archive's key in the source bucket. */
  key: string;
  pipeline: { pipelineName: pulumi.Output<string>; arn: pulumi.Output<string> };
  /** Whether the pipeline takes source revision overrides; V1 pipelines refuse them. */
  overridable: boolean;
}

export interface SourceArgs {
  operations: Operations;
  /** Whose messages are fetched. */
  intake: Intake;
  /** Where archives go. */
  bucket: Bucket;
  sources: DeliveredSource[];
  forges: ForgeAccess;
  network: FunctionNetwork | undefined;
}

/** The way from a push to a pipeline: the commit's archive goes to the source bucket, and an execution begins. */
export class Source extends pulumi.ComponentResource {
  /**
   * What fetch knows by now. Who puts pushes on the queue is told of them no sooner: fetch's options wait for the pipelines, and a
   * push that came in before them would end as a dead letter.
   */
  readonly branches: pulumi.Output<TrackedBranch[]>;
  /** The same, each with the key of its archive. */
  readonly archives: pulumi.Output<PolledSource[]>;

  constructor(name: string, args: SourceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Source", name, {}, opts);
    const fetch = createFunction(name, args, this);
    new lambda.EventSourceMapping(
      `${name}-fetch`,
      {
        eventSourceArn: args.intake.queue.arn,
        functionName: fetch.arn,
        batchSize: 1,
        functionResponseTypes: ["ReportBatchItemFailures"],
      },
      { parent: this },
    );
    this.branches = fetch.arn.apply(() => args.sources.map(({ branch }) => branch));
    this.archives = fetch.arn.apply(() => args.sources.map(({ branch, key }) => ({ ...branch, key })));
    this.registerOutputs({});
  }
}

const createFunction = (name: string, args: SourceArgs, parent: pulumi.Resource) =>
  new Callback(
    `${name}-fetch`,
    {
      operations: args.operations,
      factory: createFetch,
      options: {
        bucket: args.bucket.bucketName,
        queueUrl: args.intake.queue.url,
        deadLetterUrl: args.intake.deadLetters.url,
        topicArn: args.operations.topicArn,
        environment: args.operations.environment,
        forges: args.forges.options,
        sources: args.sources.map(({ branch, key, pipeline, overridable }) => ({
          ...branch,
          key,
          pipeline: pipeline.pipelineName,
          overridable,
        })),
      },
      statements: [
        {
          // Lambda's poller receives under the function's role.
          actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"],
          resources: [args.intake.queue.arn],
        },
        // The head of a branch, in place of a commit that it does not contain.
        { actions: ["sqs:SendMessage"], resources: [args.intake.queue.arn, args.intake.deadLetters.arn] },
        { actions: ["sns:Publish"], resources: [args.operations.topicArn] },
        // Without it, S3 answers 403 instead of 404 while there is no archive yet.
        { actions: ["s3:ListBucket"], resources: [args.bucket.arn] },
        {
          actions: ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
          resources: args.sources.map(({ key }) => pulumi.interpolate`${args.bucket.arn}/${key}`),
        },
        {
          actions: ["codepipeline:StartPipelineExecution"],
          resources: args.sources.map(({ pipeline }) => pipeline.arn),
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
