import * as lambda from "@pulumi/aws/lambda";
import * as sqs from "@pulumi/aws/sqs";
import type * as pulumi from "@pulumi/pulumi";
import type { LockOptions } from "../../handlers/shared/deliveryLock";
import type { RecordOptions } from "../../handlers/shared/records/context";
import type { Statement } from "../foundation/role";
import type { DeepInput, LambdaFunction } from "../lambda/lambdaFunction";
import type { StackContext } from "../stackContext";
import { pipelineNameOf } from "./pipeline";

/** The DynamoDB table of locks and records. */
export interface RecordTable {
  tableName: pulumi.Output<string>;
  tableArn: pulumi.Output<string>;
}

/** Seconds that a function may run that keeps records. Whatever it leaves undone, the next message takes up. */
export const RECORD_SECONDS = 120;
const DAY = 24 * 60 * 60;

export interface RecordArgs {
  stack: StackContext;
  application: string;
  table: RecordTable;
}

/** What a function needs that records what it does, and is called until that is over. */
export interface Records {
  queue: sqs.Queue;
  options: DeepInput<RecordOptions>;
  statements: Statement[];
}

export function createRecords(
  name: string,
  { stack, application, table }: RecordArgs,
  opts: pulumi.CustomResourceOptions,
): Records {
  const queue = new sqs.Queue(
    name,
    {
      visibilityTimeoutSeconds: RECORD_SECONDS + 60,
      // A message comes again for as long as its record is not over: a migration may take a day.
      messageRetentionSeconds: 4 * DAY,
      sqsManagedSseEnabled: true,
    },
    opts,
  );
  const pipeline = pipelineNameOf(application, stack);
  return {
    queue,
    options: { table: table.tableName, queueUrl: queue.url, pipeline },
    statements: [
      { actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], resources: [table.tableArn] },
      {
        actions: [
          // Lambda's poller receives under the function's role.
          "sqs:ReceiveMessage",
          "sqs:DeleteMessage",
          "sqs:GetQueueAttributes",
          "sqs:ChangeMessageVisibility",
          "sqs:SendMessage",
        ],
        resources: [queue.arn],
      },
      {
        actions: ["codepipeline:GetPipelineExecution"],
        resources: [stack.account.arn("codepipeline", pipeline)],
      },
    ],
  };
}

/** Has the function called with the messages. */
export const takeRecords = <O>(
  name: string,
  { queue }: Records,
  by: LambdaFunction<O>,
  opts: pulumi.CustomResourceOptions,
): lambda.EventSourceMapping =>
  new lambda.EventSourceMapping(
    name,
    {
      eventSourceArn: queue.arn,
      functionName: by.arn,
      batchSize: 1,
      functionResponseTypes: ["ReportBatchItemFailures"],
    },
    opts,
  );

/** The lock that a delivery's schedules and tag are changed under. */
export interface HeldLock {
  options: DeepInput<LockOptions>;
  statement: Statement;
}

export const holdingLock = (application: string, table: RecordTable): HeldLock => ({
  options: { application, table: table.tableName },
  statement: { actions: ["dynamodb:GetItem", "dynamodb:UpdateItem"], resources: [table.tableArn] },
});
