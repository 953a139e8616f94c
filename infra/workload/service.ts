import * as ecs from "@pulumi/aws/ecs";
import * as pulumi from "@pulumi/pulumi";
import { applicationContainer } from "../../handlers/build/buildspec";
import type { LoadBalancer } from "../ingress/loadBalancer";
import { Target } from "../ingress/target";
import type { Network } from "../network/network";
import type { ServiceSettings } from "../settings";
import type { StackContext } from "../stackContext";
import type { Cluster } from "./cluster";
import type { ImageRepository } from "./registry";
import { createTaskDefinition, type TaskDefinition } from "./taskDefinition";

export interface ServiceArgs {
  stack: StackContext;
  /** Name of the service's application. */
  application: string;
  settings: ServiceSettings;
  network: Network;
  cluster: Cluster;
  registry: ImageRepository;
  /** Whether deliveries or the program set the number of tasks. */
  desiredCountOwner: "delivery" | "program";
  /** Load balancer and rule priority of a web service. Undefined for a worker. */
  route?: { loadBalancer: LoadBalancer; priority: number } | undefined;
}

/**
 * An ECS service on Fargate. It has no image until the first delivery. From then on, the program ignores changes to its
 * task definition, and to its count if deliveries set it.
 */
export class Service extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly serviceName: pulumi.Output<string>;
  readonly settings: ServiceSettings;
  readonly taskDefinition: TaskDefinition;
  /** Target of the load balancer. Undefined for a worker. */
  readonly target: Target | undefined;

  constructor(name: string, args: ServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Service", name, {}, opts);
    const { stack, application, settings, network, registry } = args;
    const { environment } = stack;
    this.taskDefinition = createTaskDefinition(
      name,
      {
        stack,
        family: `${environment}-${name}`,
        settings,
        network,
        registry,
        streamPrefix: settings.name,
        tags: { environment, application, service: settings.name },
      },
      { parent: this },
    );
    this.target = createTarget(name, args, this.taskDefinition, this);
    const service = createService(name, args, { taskDefinition: this.taskDefinition, target: this.target }, this);
    this.settings = settings;
    this.arn = service.arn;
    this.serviceName = service.name;
    this.registerOutputs({ arn: this.arn, serviceName: this.serviceName, url: this.target?.url });
  }
}

function createTarget(
  name: string,
  { stack, settings, network, route }: ServiceArgs,
  { securityGroupId }: TaskDefinition,
  parent: pulumi.Resource,
): Target | undefined {
  if (route === undefined || settings.port === undefined) return undefined;
  return new Target(
    name,
    {
      ...route,
      stack,
      network,
      securityGroupId,
      port: settings.port,
      healthCheck: settings.healthCheck ?? "/",
      hosts: settings.hosts ?? [],
    },
    { parent },
  );
}

interface ServiceParts {
  taskDefinition: TaskDefinition;
  target: Target | undefined;
}

function createService(
  name: string,
  args: ServiceArgs,
  { taskDefinition, target }: ServiceParts,
  parent: pulumi.Resource,
): ecs.Service {
  const { settings, cluster, network, desiredCountOwner } = args;
  return new ecs.Service(
    `${name}-service`,
    {
      cluster: cluster.arn,
      taskDefinition: taskDefinition.taskDefinitionArn,
      desiredCount: desiredCountOwner === "delivery" ? 0 : settings.count,
      launchType: "FARGATE",
      networkConfiguration: { subnets: network.privateSubnetIds, securityGroups: [taskDefinition.securityGroupId] },
      deploymentCircuitBreaker: { enable: true, rollback: true },
      deploymentMinimumHealthyPercent: 100,
      deploymentMaximumPercent: 200,
      ...loadBalancing(target, settings),
    },
    {
      parent,
      ignoreChanges: desiredCountOwner === "delivery" ? ["taskDefinition", "desiredCount"] : ["taskDefinition"],
    },
  );
}

const loadBalancing = (target: Target | undefined, { port }: ServiceSettings) =>
  target === undefined || port === undefined
    ? {}
    : {
        loadBalancers: [
          { targetGroupArn: target.targetGroupArn, containerName: applicationContainer, containerPort: port },
        ],
        // Seconds during which a slowly starting task is not stopped for failing the load balancer's health check.
        healthCheckGracePeriodSeconds: 60,
      };
