import type { ContainerDefinition, RegisterTaskDefinitionCommandInput, Tag } from "@aws-sdk/client-ecs";
import type { ServiceArgs } from "@pulumi/aws/ecs/service";
import type { TaskDefinitionArgs } from "@pulumi/aws/ecs/taskDefinition";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import type { DescribeTargetGroupsOutput } from "../loadBalancer";
import { awsError, type Cloud, type Declaration } from "../service";
import type { ServiceSettings } from "./service";
import type { Revision } from "./taskDefinition";

export const tagsOf = (tags: Record<string, string> | undefined): Tag[] =>
  Object.entries(tags ?? {}).map(([key, value]) => ({ key, value }));

/** The provider's RegisterTaskDefinition request for a declared task definition. */
export function registrationOf(declaration: Declaration): RegisterTaskDefinitionCommandInput {
  const {
    containerDefinitions,
    skipDestroy: _,
    trackLatest: __,
    region: ___,
    tags,
    ...rest
  } = inputsOf<Unwrap<TaskDefinitionArgs>>(declaration, [
    "family",
    "containerDefinitions",
    "cpu",
    "memory",
    "networkMode",
    "requiresCompatibilities",
    "executionRoleArn",
    "taskRoleArn",
    "runtimePlatform",
    "tags",
    // Affects the provider only on deletion and in comparing revisions: nothing is deleted here.
    "skipDestroy",
    "trackLatest",
    "region",
  ]);
  return {
    ...(rest as Omit<RegisterTaskDefinitionCommandInput, "containerDefinitions">),
    containerDefinitions: JSON.parse(containerDefinitions) as ContainerDefinition[],
    ...(tags === undefined ? {} : { tags: tagsOf(tags) }),
  };
}

export interface DeclaredService {
  settings: ServiceSettings;
  taskDefinition: string;
  desiredCount: number;
}

/** @throws for inputs that the simulated scheduler would ignore */
export function declaredService(cloud: Cloud, declaration: Declaration): DeclaredService {
  const args = inputsOf<Unwrap<ServiceArgs>>(declaration, [
    "name",
    "cluster",
    "taskDefinition",
    "desiredCount",
    "launchType",
    "networkConfiguration",
    "loadBalancers",
    "deploymentCircuitBreaker",
    "deploymentMaximumPercent",
    "deploymentMinimumHealthyPercent",
    "healthCheckGracePeriodSeconds",
    "tags",
    "region",
    // These have no effect in a rehearsal.
    "platformVersion",
    "waitForSteadyState",
    "enableEcsManagedTags",
    "propagateTags",
    "availabilityZoneRebalancing",
    "forceDelete",
  ]);
  const name = cloud.physicalName(declaration, args.name);
  const refuse = (message: string) =>
    awsError("InvalidParameterException", `aws.ecs.Service ${declaration.name}: ${message}`);
  const { taskDefinition, cluster: clusterArn, networkConfiguration: network } = args;
  if (args.launchType !== "FARGATE") throw refuse(`launchType ${args.launchType} is not simulated: only FARGATE is.`);
  if (taskDefinition === undefined) throw refuse("TaskDefinition can not be blank.");
  if (clusterArn === undefined) throw refuse("the default cluster is not simulated: name a cluster.");
  if (network === undefined)
    throw refuse("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  return {
    taskDefinition,
    desiredCount: args.desiredCount ?? 0,
    settings: {
      arn: cloud.arn("ecs", `service/${clusterArn.split("/").at(-1)}/${name}`),
      name,
      clusterArn,
      loadBalancers: (args.loadBalancers ?? []).map(({ targetGroupArn = "", containerName, containerPort }) => ({
        targetGroupArn,
        containerName,
        containerPort,
      })),
      subnets: network.subnets,
      securityGroups: network.securityGroups ?? [],
      assignPublicIp: network.assignPublicIp ?? false,
      maximumPercent: args.deploymentMaximumPercent ?? 200,
      minimumHealthyPercent: args.deploymentMinimumHealthyPercent ?? 100,
      circuitBreaker: {
        enable: args.deploymentCircuitBreaker?.enable ?? false,
        rollback: args.deploymentCircuitBreaker?.rollback ?? false,
      },
      healthCheckGracePeriodSeconds: args.healthCheckGracePeriodSeconds ?? 0,
      tags: tagsOf(args.tags),
    },
  };
}

/**
 * Checks that the revision has what the service's load balancers refer to.
 * @throws AwsError InvalidParameterException, as CreateService and UpdateService do
 */
export function checkContainers({ loadBalancers }: ServiceSettings, { definition }: Revision): void {
  for (const { containerName, containerPort } of loadBalancers) {
    const container = definition.containerDefinitions.find(({ name }) => name === containerName);
    if (container === undefined)
      throw awsError(
        "InvalidParameterException",
        `The container ${containerName} does not exist in the task definition.`,
      );
    if (!container.portMappings?.some((it) => it.containerPort === containerPort))
      throw awsError(
        "InvalidParameterException",
        `The container ${containerName} did not have a container port ${containerPort} defined.`,
      );
  }
}

/** @throws AwsError InvalidParameterException for target groups that CreateService rejects */
export async function checkTargetGroups(cloud: Cloud, { loadBalancers }: ServiceSettings): Promise<void> {
  const TargetGroupArns = loadBalancers.map(({ targetGroupArn }) => targetGroupArn);
  const { TargetGroups } = await cloud.call<object, DescribeTargetGroupsOutput>(
    { kind: "aws", service: "ecs.amazonaws.com" },
    "elasticloadbalancing",
    "DescribeTargetGroups",
    { TargetGroupArns },
  );
  for (const { TargetGroupArn, TargetType, LoadBalancerArns } of TargetGroups) {
    if (LoadBalancerArns.length === 0)
      throw awsError(
        "InvalidParameterException",
        `The target group with targetGroupArn ${TargetGroupArn} does not have an associated load balancer.`,
      );
    if (TargetType !== "ip")
      throw awsError(
        "InvalidParameterException",
        `The provided target group ${TargetGroupArn} has target type ${TargetType}, which is incompatible with the awsvpc network mode specified in the task definition.`,
      );
  }
}
