import * as ec2 from "@pulumi/aws/ec2";
import * as ecs from "@pulumi/aws/ecs";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { applicationContainer } from "../../handlers/build/buildspec";
import { NO_IMAGE } from "../../handlers/serviceCheck";
import { openPorts } from "../foundation/egress";
import { createLogGroup, writingTo } from "../foundation/logGroup";
import { createRole, type Statement } from "../foundation/role";
import { type TaskSecret, taskSecrets } from "../foundation/secrets";
import type { Network } from "../network/network";
import type { Account } from "../partition";
import type { TaskSettings } from "../settings";
import type { StackContext } from "../stackContext";
import type { ImageRepository } from "./registry";

/** Settings that a service adds to a task: command and port. */
interface ContainerSettings extends Omit<TaskSettings, "environment"> {
  environment: Record<string, pulumi.Input<string>>;
  command?: string[] | undefined;
  port?: number | undefined;
}

export interface TaskDefinitionArgs {
  stack: StackContext;
  /** Name of the task definition. */
  family: string;
  settings: ContainerSettings;
  network: Network;
  registry: ImageRepository;
  /** Default: the application's container, with a tag that does not exist; deliveries replace the image. */
  container?: { name: string; image: pulumi.Input<string> };
  /** The tasks' AWS permissions. Default: none, until a policy is attached to their role. */
  statements?: Statement[];
  /** The only TCP ports that the tasks can reach. Default: all. */
  ports?: number[];
  /** Prefix of the tasks' log streams. */
  streamPrefix: string;
  tags: Record<string, string>;
}

/** A task definition and the resources of its tasks. Deliveries may register further revisions. */
export interface TaskDefinition {
  /** The revision registered by the program. Deliveries copy it and replace only the image. */
  taskDefinitionArn: pulumi.Output<string>;
  /** The task definition's ARN without its revision. */
  familyArn: pulumi.Output<string>;
  family: string;
  /** The role that the application uses in AWS. */
  taskRoleArn: pulumi.Output<string>;
  /** All roles in the task definition. */
  roleArns: pulumi.Output<string>[];
  securityGroupId: pulumi.Output<string>;
  logGroup: { name: pulumi.Output<string>; arn: pulumi.Output<string> };
}

export function createTaskDefinition(
  name: string,
  args: TaskDefinitionArgs,
  opts: { parent: pulumi.Resource },
): TaskDefinition {
  const { account, logRetentionDays } = args.stack;
  const secrets = taskSecrets(args.settings.secrets, account);
  const logGroup = createLogGroup(`${name}-logs`, logRetentionDays, opts);
  const reading = secrets.map((it) => it.reading);
  const executionRoleArn = createExecutionRole(name, args, [writingTo(logGroup), ...reading], opts);
  const taskRoleArn = createTaskRole(name, args, opts);
  const container = containerOf(args, secrets, logGroup.name);
  const registered = registerRevision(name, args, { executionRoleArn, taskRoleArn }, container, opts);
  return {
    taskDefinitionArn: registered.arn,
    familyArn: registered.arnWithoutRevision,
    family: args.family,
    taskRoleArn,
    roleArns: [executionRoleArn, taskRoleArn],
    securityGroupId: createSecurityGroup(name, args, opts),
    logGroup,
  };
}

/** The role with which ECS starts a task: pulls the image, reads the secrets, writes the log. */
const createExecutionRole = (
  name: string,
  { stack, registry }: TaskDefinitionArgs,
  more: Statement[],
  opts: pulumi.CustomResourceOptions,
) =>
  createRole(
    `${name}-execution-role`,
    {
      account: stack.account,
      service: "ecs-tasks",
      statements: [
        { actions: ["ecr:GetAuthorizationToken"], resources: ["*"] },
        {
          actions: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
          resources: [registry.arn],
        },
        ...more,
      ],
    },
    opts,
  );

const createTaskRole = (name: string, { stack, statements }: TaskDefinitionArgs, opts: pulumi.CustomResourceOptions) =>
  createRole(
    `${name}-task-role`,
    {
      account: stack.account,
      service: "ecs-tasks",
      ownAccountOnly: true,
      ...(statements === undefined ? {} : { statements }),
    },
    opts,
  );

const registerRevision = (
  name: string,
  { family, settings, tags }: TaskDefinitionArgs,
  roles: { executionRoleArn: pulumi.Output<string>; taskRoleArn: pulumi.Output<string> },
  container: object,
  opts: pulumi.CustomResourceOptions,
) =>
  new ecs.TaskDefinition(
    `${name}-task`,
    {
      family,
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      runtimePlatform: { operatingSystemFamily: "LINUX", cpuArchitecture: "X86_64" },
      cpu: String(settings.cpu),
      memory: String(settings.memory),
      ...roles,
      containerDefinitions: pulumi.jsonStringify([container]),
      // Tasks may still run the replaced revision, and a service may roll back to it.
      skipDestroy: true,
      tags,
    },
    opts,
  );

const applicationOf = ({ repositoryUrl }: ImageRepository) => ({
  name: applicationContainer,
  image: pulumi.interpolate`${repositoryUrl}:${NO_IMAGE}`,
});

const containerOf = (
  { stack, registry, container = applicationOf(registry), settings, streamPrefix }: TaskDefinitionArgs,
  secrets: TaskSecret[],
  logGroup: pulumi.Output<string>,
): object => ({
  ...container,
  essential: true,
  command: settings.command,
  portMappings: settings.port === undefined ? [] : [{ containerPort: settings.port, protocol: "tcp" }],
  // ECS sorts them; any other order would show up as a change on every `pulumi up`.
  environment: Object.entries(settings.environment)
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => (a.name < b.name ? -1 : 1)),
  secrets: secrets.map(({ name, valueFrom }) => ({ name, valueFrom })),
  logConfiguration: {
    logDriver: "awslogs",
    options: {
      "awslogs-group": logGroup,
      "awslogs-region": stack.account.region,
      "awslogs-stream-prefix": streamPrefix,
    },
  },
});

function createSecurityGroup(
  name: string,
  { network, ports }: TaskDefinitionArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const where = ports === undefined ? "out to anywhere" : "out by TCP";
  const { id } = new ec2.SecurityGroup(
    `${name}-tasks`,
    { description: `Tasks of ${name}: ${where}`, vpcId: network.vpcId },
    opts,
  );
  if (ports === undefined)
    new vpc.SecurityGroupEgressRule(
      `${name}-tasks-out`,
      { securityGroupId: id, ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" },
      opts,
    );
  else openPorts(`${name}-tasks`, id, ports, opts);
  return id;
}

/** ARN pattern of all revisions of each task definition. */
export const revisionsOf = (taskDefinitions: TaskDefinition[]): pulumi.Output<string>[] =>
  taskDefinitions.map(({ familyArn }) => pulumi.interpolate`${familyArn}:*`);

/** Registering revisions that copy the program's and replace only the image. */
export const registering = (taskDefinitions: TaskDefinition[], account: Account): Statement[] => [
  // AWS supports no resource for this action.
  { actions: ["ecs:DescribeTaskDefinition"], resources: ["*"] },
  { actions: ["ecs:RegisterTaskDefinition"], resources: revisionsOf(taskDefinitions) },
  passingRoles(taskDefinitions, account),
];

/** A new revision copies the tags of the program's revision. */
export const taggingRegistered = (taskDefinitions: TaskDefinition[]): Statement => ({
  actions: ["ecs:TagResource"],
  resources: revisionsOf(taskDefinitions),
  conditions: { StringEquals: { "ecs:CreateAction": "RegisterTaskDefinition" } },
});

/** Registering a revision and running a task require passing the roles in the task definition. */
export const passingRoles = (taskDefinitions: TaskDefinition[], account: Account): Statement => ({
  actions: ["iam:PassRole"],
  resources: taskDefinitions.flatMap(({ roleArns }) => roleArns),
  conditions: { StringEquals: { "iam:PassedToService": account.servicePrincipal("ecs-tasks") } },
});
