import type * as pulumi from "@pulumi/pulumi";
import { createPullRequestAction, type PullRequestActionOptions } from "../../handlers/pullRequestAction";
import { LambdaFunction } from "../lambda/lambdaFunction";
import { reportingToPipeline } from "../lambda/pipelineJob";
import type { GitopsSettings, SourceSettings } from "../settings";
import type { StackContext } from "../stackContext";
import type { PullRequestTask } from "./task";

export interface PullRequestActionArgs {
  stack: StackContext;
  settings: GitopsSettings;
  source: SourceSettings;
  task: PullRequestTask;
}

/** The function that delivers an image by a pull request, and tracks its record until the pull request is open. */
export const createPullRequestFunction = (
  name: string,
  { stack, settings, source, task }: PullRequestActionArgs,
  opts: pulumi.ComponentResourceOptions,
) =>
  new LambdaFunction<PullRequestActionOptions>(
    name,
    {
      stack,
      factory: createPullRequestAction,
      options: {
        table: task.table.tableName,
        task: task.options,
        service: settings.service,
        environment: stack.environment,
        imageName: settings.image,
        // For other forges' repositories and for promoted images, GitHub has no commit to show.
        repository: "push" in source && source.push.forge === "github" ? source.push.repository : settings.service,
      },
      statements: [...task.starting, reportingToPipeline],
      // Reading the record takes seconds, but retries are needed if ECS throttles.
      timeoutSeconds: 300,
      memory: 256,
    },
    opts,
  );
