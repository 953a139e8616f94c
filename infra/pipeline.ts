import * as codepipeline from "@pulumi/aws/codepipeline";
import type { input } from "@pulumi/aws/types";
import * as pulumi from "@pulumi/pulumi";
import { sourceAction } from "../handlers/fetch";
import type { Bucket } from "./bucket";
import type { Build } from "./build";
import type { Operations } from "./operations";
import type { PipelineType } from "./partition";
import { createRole } from "./role";

/** A function that an action invokes. */
interface InvokedFunction {
  arn: pulumi.Output<string>;
  functionName: pulumi.Output<string>;
}

export interface PipelineArgs {
  operations: Operations;
  type: PipelineType;
  /** The versioned bucket that archives are fetched to, and the application's key there. */
  source: { bucket: Bucket; key: string };
  /** Where one stage leaves its files to the next. */
  artifacts: Bucket;
  build: Build;
  deploy: InvokedFunction;
  tag: InvokedFunction;
}

/** The pipeline of one application: Source, Build, Deploy, Tag. */
export class Pipeline extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly pipelineName: pulumi.Output<string>;

  constructor(name: string, args: PipelineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Pipeline", name, {}, opts);
    const pipeline = new codepipeline.Pipeline(
      `${name}-pipeline`,
      {
        pipelineType: args.type,
        roleArn: createPipelineRole(name, args, this),
        artifactStores: [{ type: "S3", location: args.artifacts.bucketName }],
        stages: [sourceStage(args), buildStage(args), deployStage(args), tagStage(args)],
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
  { operations, source, artifacts, build, deploy, tag }: PipelineArgs,
  parent: pulumi.Resource,
) =>
  createRole(
    `${name}-pipeline-role`,
    {
      account: operations.account,
      service: "codepipeline",
      ownAccountOnly: true,
      statements: [
        {
          // What AWS names as the least of a pipeline's role, and of the S3 source action's:
          // https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html
          actions: ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
          resources: [source.bucket.arn, artifacts.arn],
        },
        {
          actions: ["s3:GetObject", "s3:GetObjectVersion"],
          resources: [pulumi.interpolate`${source.bucket.arn}/${source.key}`],
        },
        {
          actions: ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
          resources: [pulumi.interpolate`${artifacts.arn}/*`],
        },
        { actions: ["codebuild:StartBuild", "codebuild:BatchGetBuilds"], resources: [build.projectArn] },
        { actions: ["lambda:InvokeFunction"], resources: [deploy.arn, tag.arn] },
      ],
    },
    { parent },
  );

type Stage = input.codepipeline.PipelineStage;

const SOURCE_ARTIFACT = "Source";
const BUILD_ARTIFACT = "Build";

const sourceStage = ({ source }: PipelineArgs): Stage => ({
  name: "Source",
  actions: [
    {
      name: sourceAction,
      namespace: "Source",
      category: "Source",
      owner: "AWS",
      provider: "S3",
      version: "1",
      outputArtifacts: [SOURCE_ARTIFACT],
      configuration: {
        S3Bucket: source.bucket.bucketName,
        S3ObjectKey: source.key,
        // Fetch starts the pipeline, once for each commit; polling would start it a second time.
        PollForSourceChanges: "false",
      },
    },
  ],
});

const buildStage = ({ build }: PipelineArgs): Stage => ({
  name: "Build",
  actions: [
    {
      name: "Build",
      namespace: "Build",
      category: "Build",
      owner: "AWS",
      provider: "CodeBuild",
      version: "1",
      inputArtifacts: [SOURCE_ARTIFACT],
      outputArtifacts: [BUILD_ARTIFACT],
      configuration: {
        ProjectName: build.projectName,
        EnvironmentVariables: JSON.stringify([
          { name: "SOURCE_BUCKET", value: "#{Source.BucketName}", type: "PLAINTEXT" },
          { name: "SOURCE_KEY", value: "#{Source.ObjectKey}", type: "PLAINTEXT" },
          { name: "SOURCE_VERSION_ID", value: "#{Source.VersionId}", type: "PLAINTEXT" },
        ]),
      },
    },
  ],
});

const deployStage = ({ deploy }: PipelineArgs): Stage =>
  invokeStage("Deploy", deploy, { image: "#{Build.IMAGE_URI}", version: "#{Build.IMAGE_TAG}" });

const tagStage = ({ tag }: PipelineArgs): Stage => invokeStage("Tag", tag, { digest: "#{Build.IMAGE_DIGEST}" });

/**
 * A stage of one function.
 * @param parameters variables of other actions. CodePipeline puts them in without escaping: only ids, digests and commits
 * may stand there, which need none (https://github.com/aws/aws-cdk/issues/8458).
 */
const invokeStage = (name: string, { functionName }: InvokedFunction, parameters: Record<string, string>): Stage => ({
  name,
  actions: [
    {
      name,
      category: "Invoke",
      owner: "AWS",
      provider: "Lambda",
      version: "1",
      configuration: { FunctionName: functionName, UserParameters: JSON.stringify(parameters) },
    },
  ],
});
