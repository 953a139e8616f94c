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
  /** Where CodePipeline puts what one stage leaves to the next. */
  artifacts: Bucket;
  /** What runs. Default: the buildspec.yml in the input artifact. */
  buildspec?: string;
  /** Environment variables of the build. Readable by whoever can see the project: no secrets. */
  variables: Record<string, pulumi.Input<string>>;
  /** What the build may do besides taking its input, leaving its output and writing its log. */
  statements: Statement[];
  /** Whether the build leaves an artifact. Default: it does. */
  leavesArtifact?: boolean;
  /** Whether Docker runs inside the build. */
  docker: boolean;
}

/** A CodeBuild project that a pipeline runs. */
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
        // A role that may write here could replace another build's input.
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
        // Ubuntu 24.04. What it has by default ages: every buildspec names the Node.js that it runs on.
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
  /** Where Dockerfiles find their base images, `<host>[/<prefix>]`. Default: where they say themselves. */
  baseImageRegistry?: string | undefined;
  /** The npm registry of builds, an https address. Default: npm's own. */
  npmRegistry?: string | undefined;
  /** Path of the schedules in the repository, if the application has any. */
  schedules: string | undefined;
  registry: ImageRepository;
  artifacts: Bucket;
  /** ARN of the application's archive in the source bucket; its metadata names the commit. */
  archiveArn: pulumi.Input<string>;
}

/**
 * The build of an application from its repository. It declares no buildspec: the archive holds the repository's own
 * buildspec.yml, or slipway's (handlers/build/buildspec.ts) where the repository has none.
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
  /** As of the repository's build. */
  baseImageRegistry?: string | undefined;
  npmRegistry?: string | undefined;
}

/**
 * The tests of an application, which run whatever its dependencies bring along. Their role can push no image, nor replace
 * what the build takes as its input. They may start containers, so Docker runs here too.
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

// AWS restricts it to no resource.
const loggingIn: Statement = { actions: ["ecr:GetAuthorizationToken"], resources: ["*"] };

type Inputs = Omit<RepositoryBuildArgs, "stack" | "artifacts">;

/** What the buildspec reads, see handlers/build/buildspec.ts; each build argument is a variable of its own. */
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
  // npm takes an empty address for one.
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
