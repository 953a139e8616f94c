import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECRClient } from "@aws-sdk/client-ecr";
import { ECSClient } from "@aws-sdk/client-ecs";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { CodePipelineEvent, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { clientSettings, queueClientSettings } from "../shared/clientSettings";
import { log } from "../shared/log";
import { recordedHandler } from "../shared/records/handler";
import type { DeployOptions } from "./options";
import { advanceDeployment, currentRecord, type RecordedContext } from "./recorded";
import type { RolloutStateChange } from "./rolloutEvent";

/**
 * Deploys an image to all services of an application, or to none. Called with a message `{"id"}` that names the record
 * of a deployment by HTTP, or with a job of the application's pipeline, UserParameters
 * `{"image": "<registry>/<repository>@sha256:…", "version": "<tag>", "execution": "<pipeline execution id>"}`.
 *
 * It checks version, image, cluster and services; registers a revision of each task definition with the image; updates
 * each service once; follows the rollouts. If one fails or is late, all services are rolled back; after that the
 * deployment fails with both causes. Only one deployment, by the pipeline or HTTP, changes the services at a time.
 *
 * A job is stored in a record, and stays open until the deployment has ended. The record is advanced by ECS's events,
 * and by a message every minute, which needs neither events nor CodePipeline. The pipeline's deployment holds the
 * application's lock until the execution has ended, so that schedules and tag match the running version.
 *
 * Needs:
 * - codepipeline:PutJobSuccessResult, codepipeline:PutJobFailureResult on *; codepipeline:GetPipelineExecution on the
 *   pipeline
 * - dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem on the table
 * - sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes (Lambda's poller), sqs:ChangeMessageVisibility and
 *   sqs:SendMessage on the queue
 * - ecr:BatchGetImage on the application's repository
 * - ecs:DescribeTaskDefinition on *, which AWS cannot restrict
 * - ecs:RegisterTaskDefinition and ecs:TagResource on the services' task definitions, every revision (`family:*`): a
 *   revision has its tags from the start, and gets one more before it is rolled out, so no condition on
 *   ecs:CreateAction
 * - ecs:DescribeServices and ecs:UpdateService on the services
 * - ecs:ListTasks on *, with ecs:cluster the cluster's ARN; ecs:DescribeTasks on the cluster's tasks
 * - iam:PassRole on the task definitions' execution and task roles, with iam:PassedToService ecs-tasks.amazonaws.com
 *
 * With requests also:
 * - ecr:PutImage on the application's repository
 * - dynamodb:UpdateItem on the table of delivered images
 * - sns:Publish on the topic
 */
export function createDeploy(
  options: DeployOptions,
): (event: CodePipelineEvent | SQSEvent | RolloutStateChange) => Promise<SQSBatchResponse | undefined> {
  const { application, records, requests } = options;
  const context: RecordedContext = {
    application,
    options: records,
    pipelines: new CodePipelineClient(clientSettings(5, 10)),
    table: { dynamo: new DynamoDBClient(clientSettings(5, 10)), table: records.table },
    sqs: new SQSClient(queueClientSettings(5, 5)),
    now: Date.now,
    deployment: {
      ecs: new ECSClient(clientSettings(5, 10)),
      ecr: new ECRClient(clientSettings(5, 10)),
      options,
      now: Date.now,
    },
    requests: requests && { ...requests, sns: new SNSClient(clientSettings(3, 5)) },
  };
  return recordedHandler(context, {
    kind: "deploy",
    advance: (record, occasion) => advanceDeployment(context, record, occasion),
    recordOf: async (detail: RolloutStateChange["detail"]) => {
      const record = await currentRecord(context);
      if (record === undefined) {
        log("info", "no deploy is in progress", { deployment: detail.deploymentId, event: detail.eventName });
      }
      return record;
    },
  });
}
