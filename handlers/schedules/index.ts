import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECRClient } from "@aws-sdk/client-ecr";
import { ECSClient } from "@aws-sdk/client-ecs";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { CodePipelineEvent } from "aws-lambda";
import { clientSettings } from "../shared/clientSettings";
import { EXECUTION, type Job, type JobResult, parameter, resultOf, runJob } from "../shared/codePipelineJob";
import { whileHeld } from "../shared/deliveryLock";
import { imageParameters } from "../shared/imageParameters";
import type { SchedulesOptions } from "./options";
import { decodeState, encodeState } from "./state";
import { apply, prepare, type SchedulesContext } from "./update";

/** Seconds that Schedules holds a lock taken again because the stage is retried. The function may run for 300. */
const HELD = 330;

/**
 * Updates an application's EventBridge rules to match the schedules.yaml in its image, with that image. UserParameters:
 * `{"image": "<registry>/<repository>@sha256:…", "version": "<tag>", "execution": "<id of the pipeline's execution>"}`.
 *
 * Its rules are named `<environment>-<application>--<schedule>` and have the tags slipway:application and
 * slipway:environment. A file with any mistake is rejected, as is a rule with such a name but without the tags.
 *
 * Under the lock that the image was deployed under, one job does everything: no other version can be deployed
 * meanwhile, and a late repeated invocation finds another holder. Without a lock, the first job changes no rule, and
 * CodePipeline accepts only one of its continuation tokens.
 *
 * With a lock it needs dynamodb:GetItem and dynamodb:UpdateItem on the table.
 *
 * Needs the package `yaml` in its archive, and:
 * - codepipeline:PutJobSuccessResult, codepipeline:PutJobFailureResult on *
 * - ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on the application's repository
 * - ecs:DescribeTaskDefinition on *, which AWS cannot restrict
 * - ecs:RegisterTaskDefinition and ecs:TagResource on the task definition, every revision (`family:*`)
 * - iam:PassRole on the task definition's execution and task roles, with iam:PassedToService ecs-tasks.amazonaws.com,
 *   and on EventBridge's role, with events.amazonaws.com
 * - events:ListRules on the account's rules (`rule/*`)
 * - events:PutRule, DeleteRule, PutTargets, RemoveTargets, ListTargetsByRule, ListTagsForResource and TagResource on
 *   `rule/<environment>-<application>--*`
 */
export function createSchedules(options: SchedulesOptions): (event: CodePipelineEvent) => Promise<void> {
  const pipelines = new CodePipelineClient(clientSettings(5, 10));
  const context: SchedulesContext = {
    ecr: new ECRClient(clientSettings(5, 10)),
    ecs: new ECSClient(clientSettings(5, 10)),
    events: new EventBridgeClient(clientSettings(5, 10)),
    options,
    now: Date.now,
  };
  const { lock } = options;
  const dynamo = lock && new DynamoDBClient(clientSettings(5, 10));
  return (event) =>
    runJob(pipelines, event, (job) => {
      if (lock === undefined || dynamo === undefined) {
        return schedule(context, job);
      }
      const execution = parameter(job, "execution", EXECUTION, "the id of the pipeline's execution");
      const held = { table: { dynamo, table: lock.table }, application: lock.application, execution };
      return whileHeld(held, context.now, () => scheduleAtOnce(context, job), { seconds: HELD });
    });
}

async function scheduleAtOnce(context: SchedulesContext, job: Job): Promise<JobResult> {
  const request = { id: job.id, ...imageParameters(job) };
  if (job.continuationToken !== undefined) {
    return resultOf(await apply(context, request, decodeState(job.continuationToken)), encodeState);
  }
  const prepared = await prepare(context, request);
  return resultOf(prepared.kind === "underWay" ? await apply(context, request, prepared.state) : prepared, encodeState);
}

async function schedule(context: SchedulesContext, job: Job): Promise<JobResult> {
  const request = { id: job.id, ...imageParameters(job) };
  const outcome =
    job.continuationToken === undefined
      ? await prepare(context, request)
      : await apply(context, request, decodeState(job.continuationToken));
  return resultOf(outcome, encodeState);
}
