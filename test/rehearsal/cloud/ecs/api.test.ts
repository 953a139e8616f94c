import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { until } from "./containerSupport";
import { clientWith, DEPLOY, ECS, openShop, refusal, registrationOf, SEED, type Shop } from "./support";

describe("ECS operations", () => {
  let shop: Shop;
  let client: ECSClient;

  beforeEach(async () => {
    // Time is of no matter here.
    shop = await openShop(0);
    client = await clientWith(shop, Object.values(DEPLOY), "deploy");
  });
  afterEach(() => shop.cloud.close());

  const register = (more: object = {}, by = client) =>
    by.send(new RegisterTaskDefinitionCommand(registrationOf(shop, more)));

  it("describe services, and name the missing ones", async () => {
    await shop.declareService(await shop.register(SEED), { tags: { team: "shop" } });
    const reader = await clientWith(shop, [{ ...DEPLOY.services, Resource: ["*"] }], "reader");
    const command = new DescribeServicesCommand({ cluster: "main", services: ["web", "gone"], include: ["TAGS"] });
    const { services, failures } = await reader.send(command);
    expect(services?.map((it) => [it.serviceArn, it.clusterArn, it.launchType, it.tags])).to.deep.equal([
      [`${ECS}:service/main/web`, `${ECS}:cluster/main`, "FARGATE", [{ key: "team", value: "shop" }]],
    ]);
    expect(services?.[0]?.networkConfiguration?.awsvpcConfiguration).to.deep.equal({
      subnets: shop.web.privateSubnets,
      securityGroups: [shop.web.taskGroup],
      assignPublicIp: "DISABLED",
    });
    expect(failures).to.deep.equal([{ arn: `${ECS}:service/main/gone`, reason: "MISSING" }]);
    const elsewhere = reader.send(new DescribeServicesCommand({ cluster: "other", services: ["web"] }));
    expect(await refusal(elsewhere)).to.equal("ClusterNotFoundException: Cluster not found.");
  });

  it("update services only with what they know", async () => {
    await shop.declareService(await shop.register(SEED));
    await shop.register(SEED, { name: "other" });
    await shop.register(SEED, { portMappings: [{ containerPort: 9090 }] });
    const update = (more: object) =>
      refusal(client.send(new UpdateServiceCommand({ cluster: "main", service: "web", ...more })));
    expect(await update({ taskDefinition: "web:2" })).to.equal(
      "InvalidParameterException: The container app does not exist in the task definition.",
    );
    expect(await update({ taskDefinition: "web:3" })).to.equal(
      "InvalidParameterException: The container app did not have a container port 8080 defined.",
    );
    expect(await update({ taskDefinition: "web:4" })).to.match(/^ClientException: /);
    expect(await update({ platformVersion: "1.4.0" })).to.match(/UpdateService with platformVersion is not simulated/);
    const operator = { kind: "operator" } as const;
    const missing = shop.cloud.call(operator, "ecs", "UpdateService", { cluster: "main", service: "gone" });
    expect(await refusal(missing)).to.equal("ServiceNotFoundException: Service not found.");
  });

  it("list tasks in pages, and name the missing ones", async () => {
    await shop.declareService(await shop.register(SEED), { desiredCount: 3 });
    await shop.cloud.start();
    // Without an image they stop as soon as they have started.
    await until(async () => (await shop.tasks("STOPPED")).length === 3);
    const input = { cluster: "main", serviceName: "web", desiredStatus: "STOPPED", maxResults: 2 } as const;
    const page = (nextToken?: string) => client.send(new ListTasksCommand({ ...input, nextToken }));
    const first = await page();
    const second = await page(first.nextToken);
    expect([first.taskArns?.length, second.taskArns?.length, second.nextToken]).to.deep.equal([2, 1, undefined]);
    const tasks = [first.taskArns?.[0] ?? "", `${ECS}:task/main/gone`];
    const described = await client.send(new DescribeTasksCommand({ cluster: "main", tasks }));
    expect(described.tasks?.map((it) => [it.taskArn, it.group, it.launchType])).to.deep.equal([
      [tasks[0], "service:web", "FARGATE"],
    ]);
    expect(described.failures).to.deep.equal([{ arn: tasks[1], reason: "MISSING" }]);
  });

  it("show stopped tasks for an hour", async () => {
    await shop.declareService(await shop.register(SEED), { desiredCount: 1 });
    const stopped = shop.cloud.until((event): event is typeof event => event.kind === "task");
    await shop.cloud.start();
    await stopped;
    await shop.update({ desiredCount: 0 });
    expect((await shop.tasks("STOPPED")).length).to.equal(1);
    await shop.cloud.clock.turn(60 * 60_000);
    expect((await shop.tasks("STOPPED")).length).to.equal(0);
  });

  const needed: [keyof typeof DEPLOY, permission: string, attempt: (by: ECSClient) => Promise<unknown>][] = [
    ["register", `ecs:RegisterTaskDefinition on resource: ${ECS}:task-definition/web:*`, (by) => register({}, by)],
    [
      "tag",
      `ecs:TagResource on resource: ${ECS}:task-definition/web:*`,
      (by) => register({ tags: [{ key: "a", value: "b" }] }, by),
    ],
    ["pass", "iam:PassRole on resource: arn:aws:iam::123456789012:role/execution", (by) => register({}, by)],
    [
      "describe",
      "ecs:DescribeTaskDefinition on resource: *",
      (by) => by.send(new DescribeTaskDefinitionCommand({ taskDefinition: "web" })),
    ],
    [
      "services",
      `ecs:UpdateService on resource: ${ECS}:service/main/web`,
      (by) => by.send(new UpdateServiceCommand({ cluster: "main", service: "web" })),
    ],
    [
      "services",
      `ecs:DescribeServices on resource: ${ECS}:service/main/web`,
      (by) =>
        by.send(new DescribeServicesCommand({ cluster: `${ECS}:cluster/main`, services: [`${ECS}:service/main/web`] })),
    ],
    [
      "list",
      `ecs:ListTasks on resource: ${ECS}:container-instance/main/*`,
      (by) => by.send(new ListTasksCommand({ cluster: "main" })),
    ],
    [
      "tasks",
      `ecs:DescribeTasks on resource: ${ECS}:task/main/1`,
      (by) => by.send(new DescribeTasksCommand({ cluster: "main", tasks: ["1"] })),
    ],
  ];
  for (const [statement, permission, attempt] of needed)
    it(`ask for ${permission}`, async () => {
      await shop.declareService(await shop.register(SEED));
      expect(await refusal(attempt(client))).to.equal("no refusal");
      const statements = Object.entries(DEPLOY).filter(([key]) => key !== statement);
      const lacking = await clientWith(
        shop,
        statements.map(([, it]) => it),
        "lacking",
      );
      expect(await refusal(attempt(lacking))).to.include(`is not authorized to perform: ${permission}`);
    });

  const services: [name: string, inputs: () => object | Promise<object>, message: RegExp][] = [
    ["of an unknown cluster", () => ({ cluster: `${ECS}:cluster/other` }), /Cluster not found/],
    ["of an unknown task definition", () => ({ taskDefinition: "api:1" }), /api:1 is not registered/],
    ["without a network", () => ({ networkConfiguration: undefined }), /Network Configuration must be provided/],
    ["on instances", () => ({ launchType: "EC2" }), /launchType EC2 is not simulated/],
    ["with discovery", () => ({ serviceRegistries: { registryArn: "x" } }), /serviceRegistries is not simulated/],
    [
      "of a target group that no listener uses",
      async () => {
        const { id } = await shop.cloud.declare("aws:lb/targetGroup:TargetGroup", "unused", { targetType: "ip" });
        return { loadBalancers: [{ targetGroupArn: id, containerName: "app", containerPort: 8080 }] };
      },
      /does not have an associated load balancer/,
    ],
    [
      "of a target group for instances",
      async () => {
        const { id: targetGroupArn } = await shop.cloud.declare("aws:lb/targetGroup:TargetGroup", "instances", {});
        const { listenerArn } = shop.web;
        const actions = [{ type: "forward", targetGroupArn }];
        const conditions = [{ pathPattern: { values: ["/x"] } }];
        await shop.cloud.declare("aws:lb/listenerRule:ListenerRule", "x", { listenerArn, actions, conditions });
        return { loadBalancers: [{ targetGroupArn, containerName: "app", containerPort: 8080 }] };
      },
      /has target type instance, which is incompatible with the awsvpc network mode/,
    ],
  ];
  for (const [name, inputs, message] of services)
    it(`refuse a service ${name}`, async () => {
      const taskDefinition = await shop.register(SEED);
      expect(await refusal(shop.declareService(taskDefinition, await inputs()))).to.match(message);
    });
});
