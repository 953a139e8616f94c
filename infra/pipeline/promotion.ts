import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as pulumi from "@pulumi/pulumi";
import { imageBuildspec } from "../../handlers/build/imageBuildspec";
import { createAlarm } from "../foundation/alarm";
import type { Bucket } from "../foundation/bucket";
import { createRole } from "../foundation/role";
import type { ImageSource } from "../settings";
import type { StackContext } from "../stackContext";
import { Build } from "./build";
import type { DeliveredImageTable } from "./deliveredImages";
import type { Pipeline } from "./pipeline";

export interface ImageBuildArgs {
  stack: StackContext;
  artifacts: Bucket;
  /** The previous environment's table of delivered images, and its tag. */
  delivered: { table: DeliveredImageTable; tag: string };
}

/** The build that resolves an image tag to a digest, if the previous environment has delivered the image. */
export const createImageBuild = (
  name: string,
  { stack, artifacts, delivered: { table, tag } }: ImageBuildArgs,
  opts: pulumi.ComponentResourceOptions,
) =>
  new Build(
    name,
    {
      stack,
      artifacts,
      buildspec: imageBuildspec,
      variables: { DELIVERED_IMAGES: table.tableName, SOURCE_TAG: tag },
      statements: [{ actions: ["dynamodb:GetItem"], resources: [table.tableArn] }],
      docker: false,
    },
    opts,
  );

export interface PromotionArgs {
  stack: StackContext;
  /** The image tag that starts the pipeline. */
  source: ImageSource;
  pipeline: Pipeline;
}

/** Starts a pipeline whenever the tag moves to another image. */
export class Promotion extends pulumi.ComponentResource {
  constructor(name: string, args: PromotionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Promotion", name, {}, opts);
    const { repository, tag } = args.source;
    const rule = new cloudwatch.EventRule(
      `${name}-promotion`,
      {
        description: `${repository}:${tag} was pushed, or moved to another image`,
        eventPattern: JSON.stringify(tagged(args.source)),
      },
      { parent: this },
    );
    const roleArn = createRole(
      `${name}-promotion-role`,
      {
        account: args.stack.account,
        service: "events",
        ownAccountOnly: true,
        statements: [{ actions: ["codepipeline:StartPipelineExecution"], resources: [args.pipeline.arn] }],
      },
      { parent: this },
    );
    new cloudwatch.EventTarget(
      `${name}-promotion`,
      { rule: rule.name, arn: args.pipeline.arn, roleArn },
      { parent: this },
    );
    // EventBridge retries for a day, except if access is denied.
    createAlarm(
      `${name}-promotion`,
      {
        stack: args.stack,
        description: `${repository}:${tag} moved, but the pipeline was not started: start it by hand.`,
        namespace: "AWS/Events",
        metrics: ["FailedInvocations"],
        statistic: "Sum",
        dimensions: { RuleName: rule.name },
        // The alarm's end only means that no other start has failed since, not that the pipeline was started.
        tellsEnd: false,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

// https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
const tagged = ({ repository, tag }: ImageSource) => ({
  source: ["aws.ecr"],
  "detail-type": ["ECR Image Action"],
  detail: { "action-type": ["PUSH"], result: ["SUCCESS"], "repository-name": [repository], "image-tag": [tag] },
});
