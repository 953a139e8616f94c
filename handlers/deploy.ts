import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECRClient } from "@aws-sdk/client-ecr";
import { ECSClient } from "@aws-sdk/client-ecs";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { CodePipelineEvent, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { clientSettings, queueClientSettings } from "./clientSettings";
import { type Job, type JobResult, parameter, resultOf, runJob } from "./codePipelineJob";
import type { DeploymentContext, DeploymentRequest } from "./deploy/deployment";
import { type DeploymentTable, releaseLock } from "./deploy/lock";
import { deployRequested } from "./deploy/requested";
import { type DeploymentState, decodeState, encodeState } from "./deploy/state";
import { takeStep } from "./deploy/step";
import { explain } from "./failure";
import { imageParameters } from "./imageParameters";
import type { ImageTag } from "./imageTag";
import { log } from "./log";

/** An ECS service that the application's image is deployed to. */
export interface DeployService {
  /** The ECS service's name. */
  service: string;
  /** The container in the task definition that runs the application's image. */
  container: string;
  /** ARN of the revision that the program registered: everything but the image is taken from it. */
  taskDefinition: string;
  /** Tasks to run. Each delivery sets it, but for a service that was scaled to 0 by hand since the first one. */
  count: number;
}

export interface DeployOptions {
  application: string;
  /** The ECS cluster's name. */
  cluster: string;
  services: DeployService[];
  /** How long a rollout may take, and after it a rollback. */
  deadlineMinutes: number;
  /** Absent if the application cannot be deployed by HTTP. */
  requests?: DeployRequests;
}

/** What deployments by HTTP need. A successful one gives its image the environment's tag, as the pipeline's last stage does. */
export interface DeployRequests extends ImageTag {
  /** The DynamoDB table of locks and records. */
  table: string;
  /** The queue whose messages name the deployments: Lambda hands over its ARN alone. */
  queueUrl: string;
  /** Where outcomes are published. */
  topicArn: string;
}

/**
 * Deploys an image to all services of an application, or to none: as a job of the application's pipeline, UserParameters
 * `{"image": "<registry>/<repository>@sha256:…", "version": "<tag>", "execution": "<pipeline execution id>"}`, or as a
 * message `{"id"}` that names a record of a deployment by HTTP. `execution` is needed only where there are such.
 *
 * It checks version, image, cluster and services; registers a revision of each task definition with the image; updates each
 * service once; follows the rollouts by continuation token, or by a token in the record. If one fails or is late, all go back
 * to what ran before, and the deployment fails with both causes once they are there. Only one of the pipeline's and HTTP's
 * deployments changes the services at a time: the pipeline's waits for its turn.
 *
 * Needs:
 * - codepipeline:PutJobSuccessResult, codepipeline:PutJobFailureResult on *
 * - ecr:BatchGetImage on the application's repository
 * - ecs:DescribeTaskDefinition on *, which AWS cannot restrict
 * - ecs:RegisterTaskDefinition and ecs:TagResource on the services' task definitions, every revision (`family:*`): a revision
 *   has its tags from the start, and gets one more before it is rolled out, so no condition on ecs:CreateAction
 * - ecs:DescribeServices and ecs:UpdateService on the services
 * - ecs:ListTasks on *, with ecs:cluster the cluster's ARN; ecs:DescribeTasks on the cluster's tasks
 * - iam:PassRole on the task definitions' execution and task roles, with iam:PassedToService ecs-tasks.amazonaws.com
 *
 * With requests also:
 * - dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem, dynamodb:DeleteItem on the table
 * - sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes (Lambda's poller) and sqs:ChangeMessageVisibility on the queue
 * - ecr:PutImage on the application's repository
 * - sns:Publish on the topic
 */
export function createDeploy(
  options: DeployOptions,
): (event: CodePipelineEvent | SQSEvent) => Promise<SQSBatchResponse | undefined> {
  const pipelines = new CodePipelineClient(clientSettings(5, 10));
  const deployment: DeploymentContext = {
    ecs: new ECSClient(clientSettings(5, 10)),
    ecr: new ECRClient(clientSettings(5, 10)),
    options,
    now: Date.now,
  };
  const { requests } = options;
  const requested = requests && {
    deployment,
    requests,
    table: { dynamo: new DynamoDBClient(clientSettings(5, 10)), table: requests.table },
    sqs: new SQSClient(queueClientSettings(3, 5)),
    sns: new SNSClient(clientSettings(3, 5)),
  };
  return async (event) => {
    if (requested !== undefined && "Records" in event) {
      return deployRequested(requested, event);
    }
    await runJob(pipelines, event as CodePipelineEvent, (job) => deploy(deployment, requested?.table, job));
    return undefined;
  };
}

async function deploy(context: DeploymentContext, table: DeploymentTable | undefined, job: Job): Promise<JobResult> {
  const execution = /^[\w-]{1,128}$/;
  const turn = table && {
    table,
    execution: parameter(job, "execution", execution, "the id of the pipeline's execution"),
  };
  const request: DeploymentRequest = { id: job.id, ...imageParameters(job), turn };
  const state = job.continuationToken === undefined ? undefined : decodeState(job.continuationToken);
  try {
    const outcome = await takeStep(context, request, state);
    if (outcome.kind !== "underWay") {
      await release(context, request, state);
    }
    return resultOf(outcome, encodeState);
  } catch (error) {
    await release(context, request, state);
    throw error;
  }
}

/** Before the job ends: an invocation that dies in between is repeated. */
async function release(
  { options: { application } }: DeploymentContext,
  { turn }: DeploymentRequest,
  state: DeploymentState | undefined,
): Promise<void> {
  // Until something is registered the lock is not held; by a repetition's failure it must not be given back.
  if (turn === undefined || state === undefined || state.phase === "waiting") {
    return;
  }
  try {
    await releaseLock(turn.table, application, turn.execution);
  } catch (error) {
    log("error", "lock not given back: it expires by itself", {
      application,
      owner: turn.execution,
      cause: explain(error),
    });
  }
}
