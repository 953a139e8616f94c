import { expect } from "chai";
import { until } from "./containerSupport";
import { type DeploymentEvent, openShop, runVersion, SEED, type Shop, serverOf, type TaskEvent } from "./support";

describe("ECS services", () => {
  let shop: Shop;

  beforeEach(async () => {
    shop = await openShop();
  });
  afterEach(() => shop.cloud.close());

  it("comes up without tasks, and completes at once", async () => {
    const seed = await shop.register(SEED);
    const completed = shop.deployment("COMPLETED");
    await shop.declareService(seed);
    await shop.cloud.start();
    expect(await completed).to.deep.include({ service: "web", taskDefinition: seed });
    const { deployments, runningCount, desiredCount, status } = await shop.describe();
    expect([runningCount, desiredCount, status]).to.deep.equal([0, 0, "ACTIVE"]);
    expect(deployments?.map((it) => [it.status, it.rolloutState, it.failedTasks])).to.deep.equal([
      ["PRIMARY", "COMPLETED", 0],
    ]);
  });

  it("rolls from one version to the next without a failed request", async () => {
    const first = await runVersion(shop, "v1");
    const second = await shop.register(await shop.push("v2", serverOf("v2")));
    const completed = shop.deployment("COMPLETED");
    const service = await shop.update({ taskDefinition: second });
    expect(service.deployments?.map((it) => [it.status, it.taskDefinition, it.rolloutState])).to.deep.equal([
      ["PRIMARY", second, "IN_PROGRESS"],
      ["ACTIVE", first, "COMPLETED"],
    ]);
    let rolling = true;
    const answers: string[] = [];
    const client = async () => {
      while (rolling) {
        const answer = await fetch(shop.web.url);
        answers.push(`${answer.status} ${await answer.text()}`);
      }
    };
    const clients = [client(), client()];
    await completed;
    rolling = false;
    await Promise.all(clients);
    expect([...new Set(answers)].sort()).to.deep.equal(["200 v1", "200 v2"]);
    expect(answers.at(-1)).to.equal("200 v2");
    const { deployments, taskDefinition, events } = await shop.describe();
    expect([deployments?.length, taskDefinition]).to.deep.equal([1, second]);
    expect(events?.[0]?.message).to.equal("(service web) has reached a steady state.");
    expect((await shop.tasks()).map((it) => it.taskDefinitionArn)).to.deep.equal([second, second]);
    expect(shop.lines().filter((it) => it.startsWith("v1"))).to.deep.equal([
      "v1 listens on 8080",
      "v1 listens on 8080",
      "v1 ended",
      "v1 ended",
    ]);
  });

  it("waits for the grace period before it stops a task that is not well", async () => {
    const server = `const begun = Date.now();
      require("node:http").createServer((_, response) => response.writeHead(Date.now() - begun < 300 ? 500 : 200).end()).listen(8080);`;
    const slow = await shop.register(await shop.push("v1", server));
    await shop.declareService(slow, { desiredCount: 1, healthCheckGracePeriodSeconds: 300 });
    const completed = shop.deployment("COMPLETED");
    await shop.cloud.start();
    await completed;
    expect((await shop.tasks("STOPPED")).length).to.equal(0);
  });

  const grace = { desiredCount: 1, healthCheckGracePeriodSeconds: 120 };
  const unwell: [name: string, container: object, service: object, stoppedReason: RegExp][] = [
    ["the load balancer's", {}, {}, /^Task failed ELB health checks in /],
    [
      "its container's",
      { healthCheck: { command: ["CMD", "node", "-e", "process.exit(1)"], interval: 5, retries: 1 } },
      { loadBalancers: [] },
      /^Task failed container health checks$/,
    ],
  ];
  for (const [name, container, service, stoppedReason] of unwell)
    it(`stops a task that turned unhealthy by ${name} checks in the grace period when that is over`, async () => {
      const server = 'require("node:http").createServer((_, response) => response.writeHead(500).end()).listen(8080);';
      const sick = await shop.register(await shop.push("v1", server), container);
      const breaker = { enable: true, rollback: false };
      await shop.declareService(sick, { ...grace, deploymentCircuitBreaker: breaker, ...service });
      const failed = shop.deployment("FAILED");
      await shop.cloud.start();
      expect((await failed).reason).to.equal("ECS deployment circuit breaker: tasks failed to start.");
      await until(async () => (await shop.tasks("STOPPED")).every((it) => it.lastStatus === "STOPPED"));
      const stopped = await shop.tasks("STOPPED");
      expect(stopped.length).to.equal(3);
      for (const task of stopped) {
        expect(task.stoppedReason).to.match(stoppedReason);
        expect(Number(task.stoppingAt) - Number(task.startedAt)).to.be.at.least(120_000);
      }
    });

  it("gives up a deployment for a newer one", async () => {
    await runVersion(shop, "v1", 1);
    const hanging = await shop.register(await shop.push("v2", "setInterval(() => {}, 1000);"));
    const second = await shop.update({ taskDefinition: hanging });
    await shop.cloud.until((event): event is TaskEvent => event.kind === "task" && event.status === "RUNNING");
    const third = await shop.register(await shop.push("v3", serverOf("v3")));
    const completed = shop.deployment("COMPLETED");
    await shop.update({ taskDefinition: third });
    expect((await completed).taskDefinition).to.equal(third);
    expect((await shop.describe()).deployments?.map((it) => it.taskDefinition)).to.deep.equal([third]);
    const ofSecond = shop.cloud.events.filter(
      (event) => event.kind === "deployment" && event.deploymentId === second.deployments?.[0]?.id,
    );
    expect(ofSecond.map((event) => event.kind === "deployment" && event.rolloutState)).to.deep.equal(["IN_PROGRESS"]);
  });

  it("changes its count without a new deployment", async () => {
    await runVersion(shop, "v1", 1);
    const before = (await shop.describe()).deployments?.[0]?.id;
    const update = await shop.update({ desiredCount: 3 });
    expect([update.desiredCount, update.deployments?.map((it) => it.id)]).to.deep.equal([3, [before]]);
    await until(async () => (await shop.describe()).runningCount === 3);
    await shop.update({ desiredCount: 0 });
    await until(async () => (await shop.tasks()).length === 0 && (await shop.describe()).runningCount === 0);
    expect((await shop.describe()).deployments?.map((it) => [it.id, it.rolloutState])).to.deep.equal([
      [before, "COMPLETED"],
    ]);
  });

  it("deploys the same revision again when it is told to", async () => {
    const first = await runVersion(shop, "v1", 1);
    const before = (await shop.tasks())[0]?.taskArn;
    const completed = shop.deployment("COMPLETED");
    await shop.update({ forceNewDeployment: true });
    expect((await completed).taskDefinition).to.equal(first);
    expect((await shop.tasks())[0]?.taskArn).not.to.equal(before);
  });

  it("replaces a task that ends, and counts no failure for one that was well", async () => {
    const server = `require("node:http").createServer((request, response) => {
      if (request.url === "/die") process.exit(9);
      response.end("up");
    }).listen(8080);`;
    const mortal = await shop.register(await shop.push("v1", server));
    const completed = shop.deployment("COMPLETED");
    await shop.declareService(mortal, { desiredCount: 1 });
    await shop.cloud.start();
    await completed;
    expect((await fetch(`${shop.web.url}/die`)).status).to.equal(502);
    await until(async () => (await fetch(shop.web.url)).status === 200);
    const [deployment] = (await shop.describe()).deployments ?? [];
    expect([deployment?.rolloutState, deployment?.failedTasks]).to.deep.equal(["COMPLETED", 0]);
    expect((await shop.tasks("STOPPED")).map((it) => it.containers?.[0]?.exitCode)).to.deep.equal([9]);
  });

  const check =
    "node -e \"fetch('http://localhost:8080').then((it) => process.exit(it.ok ? 0 : 1), () => process.exit(1))\"";
  const checks: [string, string[], DeploymentEvent["rolloutState"]][] = [
    ["completes with a container that is healthy", ["CMD-SHELL", check], "COMPLETED"],
    ["fails with a container that is not", ["CMD", "node", "-e", "process.exit(1)"], "FAILED"],
  ];
  for (const [name, command, state] of checks)
    it(name, async () => {
      const healthCheck = { command, interval: 5, retries: 2 };
      const container = await shop.register(await shop.push("v1", serverOf("v1")), { healthCheck });
      const breaker = { enable: true, rollback: false };
      await shop.declareService(container, { desiredCount: 1, loadBalancers: [], deploymentCircuitBreaker: breaker });
      const settled = shop.deployment(state);
      await shop.cloud.start();
      await settled;
      const [task] = await shop.tasks(state === "COMPLETED" ? "RUNNING" : "STOPPED");
      expect([task?.healthStatus, task?.stoppedReason]).to.deep.equal(
        state === "COMPLETED" ? ["HEALTHY", undefined] : ["UNHEALTHY", "Task failed container health checks"],
      );
    });

  it("does not reach tasks whose security group keeps the load balancer out", async () => {
    const { id: closed } = await shop.cloud.declare("aws:ec2/securityGroup:SecurityGroup", "closed", {
      egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] }],
    });
    const taskDefinition = await shop.register(await shop.push("v1", serverOf("v1")));
    const networkConfiguration = { subnets: shop.web.privateSubnets, securityGroups: [closed] };
    await shop.declareService(taskDefinition, { desiredCount: 1, networkConfiguration });
    await shop.cloud.start();
    await until(async () => (await shop.describe()).deployments?.[0]?.failedTasks === 1);
    const { events = [] } = await shop.describe();
    expect(events.find(({ message }) => message?.includes("is unhealthy in"))?.message).to.match(
      /due to \(reason Request timed out: the egress rules of balancer-\S+ \(sg-\S+\) do not reach port 8080 of closed-\S+ \(sg-\S+\)\)\.$/,
    );
  });
});
