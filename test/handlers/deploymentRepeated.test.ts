import { expect } from "chai";
import { useDeployment } from "./deploymentSupport";

const TRIPPED = "ECS deployment circuit breaker: tasks failed to start";

describe("repeated deployment step", () => {
  const world = useDeployment();

  it("in its second step adopts what the first one started", async () => {
    world.setUp(["web"]);
    await world.steps(2);
    expect(await world.once(world.states[0])).to.deep.include({ kind: "underWay", summary: "rolling out web:2" });
    expect(world.inputsOf("UpdateService")).to.have.length(1);
    world.ecs.complete("web");
    expect(await world.once(world.states.at(-1))).to.deep.include({ kind: "done" });
  });

  it("after its success, in any step, changes nothing", async () => {
    world.setUp(["web", "worker"]);
    await world.steps(2);
    world.ecs.complete("web");
    world.ecs.complete("worker");
    expect(await world.step()).to.deep.include({ kind: "done" });
    const before = JSON.stringify(world.ecs.services);
    for (const state of [undefined, ...world.states, ...[...world.states].reverse()]) {
      await world.once(state);
    }
    expect(JSON.stringify(world.ecs.services)).to.equal(before);
  });

  it("after its rollback, in any step, changes nothing", async () => {
    world.setUp(["web", "worker"]);
    await world.steps(2);
    world.ecs.complete("web");
    world.ecs.fail("worker", `${TRIPPED}.`, "by ECS");
    await world.step();
    world.ecs.complete("web");
    world.ecs.complete("worker");
    expect(await world.step()).to.deep.include({ kind: "failed" });
    const before = JSON.stringify(world.ecs.services);
    for (const state of [undefined, ...world.states, ...[...world.states].reverse()]) {
      await world.once(state);
    }
    expect(JSON.stringify(world.ecs.services)).to.equal(before);
  });

  it("after a later deployment leaves that one alone", async () => {
    world.setUp(["web"]);
    await world.steps(2);
    world.ecs.complete("web");
    await world.step();
    const earlier = [undefined, ...world.states];
    world.states = [];
    await world.steps(2);
    world.ecs.complete("web");
    await world.step();
    const before = JSON.stringify(world.ecs.services);
    for (const state of earlier) {
      await world.once(state);
    }
    expect(JSON.stringify(world.ecs.services)).to.equal(before);
    expect(world.running()).to.deep.equal([["web:3", 2]]);
  });
});
