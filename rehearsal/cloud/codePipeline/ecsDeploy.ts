import type {
  DescribeServicesCommandOutput,
  DescribeTaskDefinitionCommandOutput,
  RegisterTaskDefinitionCommandInput,
  RegisterTaskDefinitionCommandOutput,
  Service,
  TaskDefinition,
  UpdateServiceCommandOutput,
} from "@aws-sdk/client-ecs";
import { awsError } from "../service";
import type { ActionResult, ActionRun, ActionType } from "./actionType";
import { readInput } from "./artifactStore";
import { type ImageDefinition, readImageDefinitions } from "./imageDefinitions";

const minute = 60_000;
/** Polling interval for the service; not documented. */
const pause = 15_000;
const longest = 60;

/**
 * Gives a service's containers new images: registers a revision of the service's current task definition, calls
 * UpdateService once, and waits until the service is stable. It does not notice that ECS's circuit breaker rolled the
 * deployment back, and waits until it times out (https://github.com/aws/containers-roadmap/issues/1399).
 * https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECS.html
 */
export const ecsDeploy: ActionType = {
  inputs: [1, 1],
  outputs: [0, 0],
  required: ["ClusterName", "ServiceName"],
  optional: ["FileName", "DeploymentTimeout"],
  check: ({ DeploymentTimeout = String(longest) }) =>
    /^\d+$/.test(DeploymentTimeout) && Number(DeploymentTimeout) >= 1 && Number(DeploymentTimeout) <= longest
      ? undefined
      : `DeploymentTimeout is ${DeploymentTimeout}, which is not in 1 to ${longest} minutes.`,
  run,
};

async function run(action: ActionRun): Promise<ActionResult> {
  const { cloud, role, configuration, inputs } = action;
  const { ClusterName: cluster, ServiceName: service, FileName = "imagedefinitions.json" } = configuration;
  const { DeploymentTimeout = String(longest) } = configuration;
  const ask: Ask = (operation, input) => cloud.call(role, "ecs", operation, { cluster, ...input });
  const images = await readImageDefinitions(await readInput(action), FileName, inputs[0]);
  const before = await describe(ask, service);
  const taskDefinition = await register(ask, before.taskDefinition, images);
  const updated = await ask<UpdateServiceCommandOutput>("UpdateService", { service, taskDefinition });
  const externalExecutionId = updated.service?.deployments?.find((it) => it.status === "PRIMARY")?.id;
  action.report({ externalExecutionId });
  const deadline = cloud.clock.now() + Number(DeploymentTimeout) * minute;
  while (cloud.clock.now() < deadline) {
    await cloud.clock.wait(Math.min(pause, deadline - cloud.clock.now()));
    if (await isStable(ask, service, taskDefinition)) return { externalExecutionId };
  }
  throw awsError(
    "JobFailed",
    `The AWS ECS service ${service} is not stable with ${taskDefinition} after ${DeploymentTimeout} minutes.`,
  );
}

type Ask = <O>(operation: string, input: object) => Promise<O>;

async function describe(ask: Ask, name: string | undefined): Promise<Service> {
  const { services = [] } = await ask<DescribeServicesCommandOutput>("DescribeServices", { services: [name] });
  const [service] = services;
  if (service === undefined) throw awsError("ConfigurationError", `The AWS ECS service ${name} does not exist`);
  return service;
}

/** @returns the ARN of the new revision */
async function register(ask: Ask, current: string | undefined, images: ImageDefinition[]): Promise<string> {
  const described = await ask<DescribeTaskDefinitionCommandOutput>("DescribeTaskDefinition", {
    taskDefinition: current,
    include: ["TAGS"],
  });
  const { tags = [], taskDefinition = {} } = described;
  const input = { ...registration(taskDefinition, images), ...(tags.length > 0 ? { tags } : {}) };
  const registered = await ask<RegisterTaskDefinitionCommandOutput>("RegisterTaskDefinition", input);
  return String(registered.taskDefinition?.taskDefinitionArn);
}

/** @throws AwsError ConfigurationError with CodePipeline's message if the task definition lacks a container */
function registration(current: TaskDefinition, images: ImageDefinition[]): RegisterTaskDefinitionCommandInput {
  const { taskDefinitionArn, revision, status, requiresAttributes, compatibilities, ...rest } = current;
  const { registeredAt, registeredBy, deregisteredAt, deleteRequestedAt, ...kept } = rest;
  const { family, containerDefinitions = [] } = kept;
  const missing = images.find(({ name }) => !containerDefinitions.some((it) => it.name === name));
  if (missing !== undefined)
    throw awsError("ConfigurationError", `The AWS ECS container ${missing.name} does not exist`);
  return {
    ...kept,
    family,
    containerDefinitions: containerDefinitions.map((it) => ({
      ...it,
      image: images.find(({ name }) => name === it.name)?.imageUri ?? it.image,
    })),
  };
}

/**
 * Whether the service has only this task definition, and all its tasks run it. CodePipeline needs no permission to see
 * single tasks: the page above lists the minimum.
 */
async function isStable(ask: Ask, name: string | undefined, taskDefinition: string): Promise<boolean> {
  const { deployments = [], runningCount, desiredCount } = await describe(ask, name);
  if (deployments.length !== 1 || deployments[0]?.taskDefinition !== taskDefinition) return false;
  return runningCount === desiredCount;
}
