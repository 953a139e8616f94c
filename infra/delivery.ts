import * as pulumi from "@pulumi/pulumi";
import { applicationContainer } from "../handlers/buildspec";
import { createDeploy } from "../handlers/deploy";
import { createTag } from "../handlers/tag";
import { Callback } from "./callback";
import type { Cluster } from "./cluster";
import type { Operations } from "./operations";
import type { Registry } from "./registry";
import type { Statement } from "./role";
import type { Service } from "./service";

/** Reporting an action's result. AWS knows jobs by their ids alone, and restricts neither call to a resource. */
const reportingToPipeline: Statement = {
  actions: ["codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"],
  resources: ["*"],
};

export interface DeployedService {
  service: Service;
  /** Tasks that run from the first delivery on. */
  count: number;
}

export interface DeployArgs {
  operations: Operations;
  application: string;
  cluster: Cluster;
  registry: Registry;
  services: DeployedService[];
}

/** The function that gives an application's services a new image. */
export const createDeployFunction = (name: string, args: DeployArgs, opts: pulumi.ComponentResourceOptions) =>
  new Callback(
    name,
    {
      operations: args.operations,
      factory: createDeploy,
      options: {
        application: args.application,
        cluster: args.cluster.clusterName,
        services: args.services.map(({ service, count }) => ({
          service: service.serviceName,
          container: applicationContainer,
          taskDefinition: service.taskDefinitionArn,
          count,
        })),
        deadlineMinutes: 30,
      },
      statements: [...deploying(args), reportingToPipeline],
      // One look at the rollout takes seconds; an ECS that throttles is asked again for longer.
      timeoutSeconds: 300,
      memory: 256,
    },
    opts,
  );

function deploying({ operations, cluster, registry, services }: DeployArgs): Statement[] {
  const families = services.map(({ service }) => pulumi.interpolate`${service.familyArn}:*`);
  return [
    { actions: ["ecr:BatchGetImage"], resources: [registry.arn] },
    { actions: ["ecs:DescribeServices", "ecs:UpdateService"], resources: services.map(({ service }) => service.arn) },
    // AWS restricts it to no resource.
    { actions: ["ecs:DescribeTaskDefinition"], resources: ["*"] },
    // A revision takes over its template's tags, and gets one more when its rollout starts.
    { actions: ["ecs:RegisterTaskDefinition", "ecs:TagResource"], resources: families },
    {
      // Of a cluster's tasks, AWS restricts the list by this key alone.
      actions: ["ecs:ListTasks"],
      resources: ["*"],
      conditions: { ArnEquals: { "ecs:cluster": cluster.arn } },
    },
    {
      actions: ["ecs:DescribeTasks"],
      resources: [operations.account.arn("ecs", pulumi.interpolate`task/${cluster.clusterName}/*`)],
    },
    {
      actions: ["iam:PassRole"],
      resources: services.flatMap(({ service }) => service.roleArns),
      conditions: { StringEquals: { "iam:PassedToService": operations.account.servicePrincipal("ecs-tasks") } },
    },
  ];
}

export interface TagArgs {
  operations: Operations;
  registry: Registry;
  /** The tag that delivered images get. */
  environment: string;
}

/** The function that gives a delivered image the environment's name. */
export const createTagFunction = (name: string, args: TagArgs, opts: pulumi.ComponentResourceOptions) =>
  new Callback(
    name,
    {
      operations: args.operations,
      factory: createTag,
      options: { repository: args.registry.repositoryName, tag: args.environment },
      statements: [
        { actions: ["ecr:BatchGetImage", "ecr:PutImage"], resources: [args.registry.arn] },
        reportingToPipeline,
      ],
      timeoutSeconds: 60,
      memory: 256,
    },
    opts,
  );
