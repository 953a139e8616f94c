import * as codepipeline from "@pulumi/aws/codepipeline";
import * as pulumi from "@pulumi/pulumi";
import type { Bucket } from "../foundation/bucket";
import { createRole } from "../foundation/role";
import type { PipelineType } from "../partition";
import type { StackContext } from "../stackContext";
import type { Stage } from "./stages";

/**
 * What CodePipeline calls an application's pipeline. Not Pulumi's own choice: the functions that the pipeline invokes ask
 * for its executions by this name, and exist before it.
 */
export const pipelineNameOf = (application: string, { environment }: StackContext): string =>
  `${environment}-${application}`;

export interface PipelineArgs {
  stack: StackContext;
  type: PipelineType;
  /** Where one stage leaves its files to the next. */
  artifacts: Bucket;
  stages: Stage[];
}

/** The pipeline of one application. */
export class Pipeline extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly pipelineName: pulumi.Output<string>;

  constructor(name: string, args: PipelineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Pipeline", name, {}, opts);
    const pipeline = new codepipeline.Pipeline(
      `${name}-pipeline`,
      {
        name: pipelineNameOf(name, args.stack),
        pipelineType: args.type,
        roleArn: createPipelineRole(name, args, this),
        artifactStores: [{ type: "S3", location: args.artifacts.bucketName }],
        stages: args.stages.map((stage) => ({ name: stage.name, actions: stage.actions })),
      },
      { parent: this },
    );
    this.arn = pipeline.arn;
    this.pipelineName = pipeline.name;
    this.registerOutputs({ arn: this.arn, pipelineName: this.pipelineName });
  }
}

const createPipelineRole = (
  name: string,
  { stack, artifacts, stages }: PipelineArgs,
  parent: pulumi.Resource,
): pulumi.Output<string> =>
  createRole(
    `${name}-pipeline-role`,
    {
      account: stack.account,
      service: "codepipeline",
      // AWS's documented minimum: https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html
      statements: [
        {
          actions: ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
          resources: [artifacts.arn],
        },
        {
          actions: ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"],
          resources: [pulumi.interpolate`${artifacts.arn}/*`],
        },
        ...stages.flatMap(({ statements }) => statements),
      ],
    },
    { parent },
  );
