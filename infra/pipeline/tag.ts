import type * as pulumi from "@pulumi/pulumi";
import { createTag, type TagOptions } from "../../handlers/tag";
import { LambdaFunction } from "../lambda/lambdaFunction";
import { JOB_EVENT_AGE_SECONDS, reportingToPipeline } from "../lambda/pipelineJob";
import type { StackContext } from "../stackContext";
import type { ImageRepository } from "../workload/registry";
import type { DeliveredImageTable } from "./deliveredImages";
import type { HeldLock } from "./records";

export interface TagArgs {
  stack: StackContext;
  registry: ImageRepository;
  /** Undefined if CodePipeline's own action deploys. */
  lock: HeldLock | undefined;
  /** Where delivered images are recorded. */
  deliveredImages: DeliveredImageTable;
}

/** The function that tags a delivered image with the environment's name. */
export const createTagFunction = (name: string, args: TagArgs, opts: pulumi.ComponentResourceOptions) =>
  new LambdaFunction<TagOptions>(
    name,
    {
      stack: args.stack,
      factory: createTag,
      options: {
        repository: args.registry.repositoryName,
        tag: args.stack.environment,
        deliveredImages: args.deliveredImages.tableName,
        ...(args.lock && { lock: args.lock.options }),
      },
      statements: [
        { actions: ["ecr:BatchGetImage", "ecr:PutImage"], resources: [args.registry.arn] },
        {
          actions: [...(args.lock ? [] : ["dynamodb:GetItem"]), "dynamodb:UpdateItem"],
          resources: [args.deliveredImages.tableArn],
        },
        reportingToPipeline,
        ...(args.lock ? [args.lock.statement] : []),
      ],
      timeoutSeconds: 60,
      memory: 256,
      maximumEventAgeSeconds: JOB_EVENT_AGE_SECONDS,
    },
    opts,
  );
