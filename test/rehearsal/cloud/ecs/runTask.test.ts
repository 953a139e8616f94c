import {
  type ConflictException,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
  type Task,
} from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { networkOf } from "../../../../rehearsal/cloud/network";
import { clientWith, ECS, openShop, refusal, SEED, type Shop, type TaskEvent } from "./support";

const CLUSTER = { ArnEquals: { "ecs:cluster": `${ECS}:cluster/main` } };

/** What starts, follows and stops tasks of the family `web`. */
const RUN = {
  run: {
    Effect: "Allow",
    Action: ["ecs:RunTask"],
    Resource: [`${ECS}:task-definition/web:*`],
    Condition: CLUSTER,
  },
  pass: {
    Effect: "Allow",
    Action: ["iam:PassRole"],
    Resource: ["arn:aws:iam::123456789012:role/execution", "arn:aws:iam::123456789012:role/tasks"],
    Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
  },
  tag: {
    Effect: "Allow",
    Action: ["ecs:TagResource"],
    Resource: [`${ECS}:task/main/*`],
    Condition: { StringEquals: { "ecs:CreateAction": "RunTask" } },
  },
  stop: { Effect: "Allow", Action: ["ecs:StopTask"], Resource: [`${ECS}:task/main/*`], Condition: CLUSTER },
  tasks: { Effect: "Allow", Action: ["ecs:DescribeTasks", "ecs:ListTasks"], Resource: ["*"] },
};

const isStopped = (event: { kind: string }): event is TaskEvent =>
  event.kind === "task" && (event as TaskEvent).status === "STOPPED";

describe("ECS tasks on their own", () => {
  let shop: Shop;
  let client: ECSClient;
  let taskRoleArn: string;

  beforeEach(async () => {
    shop = await openShop();
    taskRoleArn = await shop.cloud.role("tasks", "ecs-tasks.amazonaws.com", []);
    client = await clientWith(shop, Object.values(RUN), "runner");
  });
  afterEach(() => shop.cloud.close());

  const request = (more: Partial<RunTaskCommandInput> = {}): RunTaskCommandInput => ({
    cluster: "main",
    taskDefinition: "web:1",
    launchType: "FARGATE",
    networkConfiguration: {
      awsvpcConfiguration: { subnets: shop.web.privateSubnets, securityGroups: [shop.web.taskGroup] },
    },
    ...more,
  });
  const run = (more: Partial<RunTaskCommandInput> = {}, by = client) => by.send(new RunTaskCommand(request(more)));
  const arnOf = (tasks: Task[] | undefined) => tasks?.[0]?.taskArn ?? "";

  async function registerProgram(program: string): Promise<void> {
    await shop.register(await shop.push("v1", program), {}, { taskRoleArn });
  }

  async function described(taskArn: string): Promise<Task> {
    const input = { cluster: "main", tasks: [taskArn], include: ["TAGS" as const] };
    return (await client.send(new DescribeTasksCommand(input))).tasks?.[0] ?? {};
  }

  const ends: [name: string, program: string, exitCode: number, lines: string[]][] = [
    ["well", 'console.log("moved 3 tables")', 0, ["moved 3 tables"]],
    ["with an error", 'console.error("no column price"); process.exit(3)', 3, ["no column price"]],
  ];
  for (const [name, program, exitCode, lines] of ends)
    it(`end ${name}, with their exit code and their log`, async () => {
      await registerProgram(program);
      const stopped = shop.cloud.until(isStopped);
      const { tasks, failures } = await run({ startedBy: "migrate/e-1" });
      expect(failures).to.deep.equal([]);
      expect(tasks?.map((it) => [it.lastStatus, it.desiredStatus, it.group])).to.deep.equal([
        ["PENDING", "RUNNING", "family:web"],
      ]);
      const taskArn = arnOf(tasks);
      const reason = "Essential container in task exited";
      const event = { kind: "task", family: "web", startedBy: "migrate/e-1", taskArn, status: "STOPPED", reason };
      expect(await stopped).to.deep.equal({ ...event, exitCode });
      const task = await described(taskArn);
      expect([task.lastStatus, task.stopCode, task.stoppedReason, task.startedBy]).to.deep.equal([
        "STOPPED",
        "EssentialContainerExited",
        reason,
        "migrate/e-1",
      ]);
      expect(task.containers?.map((it) => [it.name, it.exitCode])).to.deep.equal([["app", exitCode]]);
      const logs = shop.cloud.events.flatMap((it) => (it.kind === "log" ? [[it.stream, it.line]] : []));
      expect(logs).to.deep.equal(lines.map((line) => [`web/app/${taskArn.split("/").at(-1)}`, line]));
    });

  it("say why a container never ran, without an exit code", async () => {
    await shop.register(SEED, {}, { taskRoleArn });
    const stopped = shop.cloud.until(isStopped);
    const taskArn = arnOf((await run()).tasks);
    expect((await stopped).exitCode).to.equal(undefined);
    const task = await described(taskArn);
    expect([task.stopCode, task.containers?.[0]?.exitCode]).to.deep.equal(["TaskFailedToStart", undefined]);
    expect(task.stoppedReason).to.match(/^CannotPullContainerError: pull image manifest .* not found$/);
  });

  it("run what is overridden, and tell it", async () => {
    const image = await shop.push("v1", "");
    const environment = [
      { name: "COLOR", value: "red" },
      { name: "SIZE", value: "small" },
    ];
    await shop.register(image, { environment }, { taskRoleArn });
    const command = ["node", "-e", "console.log(process.env.COLOR, process.env.SIZE, process.env.PRICE)"];
    const override = {
      name: "app",
      command,
      environment: [
        { name: "SIZE", value: "large" },
        { name: "PRICE", value: "3" },
      ],
    };
    const stopped = shop.cloud.until(isStopped);
    const overrides = { containerOverrides: [override], cpu: "512", memory: "1024" };
    const taskArn = arnOf((await run({ overrides, tags: [{ key: "team", value: "shop" }] })).tasks);
    await stopped;
    expect(shop.lines()).to.deep.equal(["red large 3"]);
    const task = await described(taskArn);
    expect([task.taskDefinitionArn, task.cpu, task.memory]).to.deep.equal([
      `${ECS}:task-definition/web:1`,
      "512",
      "1024",
    ]);
    expect(task.overrides?.containerOverrides).to.deep.equal([override]);
    expect(task.tags).to.deep.equal([{ key: "team", value: "shop" }]);
  });

  it("are listed by family, by who started them and by status, and gone after an hour", async () => {
    await registerProgram("setInterval(() => {}, 1000)");
    const running = shop.cloud.until((it): it is TaskEvent => it.kind === "task" && it.status === "RUNNING");
    const first = arnOf((await run({ startedBy: "one" })).tasks);
    const second = arnOf((await run({ startedBy: "two" })).tasks);
    await running;
    const listed = async (by: object) =>
      (await client.send(new ListTasksCommand({ cluster: "main", ...by }))).taskArns ?? [];
    expect(await listed({ family: "web" })).to.deep.equal([first, second]);
    expect(await listed({ family: "other" })).to.deep.equal([]);
    expect(await listed({ startedBy: "two" })).to.deep.equal([second]);
    const stopped = shop.cloud.until(isStopped);
    await client.send(new StopTaskCommand({ cluster: "main", task: second, reason: "not needed" }));
    const { reason, exitCode } = await stopped;
    expect([reason, exitCode]).to.deep.equal(["not needed", 143]);
    expect((await described(second)).stopCode).to.equal("UserInitiated");
    expect(await listed({ family: "web" })).to.deep.equal([first]);
    expect(await listed({ family: "web", desiredStatus: "STOPPED" })).to.deep.equal([second]);
    await shop.cloud.clock.turn(60 * 60_000);
    const command = new DescribeTasksCommand({ cluster: "main", tasks: [second] });
    expect((await client.send(command)).failures).to.deep.equal([{ arn: second, reason: "MISSING" }]);
    const late = client.send(new StopTaskCommand({ cluster: "main", task: second }));
    expect(await refusal(late)).to.equal("InvalidParameterException: The referenced task was not found.");
  });

  it("start once for a client token, for a day", async () => {
    await registerProgram("setInterval(() => undefined, 1000)");
    const once = { clientToken: "e-1-migrate" };
    const first = arnOf((await run(once)).tasks);
    expect(arnOf((await run(once)).tasks)).to.equal(first);
    const attempt = run({ ...once, startedBy: "another" });
    const conflict = await attempt.catch((error: ConflictException) => error);
    expect((conflict as ConflictException).resourceIds).to.deep.equal([first]);
    const changed = await refusal(attempt);
    expect(changed).to.match(/^ConflictException: The RunTask request could not be processed due to conflicts\./);
    expect(changed).to.include(first);
    await shop.cloud.clock.turn(24 * 60 * 60_000);
    const second = arnOf((await run(once)).tasks);
    expect(second).not.to.equal(first);
    // Another token is another task.
    expect(arnOf((await run({ clientToken: "e-2-migrate" })).tasks)).not.to.be.oneOf([first, second]);
  });

  it("start once for a client token, until an hour after their end", async () => {
    await registerProgram("");
    const once = { clientToken: "e-1-migrate" };
    const stopped = shop.cloud.until(isStopped);
    const first = arnOf((await run(once)).tasks);
    await stopped;
    await shop.cloud.clock.turn(50 * 60_000);
    expect(arnOf((await run(once)).tasks)).to.equal(first);
    await shop.cloud.clock.turn(10 * 60_000);
    expect(arnOf((await run(once)).tasks)).not.to.equal(first);
  });

  it("let simulated time go on while they run", async () => {
    await registerProgram('setTimeout(() => console.log("done"), 1000)');
    const stopped = shop.cloud.until(isStopped);
    const taskArn = arnOf((await run()).tasks);
    await stopped;
    const { startedAt, stoppedAt } = await described(taskArn);
    // One second of real time, three hundred times as fast.
    expect(Number(stoppedAt) - Number(startedAt)).to.be.at.least(300_000);
  });

  it("are failures where the subnets are full, with HTTP 200", async () => {
    await registerProgram("");
    const { outputs: vpc } = await shop.cloud.declare("awsx:ec2:Vpc", "small", {
      cidrBlock: "10.1.0.0/28",
      numberOfAvailabilityZones: 1,
      subnetSpecs: [{ type: "Private", cidrMask: 28 }],
    });
    const [subnetId = ""] = vpc.privateSubnetIds as string[];
    // Of 16 addresses AWS keeps five.
    for (let taken = 0; taken < 10; taken++)
      networkOf(shop.cloud).attach({ subnetId, securityGroups: [shop.web.taskGroup] });
    const awsvpcConfiguration = { subnets: [subnetId], securityGroups: [shop.web.taskGroup] };
    const { tasks, failures } = await run({ count: 2, networkConfiguration: { awsvpcConfiguration } });
    expect(tasks?.length).to.equal(1);
    expect(failures).to.deep.equal([
      {
        arn: `${ECS}:cluster/main`,
        reason: "Capacity is unavailable at this time. Please try again later or in a different availability zone",
      },
    ]);
  });

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
      expect(await refusal(shop.cloud.call(operator, "ecs", "RunTask", request(more())))).to.match(error);
    });

  it("refuse a revision that is deregistered", async () => {
    await shop.register(SEED);
    const operator = { kind: "operator" } as const;
    await shop.cloud.call(operator, "ecs", "DeregisterTaskDefinition", { taskDefinition: "web:1" });
    expect(await refusal(run())).to.equal("ClientException: TaskDefinition is inactive");
  });

  const needed: [keyof typeof RUN, permission: string, attempt: (by: ECSClient) => Promise<unknown>][] = [
    ["run", `ecs:RunTask on resource: ${ECS}:task-definition/web:1`, (by) => run({}, by)],
    [
      "run",
      `ecs:RunTask on resource: ${ECS}:task-definition/web:1`,
      (by) => run({ taskDefinition: `${ECS}:task-definition/web:1` }, by),
    ],
    ["pass", "iam:PassRole on resource: arn:aws:iam::123456789012:role/execution", (by) => run({}, by)],
    [
      "tag",
      `ecs:TagResource on resource: ${ECS}:task/main/*`,
      (by) => run({ tags: [{ key: "team", value: "shop" }] }, by),
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
      await shop.register(SEED, {}, { taskRoleArn });
      expect(await refusal(attempt(client))).to.equal("no refusal");
      const rest = Object.entries(RUN).flatMap(([key, it]) => (key === statement ? [] : [it]));
      const lacking = await clientWith(shop, rest, "lacking");
      expect(await refusal(attempt(lacking))).to.include(`is not authorized to perform: ${permission}`);
    });

  it("ask for the task role too, and only in the cluster that the policy names", async () => {
    await shop.register(SEED, {}, { taskRoleArn });
    const execution = { ...RUN.pass, Resource: ["arn:aws:iam::123456789012:role/execution"] };
    const lacking = await clientWith(shop, [RUN.run, execution], "lacking");
    expect(await refusal(run({}, lacking))).to.include(`iam:PassRole on resource: ${taskRoleArn}`);
    expect(await refusal(run({ cluster: "other" }))).to.match(/^AccessDenied.*ecs:RunTask/);
  });
});
