import {
  type DescribeServicesCommandOutput,
  type DescribeTasksCommandOutput,
  ECSClient,
  type ListTasksCommandOutput,
  type RegisterTaskDefinitionCommandInput,
  type RegisterTaskDefinitionCommandOutput,
  type Service as ServiceDescription,
  type Task,
  type UpdateServiceCommandInput,
  type UpdateServiceCommandOutput,
} from "@aws-sdk/client-ecs";
import { createEcr } from "../../../../rehearsal/cloud/ecr";
import { createEcs } from "../../../../rehearsal/cloud/ecs";
import type { CloudEvent } from "../../../../rehearsal/cloud/events";
import { createLoadBalancer } from "../../../../rehearsal/cloud/loadBalancer";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createNetwork } from "../../../../rehearsal/cloud/network";
import { createSecretsManager } from "../../../../rehearsal/cloud/secretsManager";
import type { Cloud, Service } from "../../../../rehearsal/cloud/service";
import { createSsm } from "../../../../rehearsal/cloud/ssm";
import { createTestCloud, type TestCloud } from "../../support";
import { declareWeb, pushImage, type Web } from "./containerSupport";

const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

export const ECS = "arn:aws:ecs:us-east-1:123456789012";

/** The image of a service before its first delivery: there is none of this tag. */
export const SEED = `${HOST}/shop:none`;

const OPERATOR = { kind: "operator" } as const;

/** What the execution role of the program may do. */
export const EXECUTION = {
  token: { Effect: "Allow", Action: ["ecr:GetAuthorizationToken"], Resource: ["*"] },
  pull: {
    Effect: "Allow",
    Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    Resource: ["arn:aws:ecr:us-east-1:123456789012:repository/shop"],
  },
  logs: {
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: ["arn:aws:logs:us-east-1:123456789012:log-group:shop:*"],
  },
};

/** What the deploy function of the program may do. */
export const DEPLOY = {
  services: {
    Effect: "Allow",
    Action: ["ecs:DescribeServices", "ecs:UpdateService"],
    Resource: [`${ECS}:service/main/web`],
  },
  describe: { Effect: "Allow", Action: ["ecs:DescribeTaskDefinition"], Resource: ["*"] },
  register: { Effect: "Allow", Action: ["ecs:RegisterTaskDefinition"], Resource: [`${ECS}:task-definition/web:*`] },
  tag: {
    Effect: "Allow",
    Action: ["ecs:TagResource"],
    Resource: [`${ECS}:task-definition/web:*`],
    Condition: { StringEquals: { "ecs:CreateAction": "RegisterTaskDefinition" } },
  },
  pass: {
    Effect: "Allow",
    Action: ["iam:PassRole"],
    Resource: ["arn:aws:iam::123456789012:role/execution"],
    Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
  },
  tasks: { Effect: "Allow", Action: ["ecs:DescribeTasks"], Resource: [`${ECS}:task/main/*`] },
  list: {
    Effect: "Allow",
    Action: ["ecs:ListTasks"],
    Resource: ["*"],
    Condition: { ArnEquals: { "ecs:cluster": `${ECS}:cluster/main` } },
  },
};

export const LOG_CONFIGURATION = {
  logDriver: "awslogs",
  options: { "awslogs-group": "shop", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web" },
};

export type DeploymentEvent = Extract<CloudEvent, { kind: "deployment" }>;
export type TaskEvent = Extract<CloudEvent, { kind: "task" }>;

export interface Shop {
  cloud: TestCloud;
  web: Web;
  executionRole: string;
  /** Pushes an image whose server.js is this text. @returns its name by digest */
  push(version: string, server: string): Promise<string>;
  /** Registers a revision of the one container, called `app`. @returns its ARN */
  register(image: string, container?: object, task?: object): Promise<string>;
  /** Declares the service `web` behind the load balancer, unless told otherwise. */
  declareService(taskDefinition: string, inputs?: object): Promise<void>;
  update(input: Omit<UpdateServiceCommandInput, "service">): Promise<ServiceDescription>;
  describe(): Promise<ServiceDescription>;
  tasks(desiredStatus?: "RUNNING" | "STOPPED"): Promise<Task[]>;
  /** The next deployment of the service that comes to this state. */
  deployment(state: DeploymentEvent["rolloutState"]): Promise<DeploymentEvent>;
  /** The lines that containers wrote. */
  lines(): string[];
}

/**
 * An account with a cluster, a repository, a load balancer and a log group, in which time runs three hundred times as fast.
 * @param more services beside those that this takes
 * @param staleReads the seed of stale reads
 */
export async function openShop(
  speed = 300,
  more: ((cloud: Cloud) => Service)[] = [],
  staleReads?: number,
): Promise<Shop> {
  const cloud = await createTestCloud(
    [createNetwork, createEcr, createLoadBalancer, createLogs, createSecretsManager, createSsm, createEcs, ...more],
    { speed, staleReads },
  );
  const web = await declareWeb(cloud);
  await cloud.declare("aws:ecr/repository:Repository", "shop", { name: "shop" });
  await cloud.declare("aws:cloudwatch/logGroup:LogGroup", "shop", { name: "shop" });
  await cloud.declare("aws:ecs/cluster:Cluster", "main", { name: "main" });
  const executionRole = await cloud.role("execution", "ecs-tasks.amazonaws.com", Object.values(EXECUTION));
  const ask = <O>(operation: string, input: object) => cloud.call<object, O>(OPERATOR, "ecs", operation, input);

  const shop: Shop = {
    cloud,
    web,
    executionRole,
    push: (version, server) =>
      pushImage(cloud, `${HOST}/shop:${version}`, {
        Dockerfile:
          'FROM node:24-slim\nENV GREETING=image\nWORKDIR /app\nCOPY server.js .\nCMD ["node", "server.js"]\n',
        "server.js": server,
      }),
    async register(image, container = {}, task = {}) {
      const { taskDefinition } = await ask<RegisterTaskDefinitionCommandOutput>("RegisterTaskDefinition", {
        family: "web",
        requiresCompatibilities: ["FARGATE"],
        networkMode: "awsvpc",
        cpu: "256",
        memory: "512",
        executionRoleArn: shop.executionRole,
        containerDefinitions: [
          {
            name: "app",
            image,
            portMappings: [{ containerPort: 8080 }],
            logConfiguration: LOG_CONFIGURATION,
            ...container,
          },
        ],
        ...task,
      });
      return taskDefinition?.taskDefinitionArn ?? "";
    },
    async declareService(taskDefinition, inputs = {}) {
      await cloud.declare("aws:ecs/service:Service", "web", {
        name: "web",
        cluster: "arn:aws:ecs:us-east-1:123456789012:cluster/main",
        taskDefinition,
        desiredCount: 0,
        launchType: "FARGATE",
        networkConfiguration: { subnets: web.privateSubnets, securityGroups: [web.taskGroup] },
        loadBalancers: [{ targetGroupArn: web.targetGroupArn, containerName: "app", containerPort: 8080 }],
        deploymentCircuitBreaker: { enable: true, rollback: true },
        ...inputs,
      });
    },
    async update(input) {
      const { service } = await ask<UpdateServiceCommandOutput>("UpdateService", {
        cluster: "main",
        service: "web",
        ...input,
      });
      return service ?? {};
    },
    async describe() {
      const answer = await ask<DescribeServicesCommandOutput>("DescribeServices", {
        cluster: "main",
        services: ["web"],
      });
      return answer.services?.[0] ?? {};
    },
    async tasks(desiredStatus = "RUNNING") {
      const { taskArns = [] } = await ask<ListTasksCommandOutput>("ListTasks", {
        cluster: "main",
        serviceName: "web",
        desiredStatus,
      });
      const answer = await ask<DescribeTasksCommandOutput>("DescribeTasks", { cluster: "main", tasks: taskArns });
      return answer.tasks ?? [];
    },
    deployment: (state) =>
      cloud.until((event): event is DeploymentEvent => event.kind === "deployment" && event.rolloutState === state),
    lines: () => cloud.events.flatMap((event) => (event.kind === "log" ? [event.line] : [])),
  };
  return shop;
}

/**
 * A network without a way to the internet, and with endpoints for these services alone.
 * @param services as in endpoints' names: `ecr.api`
 */
export async function closedNetwork({ cloud }: Shop, services: string[]) {
  const vpc = await cloud.declare("awsx:ec2:Vpc", "closed", {
    cidrBlock: "10.60.0.0/16",
    numberOfAvailabilityZones: 1,
    natGateways: { strategy: "None" },
    enableDnsHostnames: true,
  });
  const { vpcId, privateSubnetIds: subnets } = vpc.outputs as { vpcId: string; privateSubnetIds: string[] };
  const everything = { protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] };
  const group = async (name: string, rules: object) =>
    (await cloud.declare("aws:ec2/securityGroup:SecurityGroup", name, { name, vpcId, ...rules })).id;
  const securityGroupIds = [await group("endpoints", { ingress: [everything] })];
  const table = await cloud.invoke("aws:ec2/getRouteTable:getRouteTable", { subnetId: subnets[0] });
  const gateway = { vpcEndpointType: "Gateway", routeTableIds: [(table as { id: string }).id] };
  const networkInterface = {
    vpcEndpointType: "Interface",
    privateDnsEnabled: true,
    subnetIds: subnets,
    securityGroupIds,
  };
  for (const service of services)
    await cloud.declare("aws:ec2/vpcEndpoint:VpcEndpoint", service, {
      vpcId,
      serviceName: `com.amazonaws.us-east-1.${service}`,
      ...(service === "s3" ? gateway : networkInterface),
    });
  return { subnets, securityGroups: [await group("tasks", { egress: [everything] })] };
}

/** A server that answers with its version, and is well. */
export const serverOf = (version: string): string => `
  const server = require("node:http").createServer((request, response) => response.end("${version}"));
  server.listen(8080, () => console.log("${version} listens on", server.address().port));
  process.once("SIGTERM", () => server.close(() => console.log("${version} ended")));
`;

/** Declares the service, and brings it to run this version. @returns the revision that it runs */
export async function runVersion(shop: Shop, version: string, count = 2): Promise<string> {
  await shop.declareService(await shop.register(SEED));
  await shop.cloud.start();
  const taskDefinition = await shop.register(await shop.push(version, serverOf(version)));
  const completed = shop.deployment("COMPLETED");
  await shop.update({ taskDefinition, desiredCount: count });
  await completed;
  return taskDefinition;
}

/** A client of a function's role with these statements. */
export async function clientWith({ cloud }: Shop, statements: object[], name: string): Promise<ECSClient> {
  const role = await cloud.role(name, "lambda.amazonaws.com", statements);
  return new ECSClient(await cloud.clientOptions("lambda.amazonaws.com", role));
}

/** A task definition that ECS takes, but for what `more` says. */
export const registrationOf = (shop: Shop, more: object = {}): RegisterTaskDefinitionCommandInput => ({
  family: "web",
  requiresCompatibilities: ["FARGATE"],
  networkMode: "awsvpc",
  cpu: "256",
  memory: "512",
  executionRoleArn: shop.executionRole,
  containerDefinitions: [CONTAINER],
  ...more,
});

export const CONTAINER = { name: "app", image: SEED, portMappings: [{ containerPort: 8080 }] };

/** The error that a call ends with. */
export const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no refusal",
    (error) => `${error.name}: ${error.message}`,
  );
