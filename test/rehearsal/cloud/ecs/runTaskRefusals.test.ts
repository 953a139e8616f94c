import { type ECSClient, type RunTaskCommandInput, StopTaskCommand } from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { openRunner, RUN, type Runner } from "./runTaskSupport";
import { clientWith, ECS, refusal, SEED, type Shop } from "./support";

describe("ECS tasks on their own: refusals", () => {
  let runner: Runner;
  let shop: Shop;

  beforeEach(async () => {
    runner = await openRunner();
    ({ shop } = runner);
  });
  afterEach(() => shop.cloud.close());

  const refused: [name: string, more: () => Partial<RunTaskCommandInput>, error: RegExp][] = [
    ["an unknown cluster", () => ({ cluster: "other" }), /^ClusterNotFoundException: Cluster not found\.$/],
    ["an unknown revision", () => ({ taskDefinition: "web:9" }), /^ClientException: TaskDefinition not found\.$/],
    [
      "no network",
      () => ({ networkConfiguration: undefined }),
      /^InvalidParameterException: Network Configuration must be provided/,
    ],
    [
      "an unknown subnet",
      () => ({ networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } } }),
      /^InvalidParameterException: .*The subnet ID 'subnet-1' does not exist \(ErrorCode: InvalidSubnetID\.NotFound\)$/,
    ],
    [
      "an unknown security group",
      () => ({
        networkConfiguration: {
          awsvpcConfiguration: { subnets: shop.web.privateSubnets, securityGroups: ["sg-1"] },
        },
      }),
      /^InvalidParameterException: .*The security group 'sg-1' does not exist \(ErrorCode: InvalidGroup\.NotFound\)$/,
    ],
    [
      "an unknown container",
      () => ({ overrides: { containerOverrides: [{ name: "web", command: ["true"] }] } }),
      /^InvalidParameterException: Override for container named web is not a container in the TaskDefinition\.$/,
    ],
    [
      "a size that Fargate has not",
      () => ({ overrides: { cpu: "256", memory: "4096" } }),
      /^ClientException: No Fargate configuration exists for given values: 256 CPU, 4096 memory\./,
    ],
    [
      "overrides that are too long",
      () => ({ overrides: { containerOverrides: [{ name: "app", command: ["x".repeat(8192)] }] } }),
      /^InvalidParameterException: Container Overrides length must be at most 8192$/,
    ],
    [
      "a size that is a number, as a rule's input may have it",
      () => ({ overrides: JSON.parse('{ "cpu": 512, "memory": "1024" }') }),
      /^SerializationException: NUMBER_VALUE can not be converted to a String \(overrides\.cpu\)$/,
    ],
    ["eleven tasks", () => ({ count: 11 }), /^InvalidParameterException: Count must be between 1 and 10/],
    ["a long token", () => ({ clientToken: "a".repeat(65) }), /^InvalidParameterException: Client token must be/],
    ["a startedBy of other characters", () => ({ startedBy: "a b" }), /^InvalidParameterException: Invalid startedBy/],
    ["instances", () => ({ launchType: "EC2" }), /launchType EC2 is not simulated/],
    ["what is not simulated", () => ({ enableExecuteCommand: true }), /enableExecuteCommand is not simulated/],
    [
      "overrides that are not simulated",
      () => ({ overrides: { ephemeralStorage: { sizeInGiB: 30 } } }),
      /overrides\.ephemeralStorage is not simulated/,
    ],
  ];
  for (const [name, more, error] of refused)
    it(`refuse ${name}`, async () => {
      await shop.register(SEED);
      const operator = { kind: "operator" } as const;
      expect(await refusal(shop.cloud.call(operator, "ecs", "RunTask", runner.request(more())))).to.match(error);
    });

  it("refuse a revision that is deregistered", async () => {
    await shop.register(SEED);
    const operator = { kind: "operator" } as const;
    await shop.cloud.call(operator, "ecs", "DeregisterTaskDefinition", { taskDefinition: "web:1" });
    expect(await refusal(runner.run())).to.equal("ClientException: TaskDefinition is inactive");
  });

  const needed: [keyof typeof RUN, permission: string, attempt: (by: ECSClient) => Promise<unknown>][] = [
    ["run", `ecs:RunTask on resource: ${ECS}:task-definition/web:1`, (by) => runner.run({}, by)],
    [
      "run",
      `ecs:RunTask on resource: ${ECS}:task-definition/web:1`,
      (by) => runner.run({ taskDefinition: `${ECS}:task-definition/web:1` }, by),
    ],
    ["pass", "iam:PassRole on resource: arn:aws:iam::123456789012:role/execution", (by) => runner.run({}, by)],
    [
      "tag",
      `ecs:TagResource on resource: ${ECS}:task/main/*`,
      (by) => runner.run({ tags: [{ key: "team", value: "shop" }] }, by),
    ],
    [
      "stop",
      `ecs:StopTask on resource: ${ECS}:task/main/1`,
      (by) =>
        by
          .send(new StopTaskCommand({ cluster: "main", task: "1" }))
          .catch((error) => (error.name === "InvalidParameterException" ? undefined : Promise.reject(error))),
    ],
  ];
  for (const [statement, permission, attempt] of needed)
    it(`ask for ${permission}`, async () => {
      await shop.register(SEED, {}, { taskRoleArn: runner.taskRoleArn });
      expect(await refusal(attempt(runner.client))).to.equal("no refusal");
      const rest = Object.entries(RUN).flatMap(([key, it]) => (key === statement ? [] : [it]));
      const lacking = await clientWith(shop, rest, "lacking");
      expect(await refusal(attempt(lacking))).to.include(`is not authorized to perform: ${permission}`);
    });

  it("ask for the task role too, and only in the cluster that the policy names", async () => {
    await shop.register(SEED, {}, { taskRoleArn: runner.taskRoleArn });
    const execution = { ...RUN.pass, Resource: ["arn:aws:iam::123456789012:role/execution"] };
    const lacking = await clientWith(shop, [RUN.run, execution], "lacking");
    expect(await refusal(runner.run({}, lacking))).to.include(`iam:PassRole on resource: ${runner.taskRoleArn}`);
    expect(await refusal(runner.run({ cluster: "other" }))).to.match(/^AccessDenied.*ecs:RunTask/);
  });
});
