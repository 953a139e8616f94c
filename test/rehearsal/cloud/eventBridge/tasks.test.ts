import type { Target } from "@aws-sdk/client-eventbridge";
import { expect } from "chai";
import { createEcr } from "../../../../rehearsal/cloud/ecr";
import { createEcs } from "../../../../rehearsal/cloud/ecs";
import { createEventBridge } from "../../../../rehearsal/cloud/eventBridge";
import { runTaskRequest } from "../../../../rehearsal/cloud/eventBridge/invoke";
import type { CloudEvent } from "../../../../rehearsal/cloud/events";
import { createLoadBalancer } from "../../../../rehearsal/cloud/loadBalancer";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createNetwork } from "../../../../rehearsal/cloud/network";
import { createSecretsManager } from "../../../../rehearsal/cloud/secretsManager";
import { createSsm } from "../../../../rehearsal/cloud/ssm";
import { createTestCloud, type TestCloud } from "../../support";
import { declareWeb, pushImage } from "../ecs/containerSupport";
import { ECS, EXECUTION, LOG_CONFIGURATION } from "../ecs/support";
import { isKind } from "../lambda/support";

const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const CLUSTER = `${ECS}:cluster/main`;

type TaskEvent = Extract<CloudEvent, { kind: "task" }>;
const isStopped = (event: CloudEvent): event is TaskEvent => event.kind === "task" && event.status === "STOPPED";

describe("A schedule of EventBridge that runs a task", () => {
  let cloud: TestCloud;

  beforeEach(async () => {
    cloud = await createTestCloud(
      [createNetwork, createEcr, createLoadBalancer, createLogs, createSecretsManager, createSsm, createEcs].concat(
        createEventBridge,
      ),
      { speed: 300 },
    );
  });
  afterEach(() => cloud.close());

  /** A rule that runs `node report.js` every minute, under a role that may pass only this role on. */
  async function declareSchedule(passed: string) {
    const web = await declareWeb(cloud);
    await cloud.declare("aws:ecr/repository:Repository", "shop", { name: "shop" });
    await cloud.declare("aws:cloudwatch/logGroup:LogGroup", "shop", { name: "shop" });
    await cloud.declare("aws:ecs/cluster:Cluster", "main", { name: "main" });
    const executionRoleArn = await cloud.role("execution", "ecs-tasks.amazonaws.com", Object.values(EXECUTION));
    const image = await pushImage(cloud, `${HOST}/shop:v1`, {
      Dockerfile: 'FROM node:24-slim\nWORKDIR /app\nCOPY report.js .\nCMD ["node", "--version"]\n',
      "report.js": 'console.log("reported"); process.exit(3);',
    });
    const container = { name: "app", image, logConfiguration: LOG_CONFIGURATION };
    await cloud.declare("aws:ecs/taskDefinition:TaskDefinition", "task", {
      family: "dev-shop-task",
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      cpu: "256",
      memory: "512",
      executionRoleArn,
      containerDefinitions: JSON.stringify([container]),
    });
    const roleArn = await cloud.role("schedules", "events.amazonaws.com", [
      { Effect: "Allow", Action: "ecs:RunTask", Resource: `${ECS}:task-definition/dev-shop-task:*` },
      { Effect: "Allow", Action: "iam:PassRole", Resource: passed },
    ]);
    const rule = { name: "dev-shop--report", scheduleExpression: "rate(1 minute)" };
    await cloud.declare("aws:cloudwatch/eventRule:EventRule", "report", rule);
    await cloud.declare("aws:cloudwatch/eventTarget:EventTarget", "report", {
      rule: "dev-shop--report",
      arn: CLUSTER,
      roleArn,
      input: JSON.stringify({ containerOverrides: [{ name: "app", command: ["node", "report.js"] }] }),
      ecsTarget: {
        taskDefinitionArn: `${ECS}:task-definition/dev-shop-task:1`,
        launchType: "FARGATE",
        networkConfiguration: { subnets: web.privateSubnets, securityGroups: [web.taskGroup] },
      },
    });
  }

  it("starts it in the cluster with the command of its own, in the rule's name", async () => {
    const called = cloud.until(isKind("rule"));
    const stopped = cloud.until(isStopped);
    await declareSchedule("arn:aws:iam::123456789012:role/execution");
    expect(await called).to.deep.equal({ kind: "rule", rule: "dev-shop--report", target: CLUSTER });
    const { family, startedBy, exitCode } = await stopped;
    expect([family, startedBy, exitCode]).to.deep.equal(["dev-shop-task", "events-rule/dev-shop--report", 3]);
    expect(cloud.events.some((it) => it.kind === "log" && it.line === "reported")).to.equal(true);
  });

  it("starts none where its role may not pass the task's role on", async () => {
    const called = cloud.until(isKind("rule"));
    await declareSchedule("arn:aws:iam::123456789012:role/other");
    expect((await called).error).to.match(
      /^User: arn:aws:sts::123456789012:assumed-role\/schedules\/rehearsal is not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role\/execution\. /,
    );
    expect(cloud.events.filter((it) => it.kind === "task")).to.deep.equal([]);
  });
});

describe("What EventBridge asks of ECS", () => {
  it("is all that the target tells", () => {
    const EcsParameters: NonNullable<Target["EcsParameters"]> = {
      TaskDefinitionArn: "task:1",
      TaskCount: 2,
      CapacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }],
      PlatformVersion: "1.4.0",
      Group: "reports",
      EnableECSManagedTags: true,
      PropagateTags: "TASK_DEFINITION",
      Tags: [{ Key: "slipway:application", Value: "storefront" }],
    };
    const request = runTaskRequest({ name: "nightly" }, { Id: "task", Arn: CLUSTER, EcsParameters });
    expect(JSON.parse(JSON.stringify(request))).to.deep.equal({
      cluster: CLUSTER,
      taskDefinition: "task:1",
      count: 2,
      capacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }],
      platformVersion: "1.4.0",
      group: "reports",
      enableECSManagedTags: true,
      propagateTags: "TASK_DEFINITION",
      tags: [{ key: "slipway:application", value: "storefront" }],
      startedBy: "events-rule/nightly",
    });
  });
});
