import type { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import type { SQSClient } from "@aws-sdk/client-sqs";
import type { DeploymentTable } from "../lock";

/** Where a function stores its records, and the queue whose messages trigger each record until it is done. */
export interface RecordOptions {
  /** The DynamoDB table of locks and records. */
  table: string;
  /** The queue whose messages name the records; Lambda's events contain only its ARN. */
  queueUrl: string;
  /** The name of the application's pipeline. */
  pipeline: string;
}

export interface RecordContext {
  application: string;
  options: RecordOptions;
  table: DeploymentTable;
  pipelines: CodePipelineClient;
  sqs: SQSClient;
  /** Milliseconds. */
  now: () => number;
}
