import * as pulumi from "@pulumi/pulumi";
import { Bucket } from "../foundation/bucket";
import type { Network } from "../network/network";
import type { PipelineType } from "../partition";
import { createPullRequestFunction } from "../pullRequests/action";
import type { PullRequestTask } from "../pullRequests/task";
import type { ApplicationSettings, ImageSource, Settings } from "../settings";
import type { StackContext } from "../stackContext";
import type { Cluster } from "../workload/cluster";
import type { OneOffTask } from "../workload/oneOffTask";
import type { ImageRepository } from "../workload/registry";
import type { Service } from "../workload/service";
import { createRepositoryBuild, createTestBuild } from "./build";
import { type DeliveredImageTable, deliveredImagesOf } from "./deliveredImages";
import type { Deployment } from "./deploy";
import { createMigrateFunction } from "./migrate";
import { Pipeline } from "./pipeline";
import { createImageBuild } from "./promotion";
import { type HeldLock, holdingLock, type RecordTable } from "./records";
import { createSchedulesFunction } from "./schedules";
import {
  approvalStage,
  archiveStage,
  buildStage,
  type Deployer,
  deployStage,
  imageStage,
  migrateStage,
  type Stage,
  tagStage,
} from "./stages";
import { createTagFunction } from "./tag";

/** The settings and resources of an application's pipeline. */
export interface ApplicationPipelineArgs {
  stack: StackContext;
  settings: ApplicationSettings;
  network: Network;
  cluster: Cluster;
  /** The archive bucket. Required by applications that deliver pushes. */
  archives?: Bucket | undefined;
  pipelineType: PipelineType;
  /** Where this environment records delivered images. */
  deliveredImages: DeliveredImageTable;
  /** Registries of base images and npm packages for builds. */
  mirrors: Pick<Settings, "baseImageRegistry" | "npmRegistry">;
  /** The table of locks and records. Required by applications with `deploy: callback` or a migration. */
  table?: RecordTable | undefined;
  /** Opens pull requests. Required by applications with `deploy: gitops`. */
  pullRequestTask?: PullRequestTask | undefined;
}

/** The resources that an application's pipeline deploys to. */
export interface DeliveryParts {
  registry: ImageRepository;
  services: Service[];
  /** Only for an application with a migration or schedules. */
  task: OneOffTask | undefined;
  /** Undefined if CodePipeline's own action deploys, or the delivery is a pull request. */
  deployment: Deployment | undefined;
}

interface Delivery extends DeliveryParts {
  application: string;
  args: ApplicationPipelineArgs;
  /** Artifact bucket: stages pass files on through it. */
  artifacts: Bucket;
  parent: pulumi.Resource;
}

/** Creates an application's pipeline, from the source to the environment's tag. */
export function createApplicationPipeline(
  name: string,
  args: ApplicationPipelineArgs,
  parts: DeliveryParts,
  parent: pulumi.Resource,
): Pipeline {
  // One bucket per application: otherwise, code in one application's build could overwrite artifacts of another one.
  const artifacts = new Bucket(`${name}-artifacts`, { oldVersionDays: 1, objectDays: 30 }, { parent });
  const delivery = { ...parts, application: name, args, artifacts, parent };
  const { source } = args.settings;
  const beginning = "push" in source ? pushStages(delivery) : imageStages(delivery, source.image);
  return new Pipeline(
    name,
    {
      stack: args.stack,
      type: args.pipelineType,
      artifacts,
      stages: [
        ...beginning,
        ...approvalStages(delivery),
        ...migrateStages(delivery),
        deployStage(deployerOf(delivery), schedulesFunction(delivery)),
        tagStage(tagFunction(delivery)),
      ],
    },
    { parent },
  );
}

/** The application's key in the archive bucket. */
export const archiveKey = (application: string): string => `${application}/source.zip`;

function pushStages({ application, args, registry, artifacts, parent }: Delivery): Stage[] {
  const { stack, settings, archives: bucket } = args;
  if (bucket === undefined) throw new Error(`${application} takes pushes, and there is no bucket to fetch them to`);
  const key = archiveKey(application);
  const archiveArn = pulumi.interpolate`${bucket.arn}/${key}`;
  const { build, schedules } = settings;
  const { baseImageRegistry, npmRegistry } = args.mirrors;
  const mirrors = { baseImageRegistry, npmRegistry };
  const test =
    build.test === undefined
      ? undefined
      : createTestBuild(`${application}-test`, { stack, artifacts, command: build.test, ...mirrors }, { parent });
  const project = createRepositoryBuild(
    `${application}-build`,
    { stack, settings: build, ...mirrors, schedules, registry, artifacts, archiveArn },
    { parent },
  );
  const variables = {
    SOURCE_BUCKET: "#{Source.BucketName}",
    SOURCE_KEY: "#{Source.ObjectKey}",
    SOURCE_VERSION_ID: "#{Source.VersionId}",
  };
  return [archiveStage({ bucket, key }), buildStage("Build", { build: project, test, variables })];
}

function imageStages({ application, args, registry, artifacts, parent }: Delivery, { tag }: ImageSource): Stage[] {
  const { stack } = args;
  const delivered = { table: deliveredImagesOf(stack.account, tag), tag };
  const project = createImageBuild(`${application}-image`, { stack, artifacts, delivered }, { parent });
  return [imageStage({ registry, tag }), buildStage("Image", { build: project })];
}

const approvalStages = ({ application, args: { stack, settings } }: Delivery): Stage[] =>
  settings.approval ? [approvalStage({ stack, application })] : [];

function migrateStages({ application, args, registry, task, parent }: Delivery): Stage[] {
  const { stack, network, cluster, settings, table } = args;
  if (settings.migrate === undefined || task === undefined) return [];
  if (table === undefined) throw new Error(`${application} has a migration, and there is no table to record it in`);
  const migrate = createMigrateFunction(
    `${application}-migrate`,
    { stack, application, settings: settings.migrate, network, cluster, registry, task, table },
    { parent },
  );
  return [migrateStage(migrate)];
}

function deployerOf({ application, args, services, deployment, parent }: Delivery): Deployer {
  const { stack, cluster, settings, pullRequestTask: task } = args;
  if (deployment !== undefined) return { deploy: deployment.function };
  if (settings.gitops === undefined) return { account: stack.account, cluster, services };
  if (task === undefined) throw new Error(`${application} delivers pull requests, and there is no task to open them`);
  const { gitops, source } = settings;
  const pullRequest = createPullRequestFunction(
    `${application}-pull-request`,
    { stack, settings: gitops, source, task },
    { parent },
  );
  return { pullRequest };
}

function schedulesFunction({ application, args, registry, task, parent }: Delivery) {
  const { stack, network, cluster, settings } = args;
  return settings.schedules === undefined || task === undefined
    ? undefined
    : createSchedulesFunction(
        `${application}-schedules`,
        { stack, application, network, cluster, registry, task, lock: lockOf(application, args) },
        { parent },
      );
}

const tagFunction = ({ application, args, registry, parent }: Delivery) =>
  createTagFunction(
    `${application}-tag`,
    {
      stack: args.stack,
      registry,
      deliveredImages: args.deliveredImages,
      lock: lockOf(application, args),
    },
    { parent },
  );

/** The lock shared with the deploy function, held until the delivery ends. CodePipeline's own action has none. */
const lockOf = (application: string, { settings, table }: ApplicationPipelineArgs): HeldLock | undefined =>
  settings.deploy === "callback" && table !== undefined ? holdingLock(application, table) : undefined;
