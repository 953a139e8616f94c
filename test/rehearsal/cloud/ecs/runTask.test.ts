import { type ConflictException, DescribeTasksCommand, ListTasksCommand, StopTaskCommand } from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { networkOf } from "../../../../rehearsal/cloud/network";
import { arnOf, isStopped, openRunner, type Runner } from "./runTaskSupport";
import { ECS, refusal, SEED, type Shop, type TaskEvent } from "./support";

describe("ECS tasks on their own", () => {
  let runner: Runner;
  let shop: Shop;

  beforeEach(async () => {
    runner = await openRunner();
    ({ shop } = runner);
  });
  afterEach(() => shop.cloud.close());

  const ends: [name: string, program: string, exitCode: number, lines: string[]][] = [
    ["well", 'console.log("moved 3 tables")', 0, ["moved 3 tables"]],
    ["with an error", 'console.error("no column price"); process.exit(3)', 3, ["no column price"]],
  ];
  for (const [name, program, exitCode, lines] of ends)
    it(`end ${name}, with their exit code and their log`, async () => {
      await runner.registerProgram(program);
      const stopped = shop.cloud.until(isStopped);
      const { tasks, failures } = await runner.run({ startedBy: "migrate/e-1" });
      expect(failures).to.deep.equal([]);
      expect(tasks?.map((it) => [it.lastStatus, it.desiredStatus, it.group])).to.deep.equal([
        ["PENDING", "RUNNING", "family:web"],
      ]);
      const taskArn = arnOf(tasks);
      const reason = "Essential container in task exited";
      const event = { kind: "task", family: "web", startedBy: "migrate/e-1", taskArn, status: "STOPPED", reason };
      expect(await stopped).to.deep.equal({ ...event, exitCode });
      const task = await runner.described(taskArn);
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
    await shop.register(SEED, {}, { taskRoleArn: runner.taskRoleArn });
    const stopped = shop.cloud.until(isStopped);
    const taskArn = arnOf((await runner.run()).tasks);
    expect((await stopped).exitCode).to.equal(undefined);
    const task = await runner.described(taskArn);
    expect([task.stopCode, task.containers?.[0]?.exitCode]).to.deep.equal(["TaskFailedToStart", undefined]);
    expect(task.stoppedReason).to.match(/^CannotPullContainerError: pull image manifest .* not found$/);
  });

  it("run what is overridden, and tell it", async () => {
    const image = await shop.push("v1", "");
    const environment = [
      { name: "COLOR", value: "red" },
      { name: "SIZE", value: "small" },
    ];
    await shop.register(image, { environment }, { taskRoleArn: runner.taskRoleArn });
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
    const taskArn = arnOf((await runner.run({ overrides, tags: [{ key: "team", value: "shop" }] })).tasks);
    await stopped;
    expect(shop.lines()).to.deep.equal(["red large 3"]);
    const task = await runner.described(taskArn);
    expect([task.taskDefinitionArn, task.cpu, task.memory]).to.deep.equal([
      `${ECS}:task-definition/web:1`,
      "512",
      "1024",
    ]);
    expect(task.overrides?.containerOverrides).to.deep.equal([override]);
    expect(task.tags).to.deep.equal([{ key: "team", value: "shop" }]);
  });

  it("are listed by family, by who started them and by status, and gone after an hour", async () => {
    await runner.registerProgram("setInterval(() => {}, 1000)");
    const running = shop.cloud.until((it): it is TaskEvent => it.kind === "task" && it.status === "RUNNING");
    const first = arnOf((await runner.run({ startedBy: "one" })).tasks);
    const second = arnOf((await runner.run({ startedBy: "two" })).tasks);
    await running;
    const listed = async (by: object) =>
      (await runner.client.send(new ListTasksCommand({ cluster: "main", ...by }))).taskArns ?? [];
    expect(await listed({ family: "web" })).to.deep.equal([first, second]);
    expect(await listed({ family: "other" })).to.deep.equal([]);
    expect(await listed({ startedBy: "two" })).to.deep.equal([second]);
    const stopped = shop.cloud.until(isStopped);
    await runner.client.send(new StopTaskCommand({ cluster: "main", task: second, reason: "not needed" }));
    const { reason, exitCode } = await stopped;
    expect([reason, exitCode]).to.deep.equal(["not needed", 143]);
    expect((await runner.described(second)).stopCode).to.equal("UserInitiated");
    expect(await listed({ family: "web" })).to.deep.equal([first]);
    expect(await listed({ family: "web", desiredStatus: "STOPPED" })).to.deep.equal([second]);
    await shop.cloud.clock.turn(60 * 60_000);
    const command = new DescribeTasksCommand({ cluster: "main", tasks: [second] });
    expect((await runner.client.send(command)).failures).to.deep.equal([{ arn: second, reason: "MISSING" }]);
    const late = runner.client.send(new StopTaskCommand({ cluster: "main", task: second }));
    expect(await refusal(late)).to.equal("InvalidParameterException: The referenced task was not found.");
  });

  it("start once for a client token, for a day", async () => {
    await runner.registerProgram("setInterval(() => undefined, 1000)");
    const once = { clientToken: "e-1-migrate" };
    const first = arnOf((await runner.run(once)).tasks);
    expect(arnOf((await runner.run(once)).tasks)).to.equal(first);
    const attempt = runner.run({ ...once, startedBy: "another" });
    const conflict = await attempt.catch((error: ConflictException) => error);
    expect((conflict as ConflictException).resourceIds).to.deep.equal([first]);
    const changed = await refusal(attempt);
    expect(changed).to.match(/^ConflictException: The RunTask request could not be processed due to conflicts\./);
    expect(changed).to.include(first);
    await shop.cloud.clock.turn(24 * 60 * 60_000);
    const second = arnOf((await runner.run(once)).tasks);
    expect(second).not.to.equal(first);
    // Another token is another task.
    expect(arnOf((await runner.run({ clientToken: "e-2-migrate" })).tasks)).not.to.be.oneOf([first, second]);
  });

  it("start once for a client token, until an hour after their end", async () => {
    await runner.registerProgram("");
    const once = { clientToken: "e-1-migrate" };
    const stopped = shop.cloud.until(isStopped);
    const first = arnOf((await runner.run(once)).tasks);
    await stopped;
    await shop.cloud.clock.turn(50 * 60_000);
    expect(arnOf((await runner.run(once)).tasks)).to.equal(first);
    await shop.cloud.clock.turn(10 * 60_000);
    expect(arnOf((await runner.run(once)).tasks)).not.to.equal(first);
  });

  it("let simulated time go on while they run", async () => {
    await runner.registerProgram('setTimeout(() => console.log("done"), 1000)');
    const stopped = shop.cloud.until(isStopped);
    const taskArn = arnOf((await runner.run()).tasks);
    await stopped;
    const { startedAt, stoppedAt } = await runner.described(taskArn);
    // One second of real time, three hundred times as fast.
    expect(Number(stoppedAt) - Number(startedAt)).to.be.at.least(300_000);
  });

  it("are failures where the subnets are full, with HTTP 200", async () => {
    await runner.registerProgram("");
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
    const { tasks, failures } = await runner.run({ count: 2, networkConfiguration: { awsvpcConfiguration } });
    expect(tasks?.length).to.equal(1);
    expect(failures).to.deep.equal([
      {
        arn: `${ECS}:cluster/main`,
        reason: "Capacity is unavailable at this time. Please try again later or in a different availability zone",
      },
    ]);
  });
});
