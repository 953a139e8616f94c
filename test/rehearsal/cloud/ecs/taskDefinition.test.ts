import {
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  type ECSClient,
  RegisterTaskDefinitionCommand,
  TagResourceCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { expect } from "chai";
import {
  CONTAINER,
  clientWith,
  DEPLOY,
  ECS,
  EXECUTION,
  openShop,
  refusal,
  registrationOf,
  SEED,
  type Shop,
} from "./support";

describe("ECS task definitions", () => {
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

  it("register revisions, complete their containers, and describe them with tags beside them", async () => {
    await register();
    const { taskDefinition, tags } = await register({ tags: [{ key: "environment", value: "dev" }] });
    expect(tags).to.deep.equal([{ key: "environment", value: "dev" }]);
    expect(taskDefinition?.containerDefinitions).to.deep.equal([
      {
        name: "app",
        image: SEED,
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
    const tagger = await clientWith(shop, [{ ...DEPLOY.tag, Condition: undefined }], "tagger");
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
      "a secret with the name of a variable",
      {
        containerDefinitions: [
          { ...CONTAINER, environment: [{ name: "KEY", value: "1" }], secrets: [{ name: "KEY", valueFrom: "key" }] },
        ],
      },
      /ClientException: The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'KEY'\.$/,
    ],
    [
      "a secret twice",
      {
        containerDefinitions: [
          {
            ...CONTAINER,
            secrets: [
              { name: "KEY", valueFrom: "one" },
              { name: "KEY", valueFrom: "two" },
            ],
          },
        ],
      },
      /ClientException: Duplicate secret names found: KEY\. Each secret name must be unique\.$/,
    ],
    [
      "a secret without an execution role",
      {
        executionRoleArn: undefined,
        containerDefinitions: [{ name: "app", image: "nginx", secrets: [{ name: "KEY", valueFrom: "key" }] }],
      },
      /ClientException: When you are specifying container secrets, you must also specify a value for 'executionRoleArn'\.$/,
    ],
    [
      "a container with more memory than its task",
      { containerDefinitions: [{ ...CONTAINER, memory: 513 }] },
      /ClientException: The 'memory' setting for container 'app' is greater than for the task\.$/,
    ],
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
      const input = registrationOf(shop, more);
      const attempt = shop.cloud.call({ kind: "operator" }, "ecs", "RegisterTaskDefinition", input);
      expect(await refusal(attempt)).to.match(message);
    });

  it("deregister a revision, which no service takes any more", async () => {
    await shop.declareService(await shop.register(SEED));
    await shop.register(SEED);
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

  it("declare a task definition as the provider answers", async () => {
    const { containerDefinitions, ...rest } = registrationOf(shop, {
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
