import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { ECRClient } from "@aws-sdk/client-ecr";
import { ECSClient } from "@aws-sdk/client-ecs";
import type { CodePipelineEvent } from "aws-lambda";
import { clientSettings } from "./clientSettings";
import { type Job, type JobResult, parameter, resultOf, runJob } from "./codePipelineJob";
import { explain, isTransient } from "./failure";
import { imageParameters } from "./imageParameters";
import { log } from "./log";
import { advance, type MigrationContext, type MigrationOutcome, type MigrationRequest } from "./migrate/migration";
import { decodeState, encodeState, type MigrationState } from "./migrate/state";

export interface MigrateOptions {
  application: string;
  /** The ECS cluster's name. */
  cluster: string;
  /** ARN of the one-off task definition's revision that the program registered: everything but the image is taken from it. */
  taskDefinition: string;
  /** The container in it that runs the application's image. */
  container: string;
  /** What the container runs instead of the image's own command. */
  command: string[];
  /** Private subnets. */
  subnets: string[];
  securityGroup: string;
  /** Where the container's log goes: `<logStreamPrefix>/<container>/<task id>` in this log group. */
  logGroup: string;
  logStreamPrefix: string;
}

/**
 * Runs an application's migration with the image to be deployed, once, and follows it to its exit code. UserParameters:
 * `{"image": "<registry>/<repository>@sha256:…", "version": "<tag>", "execution": "<id of the pipeline's execution>"}`.
 *
 * Needs:
 * - codepipeline:PutJobSuccessResult, codepipeline:PutJobFailureResult on *
 * - ecr:BatchGetImage on the application's repository
 * - ecs:DescribeTaskDefinition on *, which AWS cannot restrict
 * - ecs:RegisterTaskDefinition and ecs:TagResource on the task definition, every revision (`family:*`)
 * - ecs:RunTask on the same, with ecs:cluster the cluster's ARN; ecs:DescribeTasks on the cluster's tasks
 * - iam:PassRole on the task definition's execution and task roles, with iam:PassedToService ecs-tasks.amazonaws.com
 * - logs:GetLogEvents on the log group's streams
 */
export function createMigrate(options: MigrateOptions): (event: CodePipelineEvent) => Promise<void> {
  const pipelines = new CodePipelineClient(clientSettings(5, 10));
  const context: MigrationContext = {
    ecs: new ECSClient(clientSettings(5, 10)),
    ecr: new ECRClient(clientSettings(5, 10)),
    logs: new CloudWatchLogsClient(clientSettings(5, 10)),
    options,
    now: Date.now,
  };
  return (event) => runJob(pipelines, event, (job) => migrate(context, job));
}

async function migrate(context: MigrationContext, job: Job): Promise<JobResult> {
  const request: MigrationRequest = {
    ...imageParameters(job),
    execution: parameter(job, "execution", /^[\w-]{1,128}$/, "the id of the pipeline's execution"),
  };
  const state = job.continuationToken === undefined ? undefined : decodeState(job.continuationToken);
  const outcome = state === undefined ? await advance(context, request, state) : await persist(context, request, state);
  return resultOf(outcome, encodeState);
}

/**
 * A migration that runs is not given up because AWS cannot be asked for a while, for whatever reason: the next push would
 * start a second one beside it. CodePipeline sets the limit, 24 hours. One that does not run yet fails for what does not pass.
 */
async function persist(
  context: MigrationContext,
  request: MigrationRequest,
  state: MigrationState,
): Promise<MigrationOutcome> {
  try {
    return await advance(context, request, state);
  } catch (error) {
    if (state.task === undefined && !isTransient(error)) {
      throw error;
    }
    log("warn", "migration not observed", {
      application: context.options.application,
      task: state.task,
      cause: explain(error),
    });
    return { kind: "underWay", state, summary: `asking again: ${explain(error)}` };
  }
}
