import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECSClient } from "@aws-sdk/client-ecs";
import type { CodePipelineEvent } from "aws-lambda";
import { idOf } from "../pullRequests/record";
import type { StartContext, TaskOptions } from "../pullRequests/start";
import { clientSettings } from "../shared/clientSettings";
import { ANSWER_WITHIN, type Job, type JobResult, parameter, resultOf, runJob } from "../shared/codePipelineJob";
import { explain, failure, failureType, isTransient } from "../shared/failure";
import { imageParameters } from "../shared/imageParameters";
import { log } from "../shared/log";
import { type ActionOutcome, type ActionRequest, advance, describeRequest } from "./action";
import { DEADLINE } from "./decision";
import { type ActionState, decodeState, encodeState } from "./state";

export interface PullRequestActionOptions {
  /** The DynamoDB table of pull requests' records. */
  table: string;
  task: TaskOptions;
  /** The folder under `kustomize/` in the gitops repository. */
  service: string;
  /** The overlay in that folder. */
  environment: string;
  /** The image's name in the manifests. */
  imageName: string;
  /** The revision's repository: `acme/storefront`; the service's name if it is not at the gitops repository's forge. */
  repository: string;
}

/**
 * Requests the pull request that brings an image to the gitops repository, and follows its record to the end: the
 * action has succeeded once the pull request is open, or nothing has to change. UserParameters:
 * `{"image": "<registry>/<repository>@sha256:…", "version": "<tag>", "execution": "<id of the pipeline's execution>"}`.
 *
 * An existing request, from any requester, is not repeated unless it failed or was for another image.
 *
 * Needs:
 * - codepipeline:PutJobSuccessResult, codepipeline:PutJobFailureResult on *
 * - dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem on the table
 * - ecs:RunTask on the task definition, every revision (`family:*`), with ecs:cluster the cluster's ARN
 * - iam:PassRole on the task definition's execution and task roles, with iam:PassedToService ecs-tasks.amazonaws.com
 */
export function createPullRequestAction(
  options: PullRequestActionOptions,
): (event: CodePipelineEvent) => Promise<void> {
  const pipelines = new CodePipelineClient(clientSettings(5, 10));
  const context: StartContext = {
    ecs: new ECSClient(clientSettings(5, 10)),
    table: { dynamo: new DynamoDBClient(clientSettings(3, 5)), table: options.table },
    task: options.task,
    now: Date.now,
  };
  return (event) => runJob(pipelines, event, (job) => openPullRequest(context, options, job));
}

async function openPullRequest(context: StartContext, options: PullRequestActionOptions, job: Job): Promise<JobResult> {
  const { service, environment, imageName, repository } = options;
  const { image, version } = imageParameters(job);
  const execution = parameter(job, "execution", /^[\w-]{1,128}$/, "the id of the pipeline's execution");
  const state: ActionState =
    job.continuationToken === undefined
      ? { since: Math.floor(context.now() / 1_000), job: job.id }
      : decodeState(job.continuationToken);
  const request: ActionRequest = {
    service,
    environment,
    revision: version,
    // Only the digest: if a tag is also given, kustomize writes both.
    image: `${imageName}=${image}`,
    repository,
    requestedBy: `${execution}/${state.job}`,
  };
  const outcome: ActionOutcome =
    job.continuationToken === undefined
      ? { kind: "underWay", state, summary: `${describeRequest(request)}: about to be requested` }
      : await persist(context, request, state);
  return resultOf(outcome, encodeState);
}

/** Continues an action after transient AWS errors, up to its time limit. */
async function persist(context: StartContext, request: ActionRequest, state: ActionState): Promise<ActionOutcome> {
  try {
    return await advance(context, request, state);
  } catch (error) {
    const what = describeRequest(request);
    const limit = state.follows === true ? DEADLINE : ANSWER_WITHIN;
    if (isTransient(error) && context.now() / 1_000 - state.since < limit) {
      log("warn", "pull request progress not read", { id: idOf(request), cause: explain(error) });
      return { kind: "underWay", state, summary: `${what}: retrying: ${explain(error)}` };
    }
    if (state.follows !== true) {
      throw error;
    }
    const why = `the pull request is no longer observed: ${explain(error)}`;
    throw failure(failureType(error), `${what}: ${why}. Record ${idOf(request)} will show the outcome`, error);
  }
}
