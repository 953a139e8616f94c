import * as codebuild from "@pulumi/aws/codebuild";
import * as pulumi from "@pulumi/pulumi";
import { testBuildspec } from "../../handlers/build/buildspec";
import type { Bucket } from "../foundation/bucket";
import { createLogGroup, writingTo } from "../foundation/logGroup";
import { createRole, type Statement } from "../foundation/role";
import type { Account } from "../partition";
import type { BuildSettings } from "../settings";
import { baseImageRepositories } from "../settings/baseImages";
import type { StackContext } from "../stackContext";
import type { ImageRepository } from "../workload/registry";

export interface BuildArgs {
  stack: StackContext;
  /** The pipeline's artifact bucket. */
  artifacts: Bucket;
  /** Default: the buildspec.yml in the input artifact. */
  buildspec?: string;
  /** Environment variables of the build. Visible to everyone who can see the project: no secrets. */
  variables: Record<string, pulumi.Input<string>>;
  /** Permissions besides reading input, writing output and logging. */
  statements: Statement[];
  /** Whether the build has an output artifact. Default: yes. */
  leavesArtifact?: boolean;
  /** Whether Docker runs inside the build. */
  docker: boolean;
}

/** A CodeBuild project for a pipeline. */
export class Build extends pulumi.ComponentResource {
  readonly projectArn: pulumi.Output<string>;
  readonly projectName: pulumi.Output<string>;

  constructor(name: string, args: BuildArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Build", name, {}, opts);
    const { account, logRetentionDays } = args.stack;
    const logGroup = createLogGroup(`${name}-logs`, logRetentionDays, { parent: this });
    const statements = [
      writingTo(logGroup),
      {
        // With write access, the role could replace another build's input.
        actions: ["s3:GetObject", "s3:GetObjectVersion", ...(args.leavesArtifact === false ? [] : ["s3:PutObject"])],
        resources: [pulumi.interpolate`${args.artifacts.arn}/*`],
      },
      ...args.statements,
    ];
    const roleArn = createRole(
      `${name}-role`,
      { account, service: "codebuild", ownAccountOnly: true, statements },
      { parent: this },
    );
    const project = createProject(name, args, { roleArn, logGroup: logGroup.name }, this);
    this.projectArn = project.arn;
    this.projectName = project.name;
    this.registerOutputs({ projectArn: this.projectArn, projectName: this.projectName });
  }
}

interface ProjectParts {
  roleArn: pulumi.Output<string>;
  logGroup: pulumi.Output<string>;
}

const createProject = (name: string, args: BuildArgs, { roleArn, logGroup }: ProjectParts, parent: pulumi.Resource) =>
  new codebuild.Project(
    `${name}-project`,
    {
      serviceRole: roleArn,
      source: { type: "CODEPIPELINE", buildspec: args.buildspec },
      artifacts: { type: "CODEPIPELINE" },
      environment: {
        type: "LINUX_CONTAINER",
        computeType: "BUILD_GENERAL1_SMALL",
        // Ubuntu 24.04. Its default versions become outdated, so every buildspec names its Node.js version.
        // https://docs.aws.amazon.com/codebuild/latest/userguide/available-runtimes.html
        image: "aws/codebuild/standard:8.0",
        privilegedMode: args.docker,
        environmentVariables: Object.entries(args.variables).map(([variable, value]) => ({
          name: variable,
          value,
          type: "PLAINTEXT",
        })),
      },
      logsConfig: { cloudwatchLogs: { groupName: logGroup } },
      buildTimeout: 30,
    },
    { parent },
  );

export interface RepositoryBuildArgs {
  stack: StackContext;
  settings: BuildSettings;
  /** Registry of the Dockerfiles' base images, `<host>[/<prefix>]`. Default: as the Dockerfiles say. */
  baseImageRegistry?: string | undefined;
  /** The npm registry of builds, an https URL. Default: npm's own. */
  npmRegistry?: string | undefined;
  /** Path of the schedules in the repository, if the application has any. */
  schedules: string | undefined;
  registry: ImageRepository;
  artifacts: Bucket;
  /** ARN of the application's archive in the archive bucket; its metadata names the commit. */
  archiveArn: pulumi.Input<string>;
}

/**
 * Builds an application from its repository. The project declares no buildspec: the archive contains the repository's
 * buildspec.yml, or slipway's (handlers/build/buildspec.ts) if the repository has none.
 */
export const createRepositoryBuild = (
  name: string,
  { stack, artifacts, ...args }: RepositoryBuildArgs,
  opts: pulumi.ComponentResourceOptions,
) => {
  const statements = [...pushingImage(args), ...pullingBaseImages(args, stack.account)];
  return new Build(name, { stack, artifacts, variables: variables(args), statements, docker: true }, opts);
};

export interface TestBuildArgs {
  stack: StackContext;
  artifacts: Bucket;
  /** The shell command that must succeed. */
  command: string;
  /** As in the repository's build. */
  baseImageRegistry?: string | undefined;
  npmRegistry?: string | undefined;
}

/**
 * Runs an application's tests, and with them the code of all its dependencies. Its role can neither push images nor
 * replace the build's input. Docker is available because tests may start containers.
 */
export const createTestBuild = (
  name: string,
  { stack, artifacts, command, baseImageRegistry, npmRegistry }: TestBuildArgs,
  opts: pulumi.ComponentResourceOptions,
) => {
  const pulling = pullingBaseImages({ baseImageRegistry }, stack.account);
  return new Build(
    name,
    {
      stack,
      artifacts,
      buildspec: testBuildspec,
      variables: {
        TEST_COMMAND: command,
        BASE_IMAGE_REGISTRY: baseImageRegistry ?? "",
        ...(npmRegistry === undefined ? {} : { NPM_CONFIG_REGISTRY: npmRegistry }),
      },
      statements: pulling.length === 0 ? [] : [loggingIn, ...pulling],
      leavesArtifact: false,
      docker: true,
    },
    opts,
  );
};

// AWS supports no resource for this action.
const loggingIn: Statement = { actions: ["ecr:GetAuthorizationToken"], resources: ["*"] };

type Inputs = Omit<RepositoryBuildArgs, "stack" | "artifacts">;

/** Variables of the buildspec, see handlers/build/buildspec.ts; each build argument has its own variable. */
const variables = ({
  settings,
  schedules,
  registry,
  baseImageRegistry = "",
  npmRegistry,
}: Inputs): Record<string, pulumi.Input<string>> => ({
  IMAGE_REPOSITORY: registry.repositoryUrl,
  DOCKERFILE: settings.dockerfile,
  CONTEXT: settings.context,
  SCHEDULES: schedules ?? "",
  BASE_IMAGE_REGISTRY: baseImageRegistry,
  // npm would use an empty value as the URL.
  ...(npmRegistry === undefined ? {} : { NPM_CONFIG_REGISTRY: npmRegistry }),
  BUILD_ARGUMENTS: Object.keys(settings.arguments).join(" "),
  ...settings.arguments,
});

const pushingImage = ({ registry, archiveArn }: Inputs): Statement[] => [
  { actions: ["s3:GetObjectVersion"], resources: [archiveArn] },
  loggingIn,
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
];

function pullingBaseImages(
  { baseImageRegistry }: Pick<Inputs, "baseImageRegistry">,
  { partition }: Account,
): Statement[] {
  const repositories = baseImageRepositories(partition, baseImageRegistry);
  if (repositories === undefined) return [];
  const actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
  return [{ actions, resources: [repositories] }];
}
