import { expect } from "chai";
import { awsFault } from "../../callbacks/endpoint";
import { CLUSTER } from "./ecs";
import { useDeployment } from "./support";

const TRIPPED = "ECS deployment circuit breaker: tasks failed to start";

describe("desired count of a deployment", () => {
  const world = useDeployment();

  const scale = (desiredCount: number) => Object.assign(world.ecs.services.web ?? {}, { desiredCount });
  const configure = (count: number) => {
    for (const service of world.context.options.services) service.count = count;
  };
  const updates = () => world.inputsOf("UpdateService");

  /** A whole delivery. @returns its UpdateService, less what all have */
  async function deliver() {
    world.states = [];
    const earlier = updates().length;
    await world.steps(2);
    world.ecs.complete("web");
    expect(await world.step()).to.deep.include({ kind: "done" });
    return updates()
      .slice(earlier)
      .map(({ cluster, service, ...rest }) => rest);
  }

  /** Every step of the deployment again, forwards and backwards, as late invocations would. */
  async function repeatAll() {
    for (const state of [undefined, ...world.states, ...[...world.states].reverse()]) {
      await world.once(state);
    }
  }

  const scaled: [string, number, { desiredCount?: number }][] = [
    ["is set to what the configuration has come to want", 5, { desiredCount: 2 }],
    ["is left if it is right", 2, {}],
    ["is left if the service was scaled to 0", 0, {}],
  ];
  for (const [title, current, expected] of scaled) {
    it(title, async () => {
      world.setUp(["web"]);
      scale(current);
      await world.steps(2);
      expect(updates()).to.deep.equal([{ cluster: CLUSTER, service: "web", taskDefinition: "web:2", ...expected }]);
    });
  }

  it("comes up again from 0 by configuration, and stays at 0 by hand", async () => {
    world.setUp(["web"], { count: 0 });
    expect(await deliver()).to.deep.equal([{ taskDefinition: "web:2", desiredCount: 0 }]);
    expect(await deliver()).to.deep.equal([{ taskDefinition: "web:3" }]);
    configure(2);
    expect(await deliver()).to.deep.equal([{ taskDefinition: "web:4", desiredCount: 2 }]);
    scale(0);
    expect(await deliver()).to.deep.equal([{ taskDefinition: "web:5" }]);
    // What the last delivery recorded is what was wanted, not what was left.
    expect(await deliver()).to.deep.equal([{ taskDefinition: "web:6" }]);
    expect(world.running()).to.deep.equal([["web:6", 0]]);
  });

  it("comes up again from 0 by configuration after a first delivery of none", async () => {
    world.setUp(["web"], { delivered: false, count: 0 });
    expect(await deliver()).to.deep.equal([{ taskDefinition: "web:2", desiredCount: 0 }]);
    configure(2);
    expect(await deliver()).to.deep.equal([{ taskDefinition: "web:3", desiredCount: 2 }]);
  });

  it("is restored by the rollback, in the same update", async () => {
    world.setUp(["web"]);
    scale(5);
    await world.steps(2);
    expect(world.running()).to.deep.equal([["web:2", 2]]);
    world.ecs.fail("web", `${TRIPPED}.`);
    world.now += 60_000;
    await world.step();
    world.now += 60_000;
    await world.step();
    expect(updates().slice(1)).to.deep.equal([
      { cluster: CLUSTER, service: "web", taskDefinition: "web:1", desiredCount: 5 },
    ]);
    world.ecs.complete("web");
    expect(await world.step()).to.deep.equal({
      kind: "failed",
      message: `storefront v2 was not deployed. web: ${TRIPPED}. Rollback: web is back at web:1, with a desired count of 5.`,
    });
    await repeatAll();
    expect(world.running()).to.deep.equal([["web:1", 5]]);
  });

  it("is restored once after ECS's own rollback", async () => {
    world.setUp(["web"]);
    scale(5);
    await world.steps(2);
    world.ecs.fail("web", `${TRIPPED}.`, "by ECS");
    expect(world.running()).to.deep.equal([["web:1", 2]]);
    expect(await world.step()).to.deep.include({
      kind: "underWay",
      summary: "rolling back. web: rolling back to web:1",
    });
    expect(await world.step()).to.deep.include({
      kind: "underWay",
      summary: "rolling back. web: web:1: 0 of 5 tasks running, 5 pending, 0 failed",
    });
    expect(updates().slice(1)).to.deep.equal([
      { cluster: CLUSTER, service: "web", taskDefinition: "web:1", desiredCount: 5 },
    ]);
    world.ecs.complete("web");
    expect(await world.step()).to.deep.include({ kind: "failed" });
    await repeatAll();
    scale(7);
    await repeatAll();
    expect(updates()).to.have.length(2);
    expect(world.running()).to.deep.equal([["web:1", 7]]);
  });

  it("goes back to 0 by configuration, from which the next delivery comes up", async () => {
    world.setUp(["web"], { count: 0 });
    await deliver();
    configure(2);
    world.states = [];
    await world.steps(2);
    world.ecs.fail("web", `${TRIPPED}.`, "by ECS");
    await world.step();
    expect(await world.step()).to.deep.equal({
      kind: "failed",
      message: `storefront v2 was not deployed. web: ${TRIPPED}. Rollback: web is back at web:2, with a desired count of 0.`,
    });
    await repeatAll();
    expect(world.running()).to.deep.equal([["web:2", 0]]);
    world.ecs.complete("web");
    // The repeated first step has registered web:4.
    expect(await deliver()).to.deep.equal([{ taskDefinition: "web:5", desiredCount: 2 }]);
  });

  it("is restored for a service that got 0 and succeeded, if another failed", async () => {
    world.setUp(["web", "worker"]);
    Object.assign(world.context.options.services[0] ?? {}, { count: 0 });
    await world.steps(2);
    world.ecs.complete("web");
    world.ecs.fail("worker", `${TRIPPED}.`, "by ECS");
    await world.step();
    expect(updates().slice(2)).to.deep.equal([
      { cluster: CLUSTER, service: "web", taskDefinition: "web:1", desiredCount: 2 },
    ]);
    await repeatAll();
    expect(world.running()).to.deep.equal([
      ["web:1", 2],
      ["worker:1", 2],
    ]);
    expect(updates()).to.have.length(3);
  });

  it("that ECS refuses to restore is told", async () => {
    world.setUp(["web"]);
    scale(5);
    await world.steps(2);
    world.ecs.fail("web", `${TRIPPED}.`, "by ECS");
    world.ecs.complete("web");
    world.now += 120_000;
    world.endpoint.answers.UpdateService = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: ecs:UpdateService");
    };
    await world.step();
    world.now += 300_000;
    await world.step();
    expect(await world.step()).to.deep.include({
      kind: "failed",
      message:
        "storefront v2 was not deployed. web: ECS deployment ecs-svc/2 no longer exists; the service has web:1. " +
        "Rollback: web is not back at web:1: it has web:1 again, but with a desired count of 2 instead of 5 " +
        "(AccessDeniedException: not authorized to perform: ecs:UpdateService).",
    });
    expect(updates()).to.have.length(3);
  });
});
