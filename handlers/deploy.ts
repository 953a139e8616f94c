import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { ECRClient } from "@aws-sdk/client-ecr";
import { ECSClient } from "@aws-sdk/client-ecs";
import type { CodePipelineEvent } from "aws-lambda";
import { clientSettings } from "./clientSettings";
import { type Job, type JobResult, parameter, runJob } from "./codePipelineJob";
import { advance, type DeploymentContext, type DeploymentRequest, type Outcome } from "./deploy/deployment";
import { type DeploymentState, decodeState, encodeState } from "./deploy/state";
import { explain, failure, failureType, isTransient } from "./failure";
import { IMAGE_URI } from "./image";
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
}

/**
 * Deploys an image to all services of an application, or to none. UserParameters:
 * `{"image": "<registry>/<repository>@sha256:…", "version": "<tag>"}`.
 *
 * It checks version, image, cluster and services; registers a revision of each task definition with the image; updates each
 * service once; follows the rollouts by continuation token. If one fails or is late, all go back to what ran before, and the
 * job fails with both causes once they are there.
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
 */
export function createDeploy(options: DeployOptions): (event: CodePipelineEvent) => Promise<void> {
  const pipelines = new CodePipelineClient(clientSettings(5, 10));
  const context: DeploymentContext = {
    ecs: new ECSClient(clientSettings(5, 10)),
    ecr: new ECRClient(clientSettings(5, 10)),
    options,
    now: Date.now,
  };
  return (event) => runJob(pipelines, event, (job) => deploy(context, job));
}

async function deploy(context: DeploymentContext, job: Job): Promise<JobResult> {
  const request: DeploymentRequest = {
    id: job.id,
    image: parameter(job, "image", IMAGE_URI, "an ECR image by digest: registry/repository@sha256:…"),
    version: parameter(job, "version", /^\w[\w.-]{0,127}$/, "an image tag: at most 128 letters, digits, . _ -"),
  };
  const state = job.continuationToken === undefined ? undefined : decodeState(job.continuationToken);
  return resultOf(
    state === undefined ? await advance(context, request, state) : await persist(context, request, state),
  );
}

/** A deployment that has begun is not given up because AWS cannot be asked for a while: until the deadline it is asked again. */
async function persist(
  context: DeploymentContext,
  request: DeploymentRequest,
  state: DeploymentState,
): Promise<Outcome> {
  try {
    return await advance(context, request, state);
  } catch (error) {
    const late = context.now() / 1_000 - state.since >= context.options.deadlineMinutes * 60;
    if (isTransient(error) && !late) {
      log("warn", "deployment not observed", { application: context.options.application, cause: explain(error) });
      return { kind: "underWay", state, summary: `asking again: ${explain(error)}` };
    }
    const services = state.services.map(({ service, previous }) => `${service} (${previous} before)`).join(", ");
    const what = `the ${state.phase} of ${context.options.application} ${request.version} is not followed any further`;
    const before = state.cause === undefined ? "" : ` It went back because of ${state.cause}.`;
    throw failure(failureType(error), `${what}: ${explain(error)}.${before} Look after ${services}`, error);
  }
}

function resultOf(outcome: Outcome): JobResult {
  switch (outcome.kind) {
    case "underWay":
      return { kind: "continued", token: encodeState(outcome.state), summary: outcome.summary };
    case "done":
      return { kind: "succeeded", summary: outcome.summary };
    case "failed":
      return { kind: "failed", type: "JobFailed", message: outcome.message };
  }
}
