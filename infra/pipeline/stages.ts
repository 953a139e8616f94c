import type { input } from "@pulumi/aws/types";
import * as pulumi from "@pulumi/pulumi";
import { sourceAction } from "../../handlers/fetch/start";
import type { Bucket } from "../foundation/bucket";
import type { Statement } from "../foundation/role";
import type { Account } from "../partition";
import type { StackContext } from "../stackContext";
import type { Cluster } from "../workload/cluster";
import type { ImageRepository } from "../workload/registry";
import type { Service } from "../workload/service";
import { registering, taggingRegistered } from "../workload/taskDefinition";
import type { Build } from "./build";

/**
 * A stage, with the permissions that its actions require (AWS's documented minimum).
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html
 */
export interface Stage {
  name: string;
  actions: Action[];
  statements: Statement[];
}

type Action = input.codepipeline.PipelineStageAction;

/** A function that an action invokes. */
export interface InvokedFunction {
  arn: pulumi.Output<string>;
  functionName: pulumi.Output<string>;
}

const SOURCE_ARTIFACT = "Source";
const BUILD_ARTIFACT = "Build";

// Exported by both kinds of build. Later stages refer to the image by this digest.
const IMAGE = "#{Build.IMAGE_URI}";
const DIGEST = "#{Build.IMAGE_DIGEST}";
const VERSION = "#{Build.IMAGE_TAG}";

/** The archive of the pushed commit. */
export const archiveStage = ({ bucket, key }: { bucket: Bucket; key: string }): Stage => ({
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
        S3Bucket: bucket.bucketName,
        S3ObjectKey: key,
        // Fetch starts the pipeline once per commit; polling would start it a second time.
        PollForSourceChanges: "false",
      },
    },
  ],
  statements: [
    { actions: ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"], resources: [bucket.arn] },
    { actions: ["s3:GetObject", "s3:GetObjectVersion"], resources: [pulumi.interpolate`${bucket.arn}/${key}`] },
  ],
});

/** The tag's image when the execution starts, as imageDetail.json. ECR sources are never polled. */
export const imageStage = ({ registry, tag }: { registry: ImageRepository; tag: string }): Stage => ({
  name: "Source",
  actions: [
    {
      name: sourceAction,
      category: "Source",
      owner: "AWS",
      provider: "ECR",
      version: "1",
      outputArtifacts: [SOURCE_ARTIFACT],
      configuration: { RepositoryName: registry.repositoryName, ImageTag: tag },
    },
  ],
  statements: [{ actions: ["ecr:DescribeImages"], resources: [registry.arn] }],
});

export interface BuildStageArgs {
  build: Build;
  /** Runs before the build, and must succeed. */
  test?: Build | undefined;
  /** Environment variables of the build; may refer to variables of the source action. Default: none. */
  variables?: Record<string, string>;
}

export const buildStage = (name: string, { build, test, variables }: BuildStageArgs): Stage => ({
  name,
  actions: [
    ...(test ? [building("Test", test)] : []),
    {
      ...building(name, build, variables),
      namespace: "Build",
      outputArtifacts: [BUILD_ARTIFACT],
      ...(test ? { runOrder: 2 } : {}),
    },
  ],
  statements: [
    {
      actions: ["codebuild:StartBuild", "codebuild:BatchGetBuilds"],
      resources: [...(test ? [test.projectArn] : []), build.projectArn],
    },
  ],
});

const building = (name: string, { projectName }: Build, variables?: Record<string, string>): Action => ({
  name,
  category: "Build",
  owner: "AWS",
  provider: "CodeBuild",
  version: "1",
  inputArtifacts: [SOURCE_ARTIFACT],
  configuration: {
    ProjectName: projectName,
    ...(variables && { EnvironmentVariables: environmentVariables(variables) }),
  },
});

const environmentVariables = (variables: Record<string, string>): string =>
  JSON.stringify(Object.entries(variables).map(([name, value]) => ({ name, value, type: "PLAINTEXT" })));

export interface ApprovalArgs {
  /** Its topic is notified that an approval is needed. */
  stack: StackContext;
  application: string;
}

/** Waits for an approval, at most seven days. */
export const approvalStage = ({ stack: { environment, topicArn }, application }: ApprovalArgs): Stage => ({
  name: "Approval",
  actions: [
    {
      name: "Approval",
      category: "Approval",
      owner: "AWS",
      provider: "Manual",
      version: "1",
      configuration: {
        NotificationArn: topicArn,
        CustomData: `${application} ${VERSION} is to be deployed to ${environment}: image ${DIGEST}`,
      },
    },
  ],
  statements: [{ actions: ["sns:Publish"], resources: [topicArn] }],
});

export const migrateStage = (migrate: InvokedFunction): Stage => ({
  name: "Migrate",
  ...delivering("Migrate", migrate),
});

/**
 * What rolls out the image: slipway's function, CodePipeline's own ECS action, or the merge of a pull request that a
 * function opens.
 */
export type Deployer = { deploy: InvokedFunction } | { pullRequest: InvokedFunction } | EcsDeployer;

interface EcsDeployer {
  account: Account;
  cluster: Cluster;
  services: Service[];
}

/** Rolls out the services in parallel and then, once all of them have changed, the schedules. */
export function deployStage(deployer: Deployer, schedules: InvokedFunction | undefined): Stage {
  const scheduled = schedules && { ...invocation("Schedules", schedules, DELIVERED), runOrder: 2 };
  const services = deployment(deployer);
  return {
    name: "Deploy",
    actions: [...services.actions, ...(scheduled ? [scheduled] : [])],
    statements: [...services.statements, ...(schedules ? [invoking(schedules)] : [])],
  };
}

function deployment(deployer: Deployer): Omit<Stage, "name"> {
  if ("deploy" in deployer) return delivering("Deploy", deployer.deploy);
  if ("pullRequest" in deployer) return delivering("PullRequest", deployer.pullRequest);
  return ecsDeployment(deployer);
}

const delivering = (name: string, by: InvokedFunction) => ({
  actions: [invocation(name, by, DELIVERED)],
  statements: [invoking(by)],
});

// https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECS.html
function ecsDeployment({ account, cluster, services }: EcsDeployer): Omit<Stage, "name"> {
  const taskDefinitions = services.map(({ taskDefinition }) => taskDefinition);
  return {
    actions: services.map(
      ({ settings, serviceName }): Action => ({
        name: settings.name,
        category: "Deploy",
        owner: "AWS",
        provider: "ECS",
        version: "1",
        inputArtifacts: [BUILD_ARTIFACT],
        configuration: {
          ClusterName: cluster.clusterName,
          ServiceName: serviceName,
          FileName: "imagedefinitions.json",
          // In minutes. The action does not detect a rollback by the circuit breaker, and waits for the timeout.
          // https://github.com/aws/containers-roadmap/issues/1399
          DeploymentTimeout: "30",
        },
      }),
    ),
    statements: [
      { actions: ["ecs:DescribeServices", "ecs:UpdateService"], resources: services.map(({ arn }) => arn) },
      ...registering(taskDefinitions, account),
      taggingRegistered(taskDefinitions),
    ],
  };
}

export const tagStage = (tag: InvokedFunction): Stage => ({
  name: "Tag",
  actions: [invocation("Tag", tag, DELIVERED)],
  statements: [invoking(tag)],
});

const EXECUTION = "#{codepipeline.PipelineExecutionId}";
const DELIVERED = { image: IMAGE, version: VERSION, execution: EXECUTION };

/**
 * An action that invokes a function.
 * @param parameters variables of other actions. CodePipeline inserts them without escaping, so only ids, digests and
 * commits are allowed (https://github.com/aws/aws-cdk/issues/8458).
 */
const invocation = (name: string, { functionName }: InvokedFunction, parameters: Record<string, string>): Action => ({
  name,
  category: "Invoke",
  owner: "AWS",
  provider: "Lambda",
  version: "1",
  configuration: { FunctionName: functionName, UserParameters: JSON.stringify(parameters) },
});

const invoking = ({ arn }: InvokedFunction): Statement => ({ actions: ["lambda:InvokeFunction"], resources: [arn] });
