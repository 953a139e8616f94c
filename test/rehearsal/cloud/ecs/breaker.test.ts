import path from "node:path";
import { expect } from "chai";
import { until } from "./containerSupport";
import { openShop, runVersion, SEED, type Shop, serverOf } from "./support";

const MINUTES = 60_000;

describe("ECS deployment circuit breaker", () => {
  let shop: Shop;

  beforeEach(async () => {
    shop = await openShop();
  });
  afterEach(() => shop.cloud.close());

  it("trips the breaker for a version that crashes at start, and goes back", async () => {
    const first = await runVersion(shop, "v1");
    const crashing = await shop.register(await shop.push("v2", 'console.error("no database"); process.exit(3);'));
    const failed = shop.deployment("FAILED");
    const update = await shop.update({ taskDefinition: crashing });
    const failure = await failed;
    expect(failure).to.deep.include({
      deploymentId: update.deployments?.[0]?.id,
      taskDefinition: crashing,
      reason: "ECS deployment circuit breaker: tasks failed to start.",
    });
    const back = (await shop.describe()).deployments ?? [];
    expect(back.map((it) => [it.status, it.taskDefinition, it.rolloutState])).to.deep.equal([
      ["PRIMARY", first, "IN_PROGRESS"],
      ["ACTIVE", crashing, "FAILED"],
    ]);
    expect(back[0]?.rolloutStateReason).to.equal(
      `ECS deployment circuit breaker: rolling back to deploymentId ${back[0]?.id}.`,
    );
    expect(back[1]?.failedTasks).to.be.within(3, 4);
    expect(await shop.deployment("COMPLETED")).to.deep.include({ taskDefinition: first });
    expect(await (await fetch(shop.web.url)).text()).to.equal("v1");
    const [stopped] = (await shop.tasks("STOPPED")).filter((it) => it.taskDefinitionArn === crashing);
    expect([stopped?.stopCode, stopped?.stoppedReason, stopped?.containers?.[0]?.exitCode]).to.deep.equal([
      "EssentialContainerExited",
      "Essential container in task exited",
      3,
    ]);
    expect(shop.lines()).to.include("no database");
  });

  it("trips the breaker for a version that is not well, and says what the load balancer saw", async () => {
    const first = await runVersion(shop, "v1");
    const server = 'require("node:http").createServer((_, response) => response.writeHead(500).end()).listen(8080);';
    const unwell = await shop.register(await shop.push("v2", server));
    const failed = shop.deployment("FAILED");
    await shop.update({ taskDefinition: unwell });
    expect((await failed).taskDefinition).to.equal(unwell);
    expect((await shop.deployment("COMPLETED")).taskDefinition).to.equal(first);
    const reasons = (await shop.tasks("STOPPED")).map((it) => it.stoppedReason);
    expect(reasons).to.include(`Task failed ELB health checks in (target-group ${shop.web.targetGroupArn})`);
    const { events = [] } = await shop.describe();
    expect(events.map(({ message }) => message?.replace(/.* due to/, "due to"))).to.include(
      "due to (reason Health checks failed with these codes: [500]).",
    );
    expect(await (await fetch(shop.web.url)).text()).to.equal("v1");
  });

  it("counts failures in a row though another task of the deployment stays well", async () => {
    const server = `try {
      require("node:fs").mkdirSync(process.env.PLACE);
    } catch {
      process.exit(1);
    }
    require("node:http").createServer((_, response) => response.end()).listen(8080);`;
    const environment = [{ name: "PLACE", value: path.join(shop.cloud.directory, "place") }];
    const single = await shop.register(await shop.push("v1", server), { environment });
    const failed = shop.deployment("FAILED");
    await shop.declareService(single, { desiredCount: 2, deploymentCircuitBreaker: { enable: true, rollback: false } });
    await shop.cloud.start();
    await failed;
    expect((await shop.describe()).deployments?.[0]?.failedTasks).to.equal(3);
  });

  it("goes back to a first deployment that has no image, and stays there in progress", async () => {
    const seed = await shop.register(SEED);
    await shop.declareService(seed);
    await shop.cloud.start();
    const crashing = await shop.register(await shop.push("v1", "process.exit(1);"));
    const failed = shop.deployment("FAILED");
    await shop.update({ taskDefinition: crashing, desiredCount: 1 });
    expect((await failed).taskDefinition).to.equal(crashing);
    await until(async () => (await shop.describe()).deployments?.[0]?.failedTasks === 3);
    await shop.cloud.clock.turn(30 * MINUTES);
    const { deployments = [], events = [] } = await shop.describe();
    expect(deployments.map((it) => [it.status, it.taskDefinition, it.rolloutState, it.failedTasks])).to.deep.equal([
      ["PRIMARY", seed, "IN_PROGRESS", 3],
      ["ACTIVE", crashing, "FAILED", 3],
    ]);
    const unable = events.map(({ message = "" }) => message).filter((it) => it.includes("was unable to place a task"));
    expect(unable[0]).to.match(/^\(service web\) .* Reason: CannotPullContainerError: .*shop:none: not found\.$/);
  });

  it("stalls with the breaker and nothing to go back to", async () => {
    const crashing = await shop.register(await shop.push("v1", "process.exit(1);"));
    await shop.declareService(crashing, { desiredCount: 1 });
    await shop.cloud.start();
    await until(async () => (await shop.describe()).deployments?.[0]?.failedTasks === 3);
    await shop.cloud.clock.turn(30 * MINUTES);
    const [deployment] = (await shop.describe()).deployments ?? [];
    expect([deployment?.rolloutState, deployment?.failedTasks]).to.deep.equal(["IN_PROGRESS", 3]);
  });

  it("fails without going back where the breaker must not roll back, and leaves the old version running", async () => {
    const first = await shop.register(await shop.push("v1", serverOf("v1")));
    const completed = shop.deployment("COMPLETED");
    await shop.declareService(first, { desiredCount: 1, deploymentCircuitBreaker: { enable: true, rollback: false } });
    await shop.cloud.start();
    await completed;
    const crashing = await shop.register(await shop.push("v2", "process.exit(1);"));
    const failed = shop.deployment("FAILED");
    await shop.update({ taskDefinition: crashing });
    await failed;
    await shop.cloud.clock.turn(30 * MINUTES);
    const { deployments = [], taskDefinition } = await shop.describe();
    expect(taskDefinition).to.equal(crashing);
    expect(deployments.map((it) => [it.status, it.taskDefinition, it.rolloutState, it.runningCount])).to.deep.equal([
      ["PRIMARY", crashing, "FAILED", 0],
      ["ACTIVE", first, "COMPLETED", 1],
    ]);
    expect(await (await fetch(shop.web.url)).text()).to.equal("v1");
  });

  it("keeps trying without the breaker, at longer and longer intervals", async () => {
    const crashing = await shop.register(await shop.push("v1", "process.exit(1);"));
    await shop.declareService(crashing, {
      desiredCount: 1,
      deploymentCircuitBreaker: { enable: false, rollback: false },
    });
    await shop.cloud.start();
    await until(async () => (await shop.describe()).deployments?.[0]?.failedTasks === 4);
    const created = (await shop.tasks("STOPPED")).map((it) => it.createdAt?.getTime() ?? 0).sort((a, b) => a - b);
    const gaps = created.slice(1).map((time, index) => time - (created[index] ?? 0));
    for (const [index, least] of [10_000, 20_000, 40_000].entries()) expect(gaps[index]).to.be.at.least(least);
  });

  it("trips the breaker for a worker that crashes at start", async () => {
    const worker = { portMappings: [] };
    const first = await shop.register(await shop.push("v1", "setInterval(() => {}, 1000);"), worker);
    const completed = shop.deployment("COMPLETED");
    await shop.declareService(first, { desiredCount: 1, loadBalancers: [] });
    await shop.cloud.start();
    await completed;
    const [failed, back] = [shop.deployment("FAILED"), shop.deployment("COMPLETED")];
    const crashing = await shop.register(await shop.push("v2", "process.exit(1);"), worker);
    await shop.update({ taskDefinition: crashing });
    expect([(await failed).taskDefinition, (await back).taskDefinition]).to.deep.equal([crashing, first]);
  });
});
