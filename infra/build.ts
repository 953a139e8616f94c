import type * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as codebuild from "@pulumi/aws/codebuild";
import type { input } from "@pulumi/aws/types";
import * as pulumi from "@pulumi/pulumi";
import type { Bucket } from "./bucket";
import { createLogGroup, writingTo } from "./logGroup";
import type { Operations } from "./operations";
import type { Registry } from "./registry";
import { createRole } from "./role";
import type { BuildSettings } from "./settings";

export interface BuildArgs {
  operations: Operations;
  settings: BuildSettings;
  registry: Registry;
  /** Where CodePipeline puts what one stage leaves to the next. */
  artifacts: Bucket;
  /** ARN of the application's archive in the source bucket; its metadata names the commit. */
  archiveArn: pulumi.Input<string>;
}

/**
 * The CodeBuild project of one application. It declares no buildspec: the archive holds the repository's own
 * buildspec.yml, or slipway's (handlers/buildspec.ts) where the repository has none.
 */
export class Build extends pulumi.ComponentResource {
  readonly projectArn: pulumi.Output<string>;
  readonly projectName: pulumi.Output<string>;

  constructor(name: string, args: BuildArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Build", name, {}, opts);
    const logGroup = createLogGroup(`${name}-logs`, args.operations.logRetentionDays, { parent: this });
    const roleArn = createBuildRole(name, args, logGroup, this);
    const project = createProject(name, args, { roleArn, logGroup }, this);
    this.projectArn = project.arn;
    this.projectName = project.name;
    this.registerOutputs({ projectArn: this.projectArn, projectName: this.projectName });
  }
}

const createBuildRole = (
  name: string,
  { operations, registry, artifacts, archiveArn }: BuildArgs,
  logGroup: cloudwatch.LogGroup,
  parent: pulumi.Resource,
) =>
  createRole(
    `${name}-role`,
    {
      account: operations.account,
      service: "codebuild",
      ownAccountOnly: true,
      statements: [
        writingTo(logGroup),
        {
          actions: ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
          resources: [pulumi.interpolate`${artifacts.arn}/*`],
        },
        { actions: ["s3:GetObjectVersion"], resources: [archiveArn] },
        { actions: ["ecr:GetAuthorizationToken"], resources: ["*"] },
        {
          // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
          actions: [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
          ],
          resources: [registry.arn],
        },
      ],
    },
    { parent },
  );

interface ProjectParts {
  roleArn: pulumi.Output<string>;
  logGroup: cloudwatch.LogGroup;
}

const createProject = (name: string, args: BuildArgs, { roleArn, logGroup }: ProjectParts, parent: pulumi.Resource) =>
  new codebuild.Project(
    `${name}-project`,
    {
      serviceRole: roleArn,
      source: { type: "CODEPIPELINE" },
      artifacts: { type: "CODEPIPELINE" },
      environment: {
        type: "LINUX_CONTAINER",
        computeType: "BUILD_GENERAL1_SMALL",
        image: "aws/codebuild/standard:7.0",
        // Docker runs inside the build.
        privilegedMode: true,
        environmentVariables: variables(args),
      },
      logsConfig: { cloudwatchLogs: { groupName: logGroup.name } },
      buildTimeout: 30,
    },
    { parent },
  );

/** What the buildspec reads, see handlers/buildspec.ts; each build argument is a variable of its own. */
function variables({ settings, registry }: BuildArgs): input.codebuild.ProjectEnvironmentEnvironmentVariable[] {
  const values = {
    IMAGE_REPOSITORY: registry.repositoryUrl,
    DOCKERFILE: settings.dockerfile,
    CONTEXT: settings.context,
    TEST_COMMAND: settings.test ?? "",
    BUILD_ARGUMENTS: Object.keys(settings.arguments).join(" "),
    ...settings.arguments,
  };
  return Object.entries(values).map(([name, value]) => ({ name, value, type: "PLAINTEXT" }));
}
