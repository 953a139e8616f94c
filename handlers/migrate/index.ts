import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECRClient } from "@aws-sdk/client-ecr";
import { ECSClient } from "@aws-sdk/client-ecs";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { CodePipelineEvent, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { clientSettings, queueClientSettings } from "../shared/clientSettings";
import { log } from "../shared/log";
import { recordedHandler } from "../shared/records/handler";
import type { MigrateOptions } from "./options";
import { advanceMigration, type RecordedMigration, recordOfTask } from "./recorded";
import type { TaskStateChangeEvent } from "./taskEvent";

/**
 * Runs an application's migration once with the image to be deployed, and follows it to its exit code. UserParameters:
 * `{"image": "<registry>/<repository>@sha256:…", "version": "<tag>", "execution": "<id of the pipeline's execution>"}`.
 *
 * The job is stored in a record, and stays open until the task's event reports that it has stopped. If the event is
 * lost, a message every minute advances the record. Only one migration of an application runs at a time.
 *
 * Needs:
 * - codepipeline:PutJobSuccessResult, codepipeline:PutJobFailureResult on *; codepipeline:GetPipelineExecution on the
 *   pipeline
 * - dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem on the table
 * - sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes (Lambda's poller), sqs:ChangeMessageVisibility and
 *   sqs:SendMessage on the queue
 * - ecr:BatchGetImage on the application's repository
 * - ecs:DescribeTaskDefinition on *, which AWS cannot restrict
 * - ecs:RegisterTaskDefinition and ecs:TagResource on the task definition, every revision (`family:*`)
 * - ecs:RunTask on the same, with ecs:cluster the cluster's ARN; ecs:DescribeTasks on the cluster's tasks
 * - iam:PassRole on the task definition's execution and task roles, with iam:PassedToService ecs-tasks.amazonaws.com
 * - logs:GetLogEvents on the log group's streams
 */
export function createMigrate(
  options: MigrateOptions,
): (event: CodePipelineEvent | SQSEvent | TaskStateChangeEvent) => Promise<SQSBatchResponse | undefined> {
  const { application, records } = options;
  const context: RecordedMigration = {
    application,
    options: records,
    pipelines: new CodePipelineClient(clientSettings(5, 10)),
    table: { dynamo: new DynamoDBClient(clientSettings(5, 10)), table: records.table },
    sqs: new SQSClient(queueClientSettings(5, 5)),
    now: Date.now,
    migration: {
      ecs: new ECSClient(clientSettings(5, 10)),
      ecr: new ECRClient(clientSettings(5, 10)),
      logs: new CloudWatchLogsClient(clientSettings(5, 10)),
      options,
      now: Date.now,
    },
  };
  return recordedHandler(context, {
    kind: "migrate",
    advance: (record, occasion) => advanceMigration(context, record, occasion),
    recordOf: async (detail: TaskStateChangeEvent["detail"]) => {
      const record = await recordOfTask(context, detail);
      if (record === undefined) {
        log("info", "the task does not belong to a migration in progress", {
          task: detail.taskArn,
          startedBy: detail.startedBy,
        });
      }
      return record;
    },
  });
}
