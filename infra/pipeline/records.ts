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

/** Timeout in seconds of functions with records. The next message continues unfinished work. */
export const RECORD_SECONDS = 120;
const DAY = 24 * 60 * 60;

export interface RecordArgs {
  stack: StackContext;
  application: string;
  table: RecordTable;
}

/** Resources of a function that records its progress, and is invoked until the work has ended. */
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
      // Messages are repeated until the record is final, and a migration may take a day.
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
          // Lambda's poller uses the function's role to receive messages.
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

/** Invokes the function for the queue's messages. */
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

/** The lock that must be held to change a delivery's schedules and tag. */
export interface HeldLock {
  options: DeepInput<LockOptions>;
  statement: Statement;
}

export const holdingLock = (application: string, table: RecordTable): HeldLock => ({
  options: { application, table: table.tableName },
  statement: { actions: ["dynamodb:GetItem", "dynamodb:UpdateItem"], resources: [table.tableArn] },
});
