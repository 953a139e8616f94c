import type { RunTaskCommandOutput } from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { createEventBridge } from "../../../../rehearsal/cloud/eventBridge";
import type { CloudEvent } from "../../../../rehearsal/cloud/events";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createBus } from "../eventBridge/busSupport";
import { declareFunction, linesOf } from "../lambda/support";
import { until } from "./containerSupport";
import { ECS, openShop, SEED, type Shop, serverOf } from "./support";

const TYPE = "ECS Task State Change";
const OPERATOR = { kind: "operator" } as const;

async function runTask(shop: Shop, taskDefinition: string): Promise<string> {
  const { tasks } = await shop.cloud.call<object, RunTaskCommandOutput>(OPERATOR, "ecs", "RunTask", {
    cluster: "main",
    taskDefinition,
    launchType: "FARGATE",
    startedBy: "a1/b-2",
    overrides: { containerOverrides: [{ name: "app", environment: [{ name: "COLOR", value: "red" }] }] },
    networkConfiguration: {
      awsvpcConfiguration: { subnets: shop.web.privateSubnets, securityGroups: [shop.web.taskGroup] },
    },
  });
  return tasks?.[0]?.taskArn ?? "";
}

describe("ECS task state changes", () => {
  let shop: Shop;
  let bus: ReturnType<typeof createBus>;

  beforeEach(async () => {
    bus = createBus();
    shop = await openShop(300, [bus.create]);
  });
  afterEach(() => shop.cloud.close());

  const details = (taskArn: string) => bus.detailsOf(TYPE).filter((it) => it.taskArn === taskArn);
  const statuses = (taskArn: string) =>
    details(taskArn).map((it) => [it.version, it.lastStatus, it.desiredStatus, it.stopCode]);

  /** Resolves when the last event of the task is there. */
  const sent = (taskArn: string) => until(() => details(taskArn).at(-1)?.lastStatus === "STOPPED");

  it("are sent for each status of a task on its own, with all that is known of it", async () => {
    const image = await shop.push("v1", "process.exit(3)");
    const taskDefinitionArn = await shop.register(image);
    const taskArn = await runTask(shop, "web:1");
    await sent(taskArn);
    expect(statuses(taskArn)).to.deep.equal([
      [1, "PENDING", "RUNNING", undefined],
      [2, "RUNNING", "RUNNING", undefined],
      [3, "STOPPING", "STOPPED", "EssentialContainerExited"],
      [4, "STOPPED", "STOPPED", "EssentialContainerExited"],
    ]);
    const { createdAt, startedAt, stoppingAt, stoppedAt, updatedAt, attachments, ...detail } =
      details(taskArn).at(-1) ?? {};
    const [{ id: attachmentId, details: found }] = attachments;
    const [, networkInterface] = found;
    expect(attachments).to.deep.equal([
      {
        id: attachmentId,
        type: "eni",
        status: "DELETED",
        details: [
          { name: "subnetId", value: shop.web.privateSubnets[0] },
          { name: "networkInterfaceId", value: networkInterface.value },
          { name: "privateIPv4Address", value: "10.0.0.4" },
        ],
      },
    ]);
    expect(detail).to.deep.equal({
      taskArn,
      clusterArn: `${ECS}:cluster/main`,
      taskDefinitionArn,
      group: "family:web",
      startedBy: "a1/b-2",
      launchType: "FARGATE",
      platformVersion: "1.4.0",
      platformFamily: "Linux",
      availabilityZone: "us-east-1a",
      cpu: "256",
      memory: "512",
      overrides: {
        containerOverrides: [{ name: "app", environment: [{ name: "COLOR", value: "red" }] }],
        inferenceAcceleratorOverrides: [],
      },
      lastStatus: "STOPPED",
      desiredStatus: "STOPPED",
      stopCode: "EssentialContainerExited",
      stoppedReason: "Essential container in task exited",
      version: 4,
      containers: [
        {
          containerArn: `${taskArn.replace(":task/", ":container/")}/app`,
          taskArn,
          name: "app",
          image,
          imageDigest: image.split("@")[1],
          lastStatus: "STOPPED",
          exitCode: 3,
          networkInterfaces: [{ attachmentId, privateIpv4Address: "10.0.0.4" }],
        },
      ],
    });
    for (const at of [createdAt, startedAt, stoppingAt, stoppedAt, updatedAt])
      expect(at).to.match(/^2026-01-05T\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(bus.entries.at(-1)).to.include({ Source: "aws.ecs", DetailType: TYPE });
    expect(bus.entries.at(-1)?.Resources).to.deep.equal([taskArn]);
  });

  it("say why a task never ran, whose containers have no exit code", async () => {
    await shop.register(SEED);
    const taskArn = await runTask(shop, "web:1");
    await sent(taskArn);
    expect(statuses(taskArn).map(([, ...status]) => status)).to.deep.equal([
      ["PENDING", "RUNNING", undefined],
      ["STOPPING", "STOPPED", "TaskFailedToStart"],
      ["STOPPED", "STOPPED", "TaskFailedToStart"],
    ]);
    const { stoppedReason, containers, startedAt } = details(taskArn).at(-1) ?? {};
    expect(stoppedReason).to.match(/^CannotPullContainerError: pull image manifest .* not found$/);
    expect(containers[0].reason).to.equal(stoppedReason);
    expect([startedAt, containers[0].exitCode]).to.deep.equal([undefined, undefined]);
  });

  it("say who stopped a task", async () => {
    await shop.register(await shop.push("v1", "setInterval(() => {}, 1000)"));
    const taskArn = await runTask(shop, "web:1");
    await until(() => details(taskArn).at(-1)?.lastStatus === "RUNNING");
    await shop.cloud.call(OPERATOR, "ecs", "StopTask", { cluster: "main", task: taskArn, reason: "enough" });
    await sent(taskArn);
    const { stopCode, stoppedReason, containers } = details(taskArn).at(-1) ?? {};
    expect([stopCode, stoppedReason, containers[0].exitCode]).to.deep.equal(["UserInitiated", "enough", 143]);
  });

  it("are sent for a service's tasks, and tell no health", async () => {
    const taskDefinition = await shop.register(await shop.push("v1", serverOf("v1")), {
      healthCheck: { command: ["CMD", "true"], interval: 5 },
    });
    await shop.declareService(taskDefinition, { desiredCount: 1 });
    const completed = shop.deployment("COMPLETED");
    await shop.cloud.start();
    await completed;
    const [task] = await shop.tasks();
    const taskArn = task?.taskArn ?? "";
    expect(task?.healthStatus).to.equal("HEALTHY");
    expect(statuses(taskArn).map(([, status]) => status)).to.deep.equal(["PENDING", "RUNNING"]);
    await shop.update({ desiredCount: 0 });
    await sent(taskArn);
    expect(statuses(taskArn).map(([, status]) => status)).to.deep.equal([
      "PENDING",
      "RUNNING",
      "DEACTIVATING",
      "STOPPING",
      "STOPPED",
    ]);
    for (const { group, healthStatus, containers } of details(taskArn))
      expect([group, healthStatus, containers[0].healthStatus]).to.deep.equal(["service:web", undefined, undefined]);
  });

  it("are not sent of what ends with the account", async () => {
    await shop.register(await shop.push("v1", "setInterval(() => {}, 1000)"));
    const taskArn = await runTask(shop, "web:1");
    await until(() => details(taskArn).at(-1)?.lastStatus === "RUNNING");
    await shop.cloud.close();
    expect(statuses(taskArn).map(([, status]) => status)).to.deep.equal(["PENDING", "RUNNING"]);
  });
});

describe("A rule for tasks that stopped", () => {
  let shop: Shop;

  beforeEach(async () => {
    shop = await openShop(300, [createEventBridge, createLambda]);
  });
  afterEach(() => shop.cloud.close());

  it("calls a function for those of its family and cluster alone", async () => {
    const { cloud } = shop;
    const { arn, name } = await declareFunction(
      cloud,
      "stopped",
      "exports.handler = async ({ source, detail }) => console.log(JSON.stringify([source, detail.startedBy, detail.containers[0].exitCode]))",
      { loggingConfig: { logFormat: "Text" } },
    );
    const pattern = (group: string) => ({
      source: ["aws.ecs"],
      "detail-type": [TYPE],
      detail: { clusterArn: [`${ECS}:cluster/main`], lastStatus: ["STOPPED"], group: [group] },
    });
    for (const family of ["web", "other"]) {
      const eventPattern = JSON.stringify(pattern(`family:${family}`));
      const { outputs } = await cloud.declare("aws:cloudwatch/eventRule:EventRule", family, {
        name: family,
        eventPattern,
      });
      await cloud.declare("aws:cloudwatch/eventTarget:EventTarget", family, { rule: family, arn });
      await cloud.declare("aws:lambda/permission:Permission", family, {
        action: "lambda:InvokeFunction",
        function: name,
        principal: "events.amazonaws.com",
        sourceArn: outputs.arn,
      });
    }
    await shop.register(await shop.push("v1", "process.exit(3)"));
    const invoked = cloud.until(
      (it): it is Extract<CloudEvent, { kind: "function-invoked" }> => it.kind === "function-invoked",
    );
    await runTask(shop, "web:1");
    expect((await invoked).outcome).to.equal("succeeded");
    expect(cloud.events.filter((it) => it.kind === "rule")).to.deep.equal([{ kind: "rule", rule: "web", target: arn }]);
    const told = linesOf(cloud, "/aws/lambda/stopped").map((line) => line.split("\t").at(-1));
    expect(told).to.include('["aws.ecs","a1/b-2",3]');
  });
});
