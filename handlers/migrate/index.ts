import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECRClient } from "@aws-sdk/client-ecr";
import { ECSClient } from "@aws-sdk/client-ecs";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { CodePipelineEvent, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { clientSettings, queueClientSettings } from "../shared/clientSettings";
import { EXECUTION, type Job, type JobResult, parameter, runJob } from "../shared/codePipelineJob";
import { imageParameters } from "../shared/imageParameters";
import { log } from "../shared/log";
import { takeJob } from "../shared/records/jobs";
import { takeMessages } from "../shared/records/messages";
import { goOn } from "../shared/records/rounds";
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
  return async (event) => {
    if ("Records" in event) {
      return takeMessages(context, event, (record) => advanceMigration(context, record, { kind: "message" }));
    }
    if ("detail" in event) {
      await takeEvent(context, event);
    } else {
      await runJob(context.pipelines, event, (job) => openJob(context, job));
    }
    return undefined;
  };
}

/** Records the job and advances it as far as possible. Events and messages do the rest. */
async function openJob(context: RecordedMigration, job: Job): Promise<JobResult> {
  const wanted = {
    kind: "migrate" as const,
    ...imageParameters(job),
    execution: parameter(job, "execution", EXECUTION, "the id of the pipeline's execution"),
  };
  const record = await takeJob(context, wanted, job);
  await goOn(context, () => advanceMigration(context, record, { kind: "job" }));
  return { kind: "open" };
}

/** An event may arrive before its record, twice, or after the end: the record says what remains to be done. */
async function takeEvent(context: RecordedMigration, { detail }: TaskStateChangeEvent): Promise<void> {
  const record = await recordOfTask(context, detail);
  if (record === undefined) {
    log("info", "no task of a migration that is under way", { task: detail.taskArn, startedBy: detail.startedBy });
    return;
  }
  await goOn(context, () => advanceMigration(context, record, { kind: "event", event: detail }));
}
