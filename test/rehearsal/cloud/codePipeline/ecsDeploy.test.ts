import type {
  DescribeServicesCommandOutput,
  DescribeTaskDefinitionCommandOutput,
  RegisterTaskDefinitionCommandOutput,
} from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { createEcr } from "../../../../rehearsal/cloud/ecr";
import { createEcs } from "../../../../rehearsal/cloud/ecs";
import { createLoadBalancer } from "../../../../rehearsal/cloud/loadBalancer";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createNetwork } from "../../../../rehearsal/cloud/network";
import { zipOf } from "../codeBuild/support";
import { pushImage, until } from "../ecs/containerSupport";
import { DEPLOY, type DeploymentEvent, EXECUTION, LOG_CONFIGURATION, serverOf } from "../ecs/support";
import { aws, createPipelineCloud, type PipelineCloud, source, stage, statements } from "./support";

const operator = { kind: "operator" } as const;
const host = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

/** What AWS has a pipeline's role allowed for the action, one permission a statement. */
const granted = {
  ...statements,
  services: { ...DEPLOY.services, Action: ["ecs:DescribeServices"] },
  update: { ...DEPLOY.services, Action: ["ecs:UpdateService"] },
  describe: DEPLOY.describe,
  register: DEPLOY.register,
  tag: DEPLOY.tag,
  pass: DEPLOY.pass,
};

describe("the ECS action of a pipeline", () => {
  let account: PipelineCloud;
  let seed: string;

  beforeEach(async () => {
    account = await createPipelineCloud([createNetwork, createLoadBalancer, createEcr, createLogs, createEcs], {
      speed: 300,
    });
    const { cloud } = account;
    await cloud.declare("aws:ecr/repository:Repository", "shop", { name: "shop" });
    await cloud.declare("aws:cloudwatch/logGroup:LogGroup", "shop", { name: "shop" });
    await cloud.declare("aws:ecs/cluster:Cluster", "main", { name: "main" });
    await cloud.role("execution", "ecs-tasks.amazonaws.com", Object.values(EXECUTION));
    seed = await register(`${host}/shop:none`);
  });

  afterEach(() => account.close());

  /** @returns the ARN of the revision */
  async function register(image: string): Promise<string> {
    const { taskDefinition } = await ask<RegisterTaskDefinitionCommandOutput>("RegisterTaskDefinition", {
      family: "web",
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      cpu: "256",
      memory: "512",
      executionRoleArn: "arn:aws:iam::123456789012:role/execution",
      tags: [{ key: "team", value: "shop" }],
      containerDefinitions: [
        {
          name: "app",
          image,
          portMappings: [{ containerPort: 8080 }],
          environment: [{ name: "EMPTY", value: "" }],
          logConfiguration: LOG_CONFIGURATION,
        },
      ],
    });
    return String(taskDefinition?.taskDefinitionArn);
  }

  const ask = <O>(operation: string, input: object) => account.cloud.call<object, O>(operator, "ecs", operation, input);

  const push = (version: string, server: string) =>
    pushImage(account.cloud, `${host}/shop:${version}`, {
      Dockerfile: 'FROM node:24-slim\nWORKDIR /app\nCOPY server.js .\nCMD ["node", "server.js"]\n',
      "server.js": server,
    });

  async function declareService(desiredCount: number): Promise<void> {
    const { outputs: vpc } = await account.cloud.declare("awsx:ec2:Vpc", "vpc", { numberOfAvailabilityZones: 2 });
    const group = await account.cloud.declare("aws:ec2/securityGroup:SecurityGroup", "tasks", { vpcId: vpc.vpcId });
    await account.cloud.declare("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "out", {
      securityGroupId: group.id,
      ipProtocol: "-1",
      cidrIpv4: "0.0.0.0/0",
    });
    await account.cloud.declare("aws:ecs/service:Service", "web", {
      name: "web",
      cluster: "arn:aws:ecs:us-east-1:123456789012:cluster/main",
      taskDefinition: seed,
      desiredCount,
      launchType: "FARGATE",
      networkConfiguration: { subnets: vpc.privateSubnetIds, securityGroups: [group.id] },
      deploymentCircuitBreaker: { enable: true, rollback: true },
    });
    await account.cloud.start();
  }

  const declare = (statements: object[] = Object.values(granted), configuration: object = {}) =>
    account.declare(
      [
        stage("Source", source),
        stage("Deploy", {
          ...aws("Deploy", "ECS"),
          name: "Deploy",
          inputArtifacts: ["Source"],
          configuration: { ClusterName: "main", ServiceName: "web", ...configuration },
        }),
      ],
      { granted: statements },
    );

  /** Starts the pipeline with these files as its source. */
  async function deliver(files: Record<string, string>) {
    await account.upload(await zipOf(files));
    const id = await account.start();
    return { id, ...(await account.finished(id)) };
  }

  const definitions = (imageUri: string, name = "app") => JSON.stringify([{ name, imageUri }]);

  async function service() {
    const { services = [] } = await ask<DescribeServicesCommandOutput>("DescribeServices", {
      cluster: "main",
      services: ["web"],
    });
    return services[0];
  }

  it("deploys a revision of what the service has, with the image and all else as it was", async () => {
    await declareService(2);
    await declare();
    const image = await push("v1", serverOf("v1"));
    const { id, status, reason } = await deliver({ "imagedefinitions.json": definitions(image) });
    expect({ status, reason }).to.deep.equal({ status: "Succeeded", reason: undefined });
    const after = await service();
    expect([after?.deployments?.length, after?.runningCount, after?.desiredCount]).to.deep.equal([1, 2, 2]);
    expect(after?.taskDefinition).to.match(/task-definition\/web:2$/);
    const { taskDefinition, tags } = await ask<DescribeTaskDefinitionCommandOutput>("DescribeTaskDefinition", {
      taskDefinition: after?.taskDefinition,
      include: ["TAGS"],
    });
    expect(tags).to.deep.equal([{ key: "team", value: "shop" }]);
    expect(taskDefinition?.containerDefinitions?.map((it) => [it.name, it.image, it.environment])).to.deep.equal([
      ["app", image, [{ name: "EMPTY", value: "" }]],
    ]);
    const [, deployed] = await account.actions(id);
    expect(deployed?.output?.executionResult?.externalExecutionId).to.equal(after?.deployments?.[0]?.id);
  });

  it("is stable at once with a service of no tasks", async () => {
    await declareService(0);
    await declare(Object.values(granted), { FileName: "images/web.json" });
    const image = await push("v1", serverOf("v1"));
    const { status } = await deliver({ "images/web.json": definitions(image) });
    expect(status).to.equal("Succeeded");
    expect((await service())?.taskDefinition).to.match(/task-definition\/web:2$/);
  });

  it("waits for its whole time where ECS took a deployment back", async () => {
    await declareService(1);
    await declare(Object.values(granted), { DeploymentTimeout: "9" });
    const taskDefinition = await register(await push("v1", serverOf("v1")));
    const completed = account.cloud.until(
      (event): event is DeploymentEvent => event.kind === "deployment" && event.rolloutState === "COMPLETED",
    );
    await ask("UpdateService", { cluster: "main", service: "web", taskDefinition });
    await completed;
    const crashing = await push("v2", "process.exit(1)");
    const began = account.cloud.clock.now();
    const { status, reason } = await deliver({ "imagedefinitions.json": definitions(crashing) });
    expect(status).to.equal("Failed");
    expect(reason).to.equal(
      "Deploy/Deploy: The AWS ECS service web is not stable with " +
        "arn:aws:ecs:us-east-1:123456789012:task-definition/web:3 after 9 minutes.",
    );
    expect(account.cloud.clock.now() - began).to.be.at.least(9 * 60_000);
    await until(async () => (await service())?.taskDefinition === taskDefinition);
  });

  const key = "storefront/Source/[0-9a-f]{7}";
  const refused: [string, Record<string, string>, object, RegExp][] = [
    [
      "an artifact without the file",
      { "other.json": "[]" },
      {},
      new RegExp(
        "^Deploy/Deploy: Did not find the image definition file imagedefinitions.json in the input artifacts ZIP file. " +
          `Verify the file is stored in your pipeline's Amazon S3 artifact bucket: acme-artifacts key: ${key}$`,
      ),
    ],
    [
      "a file that is not JSON",
      { "imagedefinitions.json": "[" },
      {},
      /^Deploy\/Deploy: The image definition file imagedefinitions\.json contains invalid JSON format: /,
    ],
    [
      "a file of another shape",
      { "imagedefinitions.json": '[{"name":"app"}]' },
      {},
      /^Deploy\/Deploy: The image definition file imagedefinitions\.json is no list of {"name", "imageUri"}: \[{"name":"app"}\]$/,
    ],
    [
      "a file of more than 100 KB",
      { "imagedefinitions.json": " ".repeat(102_401) },
      {},
      /^Deploy\/Deploy: The image definition file imagedefinitions\.json has 102401 bytes; 102400 are allowed\.$/,
    ],
    [
      "a container that the task definition has not",
      { "imagedefinitions.json": definitions(`${host}/shop:v1`, "web") },
      {},
      /^Deploy\/Deploy: The AWS ECS container web does not exist$/,
    ],
    [
      "a cluster that is not there",
      { "imagedefinitions.json": definitions(`${host}/shop:v1`) },
      { ClusterName: "other" },
      /^Deploy\/Deploy: Cluster not found\.$/,
    ],
    [
      "a service that is not there",
      { "imagedefinitions.json": definitions(`${host}/shop:v1`) },
      { ServiceName: "other" },
      /^Deploy\/Deploy: The AWS ECS service other does not exist$/,
    ],
  ];
  for (const [what, files, configuration, reason] of refused)
    it(`fails with ${what}, and changes nothing`, async () => {
      await declareService(0);
      const anyService = { Effect: "Allow", Action: "ecs:DescribeServices", Resource: "*" };
      await declare([...Object.values(granted), anyService], configuration);
      expect((await deliver(files)).reason).to.match(reason);
      expect((await service())?.taskDefinition).to.equal(seed);
    });

  const needed: [keyof typeof granted, string][] = [
    ["services", "ecs:DescribeServices on resource: arn:aws:ecs:us-east-1:123456789012:service/main/web"],
    ["describe", "ecs:DescribeTaskDefinition on resource: *"],
    ["register", "ecs:RegisterTaskDefinition on resource: arn:aws:ecs:us-east-1:123456789012:task-definition/web:*"],
    ["tag", "ecs:TagResource on resource: arn:aws:ecs:us-east-1:123456789012:task-definition/web:*"],
    ["pass", "iam:PassRole on resource: arn:aws:iam::123456789012:role/execution"],
    ["update", "ecs:UpdateService on resource: arn:aws:ecs:us-east-1:123456789012:service/main/web"],
  ];
  for (const [missing, why] of needed)
    it(`fails without (${missing})`, async () => {
      await declareService(1);
      const { [missing]: _, ...rest } = granted;
      await declare(Object.values(rest));
      const image = await push("v1", serverOf("v1"));
      const { status, reason } = await deliver({ "imagedefinitions.json": definitions(image) });
      expect(status).to.equal("Failed");
      expect(reason).to.include("Deploy/Deploy: User: ").and.include(`is not authorized to perform: ${why}`);
    });
});
