import type * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as ec2 from "@pulumi/aws/ec2";
import * as ecs from "@pulumi/aws/ecs";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { applicationContainer } from "../handlers/buildspec";
import type { Cluster } from "./cluster";
import type { LoadBalancer } from "./loadBalancer";
import { createLogGroup, writingTo } from "./logGroup";
import type { Network } from "./network";
import type { Operations } from "./operations";
import type { Registry } from "./registry";
import { createRole, type Statement } from "./role";
import { type TaskSecret, taskSecrets } from "./secrets";
import type { ServiceSettings } from "./settings";
import { Target } from "./target";

export interface ServiceArgs {
  operations: Operations;
  /** Name of the environment: the first part of the task definition's family. */
  environment: string;
  /** Name of the application that the service belongs to. */
  application: string;
  settings: ServiceSettings;
  network: Network;
  cluster: Cluster;
  registry: Registry;
  /** How the load balancer leads to a web service. A worker has none. */
  route?: { loadBalancer: LoadBalancer; priority: number } | undefined;
}

/**
 * An ECS service on Fargate. It comes up without tasks, for there is no image yet; from the first delivery on, the
 * deploy function sets the task definition and the count, and the program leaves both alone.
 */
export class Service extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly serviceName: pulumi.Output<string>;
  /** The revision that the program registered. All but the image of what is deployed comes from it. */
  readonly taskDefinitionArn: pulumi.Output<string>;
  /** The task definition's ARN without its revision. */
  readonly familyArn: pulumi.Output<string>;
  /** What the application is in AWS: a role without permissions, for policies to be attached to. */
  readonly taskRoleArn: pulumi.Output<string>;
  /** The roles that a task definition of this service names. */
  readonly roleArns: pulumi.Output<string>[];
  /** Address of a web service. */
  readonly url: pulumi.Output<string> | undefined;

  constructor(name: string, args: ServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Service", name, {}, opts);
    const { account, logRetentionDays } = args.operations;
    const secrets = taskSecrets(args.settings.secrets, account);
    const logGroup = createLogGroup(`${name}-logs`, logRetentionDays, { parent: this });
    const executionRoleArn = createExecutionRole(
      name,
      args,
      [writingTo(logGroup), ...secrets.map((it) => it.reading)],
      this,
    );
    const taskRoleArn = createTaskRole(name, args, this);
    const roles = { executionRoleArn, taskRoleArn };
    const taskDefinition = createTaskDefinition(name, args, { roles, secrets, logGroup }, this);
    const securityGroup = createSecurityGroup(name, args, this);
    const target = createTarget(name, args, securityGroup, this);
    const service = createService(name, args, { taskDefinition, securityGroup, target }, this);
    this.arn = service.arn;
    this.serviceName = service.name;
    this.taskDefinitionArn = taskDefinition.arn;
    this.familyArn = taskDefinition.arnWithoutRevision;
    this.taskRoleArn = taskRoleArn;
    this.roleArns = [executionRoleArn, taskRoleArn];
    this.url = target?.url;
    this.registerOutputs({ arn: this.arn, serviceName: this.serviceName, url: this.url });
  }
}

/** What ECS itself needs to start a task: the image, the secrets, the log. */
const createExecutionRole = (name: string, args: ServiceArgs, more: Statement[], parent: pulumi.Resource) =>
  createRole(
    `${name}-execution-role`,
    {
      account: args.operations.account,
      service: "ecs-tasks",
      statements: [
        { actions: ["ecr:GetAuthorizationToken"], resources: ["*"] },
        {
          actions: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
          resources: [args.registry.arn],
        },
        ...more,
      ],
    },
    { parent },
  );

/** What the application is in AWS. It has no permission until somebody gives it one. */
const createTaskRole = (name: string, { operations }: ServiceArgs, parent: pulumi.Resource) =>
  createRole(
    `${name}-task-role`,
    { account: operations.account, service: "ecs-tasks", ownAccountOnly: true },
    { parent },
  );

interface TaskParts {
  roles: { executionRoleArn: pulumi.Output<string>; taskRoleArn: pulumi.Output<string> };
  secrets: TaskSecret[];
  logGroup: cloudwatch.LogGroup;
}

function createTaskDefinition(name: string, args: ServiceArgs, parts: TaskParts, parent: pulumi.Resource) {
  const { environment, application, settings } = args;
  return new ecs.TaskDefinition(
    `${name}-task`,
    {
      family: `${environment}-${name}`,
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      runtimePlatform: { operatingSystemFamily: "LINUX", cpuArchitecture: "X86_64" },
      cpu: String(settings.cpu),
      memory: String(settings.memory),
      ...parts.roles,
      containerDefinitions: pulumi.jsonStringify([container(args, parts)]),
      // A service may still run, or go back to, the revision that a change of this template replaces.
      skipDestroy: true,
      tags: { environment, application, service: settings.name },
    },
    { parent },
  );
}

const container = ({ operations, registry, settings }: ServiceArgs, { secrets, logGroup }: TaskParts) => ({
  name: applicationContainer,
  // A tag that nothing has: the deploy function puts the delivered image in its place.
  image: pulumi.interpolate`${registry.repositoryUrl}:none`,
  essential: true,
  command: settings.command,
  portMappings: settings.port === undefined ? [] : [{ containerPort: settings.port, protocol: "tcp" }],
  // ECS keeps them sorted; any other order would be a change on every `pulumi up`.
  environment: Object.entries(settings.environment)
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => (a.name < b.name ? -1 : 1)),
  secrets: secrets.map(({ name, valueFrom }) => ({ name, valueFrom })),
  logConfiguration: {
    logDriver: "awslogs",
    options: {
      "awslogs-group": logGroup.name,
      "awslogs-region": operations.account.region,
      "awslogs-stream-prefix": settings.name,
    },
  },
});

function createSecurityGroup(name: string, { network }: ServiceArgs, parent: pulumi.Resource): ec2.SecurityGroup {
  const group = new ec2.SecurityGroup(
    `${name}-tasks`,
    { description: `Tasks of ${name}: out to anywhere`, vpcId: network.vpcId },
    { parent },
  );
  new vpc.SecurityGroupEgressRule(
    `${name}-tasks-out`,
    { securityGroupId: group.id, ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" },
    { parent },
  );
  return group;
}

function createTarget(
  name: string,
  { settings, network, route }: ServiceArgs,
  securityGroup: ec2.SecurityGroup,
  parent: pulumi.Resource,
): Target | undefined {
  if (route === undefined || settings.port === undefined) return undefined;
  return new Target(
    name,
    {
      ...route,
      network,
      securityGroupId: securityGroup.id,
      port: settings.port,
      healthCheck: settings.healthCheck ?? "/",
      hosts: settings.hosts ?? [],
    },
    { parent },
  );
}

interface ServiceParts {
  taskDefinition: ecs.TaskDefinition;
  securityGroup: ec2.SecurityGroup;
  target: Target | undefined;
}

function createService(name: string, args: ServiceArgs, parts: ServiceParts, parent: pulumi.Resource): ecs.Service {
  const { settings, cluster, network } = args;
  return new ecs.Service(
    `${name}-service`,
    {
      cluster: cluster.arn,
      taskDefinition: parts.taskDefinition.arn,
      desiredCount: 0,
      launchType: "FARGATE",
      networkConfiguration: { subnets: network.privateSubnetIds, securityGroups: [parts.securityGroup.id] },
      deploymentCircuitBreaker: { enable: true, rollback: true },
      deploymentMinimumHealthyPercent: 100,
      deploymentMaximumPercent: 200,
      ...loadBalancing(parts.target, settings),
    },
    { parent, ignoreChanges: ["taskDefinition", "desiredCount"] },
  );
}

const loadBalancing = (target: Target | undefined, { port }: ServiceSettings) =>
  target === undefined || port === undefined
    ? {}
    : {
        loadBalancers: [
          { targetGroupArn: target.targetGroupArn, containerName: applicationContainer, containerPort: port },
        ],
        // So long, a task that starts slowly is not stopped for failing the load balancer's health check.
        healthCheckGracePeriodSeconds: 60,
      };
