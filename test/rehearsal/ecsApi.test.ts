import {
  DeregisterTaskDefinitionCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  TagResourceCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { until } from "./containerSupport";
import { EXECUTION, openShop, type Shop } from "./ecsSupport";

const ECS = "arn:aws:ecs:us-east-1:123456789012";
const IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:none";

/** What the deploy function of the program may do. */
const DEPLOY = {
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

const CONTAINER = { name: "app", image: IMAGE, portMappings: [{ containerPort: 8080 }] };

describe("ECS operations", () => {
  let shop: Shop;
  let client: ECSClient;

  beforeEach(async () => {
    // Time is of no matter here.
    shop = await openShop(0);
    client = await clientWith(Object.values(DEPLOY), "deploy");
  });
  afterEach(() => shop.cloud.close());

  async function clientWith(statements: object[], name: string): Promise<ECSClient> {
    const role = await shop.cloud.role(name, "lambda.amazonaws.com", statements);
    return new ECSClient(await shop.cloud.clientOptions("lambda.amazonaws.com", role));
  }

  const registration = (more: object = {}): RegisterTaskDefinitionCommandInput => ({
    family: "web",
    requiresCompatibilities: ["FARGATE"],
    networkMode: "awsvpc",
    cpu: "256",
    memory: "512",
    executionRoleArn: shop.executionRole,
    containerDefinitions: [CONTAINER],
    ...more,
  });

  const register = (more: object = {}, by = client) => by.send(new RegisterTaskDefinitionCommand(registration(more)));

  const refusal = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => "no refusal",
      (error) => `${error.name}: ${error.message}`,
    );

  it("register revisions, complete their containers, and describe them with tags beside them", async () => {
    await register();
    const { taskDefinition, tags } = await register({ tags: [{ key: "environment", value: "dev" }] });
    expect(tags).to.deep.equal([{ key: "environment", value: "dev" }]);
    expect(taskDefinition?.containerDefinitions).to.deep.equal([
      {
        name: "app",
        image: IMAGE,
        cpu: 0,
        essential: true,
        portMappings: [{ containerPort: 8080, hostPort: 8080, protocol: "tcp" }],
        environment: [],
        mountPoints: [],
        volumesFrom: [],
        systemControls: [],
      },
    ]);
    const { containerDefinitions, requiresAttributes, ...rest } = taskDefinition ?? {};
    expect(rest).to.deep.equal({
      family: "web",
      revision: 2,
      taskDefinitionArn: `${ECS}:task-definition/web:2`,
      requiresCompatibilities: ["FARGATE"],
      compatibilities: ["EC2", "FARGATE"],
      networkMode: "awsvpc",
      cpu: "256",
      memory: "512",
      executionRoleArn: shop.executionRole,
      placementConstraints: [],
      volumes: [],
      status: "ACTIVE",
      registeredAt: new Date(Date.UTC(2026, 0, 5, 9, 0, 0)),
      registeredBy: "arn:aws:iam::123456789012:role/deploy",
    });
    const described = await client.send(new DescribeTaskDefinitionCommand({ taskDefinition: "web" }));
    expect([described.taskDefinition?.revision, described.tags]).to.deep.equal([2, undefined]);
    const first = new DescribeTaskDefinitionCommand({
      taskDefinition: `${ECS}:task-definition/web:1`,
      include: ["TAGS"],
    });
    expect((await client.send(first)).tags).to.deep.equal([]);
    const missing = client.send(new DescribeTaskDefinitionCommand({ taskDefinition: "web:3" }));
    expect(await refusal(missing)).to.match(/^ClientException: .*web:3/);
  });

  it("tag what is there", async () => {
    await register({ tags: [{ key: "a", value: "1" }] });
    const tagger = await clientWith([{ ...DEPLOY.tag, Condition: undefined }], "tagger");
    const tags = [
      { key: "a", value: "2" },
      { key: "b", value: "3" },
    ];
    await tagger.send(new TagResourceCommand({ resourceArn: `${ECS}:task-definition/web:1`, tags }));
    const described = new DescribeTaskDefinitionCommand({ taskDefinition: "web:1", include: ["TAGS"] });
    expect((await client.send(described)).tags).to.deep.equal(tags);
    // This role may tag what it creates, and nothing else.
    const later = client.send(new TagResourceCommand({ resourceArn: `${ECS}:task-definition/web:1`, tags }));
    expect(await refusal(later)).to.match(
      /^AccessDeniedException: .*ecs:TagResource on resource: .*task-definition\/web:1/,
    );
  });

  const registrations: [name: string, more: object, message: RegExp][] = [
    ["a revision", { revision: 1, status: "ACTIVE" }, /Unknown parameter in input: "revision", "status"/],
    ["no container", { containerDefinitions: [] }, /Container list cannot be empty/],
    ["no image", { containerDefinitions: [{ name: "app" }] }, /Container\.image should not be null or empty/],
    ["a name twice", { containerDefinitions: [CONTAINER, CONTAINER] }, /Container names should be unique/],
    [
      "nothing essential",
      { containerDefinitions: [{ ...CONTAINER, essential: false }] },
      /at least one essential container/,
    ],
    [
      "a size that Fargate has not",
      { cpu: "256", memory: "4096" },
      /No Fargate configuration exists for given values: 256 CPU, 4096 memory/,
    ],
    ["a step that Fargate has not", { cpu: "512", memory: "1536" }, /No Fargate configuration exists/],
    ["no size", { cpu: undefined }, /Fargate requires that 'cpu' be defined at the task level/],
    ["another network mode", { networkMode: "bridge" }, /Fargate only supports network mode 'awsvpc'/],
    ["no execution role", { executionRoleArn: undefined }, /execution role ARN to support ECR images/],
    [
      "half a log driver",
      { containerDefinitions: [{ ...CONTAINER, logConfiguration: { logDriver: "awslogs", options: {} } }] },
      /Log driver awslogs requires options: awslogs-group/,
    ],
    [
      "another log driver",
      { containerDefinitions: [{ ...CONTAINER, logConfiguration: { logDriver: "splunk" } }] },
      /the log driver splunk is not simulated/,
    ],
    [
      "dependencies",
      { containerDefinitions: [{ ...CONTAINER, dependsOn: [{ containerName: "app", condition: "START" }] }] },
      /dependsOn is not simulated/,
    ],
  ];
  for (const [name, more, message] of registrations)
    it(`refuse to register ${name}`, async () => {
      // Straight to the account: the SDK leaves out what the API does not know.
      const input = registration(more);
      const attempt = shop.cloud.call({ kind: "operator" }, "ecs", "RegisterTaskDefinition", input);
      expect(await refusal(attempt)).to.match(message);
    });

  it("deregister a revision, which no service takes any more", async () => {
    await shop.declareService(await shop.register(IMAGE));
    await shop.register(IMAGE);
    const operator = { kind: "operator" } as const;
    await shop.cloud.call(operator, "ecs", "DeregisterTaskDefinition", { taskDefinition: "web:2" });
    const described = await client.send(new DescribeTaskDefinitionCommand({ taskDefinition: "web:2" }));
    expect(described.taskDefinition?.status).to.equal("INACTIVE");
    expect(
      (await client.send(new DescribeTaskDefinitionCommand({ taskDefinition: "web" }))).taskDefinition?.revision,
    ).to.equal(1);
    const update = new UpdateServiceCommand({ cluster: "main", service: "web", taskDefinition: "web:2" });
    expect(await refusal(client.send(update))).to.equal("ClientException: TaskDefinition is inactive");
    const denied = client.send(new DeregisterTaskDefinitionCommand({ taskDefinition: "web:1" }));
    expect(await refusal(denied)).to.match(/^AccessDeniedException: .*ecs:DeregisterTaskDefinition on resource: \*/);
  });

  it("describe services, and name the missing ones", async () => {
    await shop.declareService(await shop.register(IMAGE), { tags: { team: "shop" } });
    const reader = await clientWith([{ ...DEPLOY.services, Resource: ["*"] }], "reader");
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
    await shop.declareService(await shop.register(IMAGE));
    await shop.register(IMAGE, { name: "other" });
    await shop.register(IMAGE, { portMappings: [{ containerPort: 9090 }] });
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
    await shop.declareService(await shop.register(IMAGE), { desiredCount: 3 });
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
    await shop.declareService(await shop.register(IMAGE), { desiredCount: 1 });
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
      await shop.declareService(await shop.register(IMAGE));
      expect(await refusal(attempt(client))).to.equal("no refusal");
      const statements = Object.entries(DEPLOY).filter(([key]) => key !== statement);
      const lacking = await clientWith(
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
      const taskDefinition = await shop.register(IMAGE);
      expect(await refusal(shop.declareService(taskDefinition, await inputs()))).to.match(message);
    });

  it("declare a task definition as the provider answers", async () => {
    const { containerDefinitions, ...rest } = registration({
      executionRoleArn: await shop.cloud.role("x", "ecs-tasks.amazonaws.com", [EXECUTION.token]),
    });
    const { id, outputs } = await shop.cloud.declare("aws:ecs/taskDefinition:TaskDefinition", "web", {
      ...rest,
      containerDefinitions: JSON.stringify(containerDefinitions),
      tags: { team: "shop" },
      skipDestroy: true,
    });
    const { arn, arnWithoutRevision, revision } = outputs;
    expect({ id, arn, arnWithoutRevision, revision }).to.deep.equal({
      id: "web",
      arn: `${ECS}:task-definition/web:1`,
      arnWithoutRevision: `${ECS}:task-definition/web`,
      revision: 1,
    });
    const described = new DescribeTaskDefinitionCommand({ taskDefinition: "web", include: ["TAGS"] });
    expect((await client.send(described)).tags).to.deep.equal([{ key: "team", value: "shop" }]);
  });
});
