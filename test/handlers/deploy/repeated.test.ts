import { expect } from "chai";
import { awsFault } from "../../callbacks/endpoint";
import { START, useDeployment } from "./support";

const MINUTE = 60_000;
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

  it("after it could not be started, starts no other service", async () => {
    world.setUp(["web", "worker"]);
    await world.step();
    const { UpdateService } = world.endpoint.answers;
    world.endpoint.answers.UpdateService = () => {
      throw awsFault("InvalidParameterException", "no");
    };
    const cause = "web was not updated: InvalidParameterException: no";
    expect(await world.step()).to.deep.include({ kind: "underWay", summary: `rolling back: ${cause}` });
    expect(await world.step()).to.deep.include({
      kind: "underWay",
      summary:
        "rolling back. web: rolling back to web:1 (InvalidParameterException: no). " +
        "worker: rolling back to worker:1 (InvalidParameterException: no)",
    });
    world.now += 120_000;
    expect(await world.step()).to.deep.include({ kind: "failed" });
    world.endpoint.answers.UpdateService = UpdateService as () => object;
    await world.once(world.states[0]);
    expect(world.running()).to.deep.equal([
      ["web:1", 2],
      ["worker:1", 2],
    ]);
  });
});

describe("deployment step that comes late", () => {
  const world = useDeployment();

  it("starts nothing if a later deployment has", async () => {
    world.setUp(["web"]);
    await world.step();
    const [late] = world.states.splice(0);
    await world.steps(2);
    world.ecs.complete("web");
    await world.step();
    world.now += 5 * MINUTE;
    expect(await world.once(late)).to.deep.equal({
      kind: "underWay",
      state: { phase: "waiting", since: START / 1_000 + 5 * 60, services: [] },
      summary: "starting over: web now has web:3 instead of web:1",
    });
    expect(world.running()).to.deep.equal([["web:3", 2]]);
  });

  it("starts nothing once CodePipeline has stopped listening, and neither does its repetition", async () => {
    world.setUp(["web"]);
    await world.step();
    world.now += 20 * MINUTE + 1_000;
    expect(await world.once(world.states[0])).to.deep.include({
      summary: "starting over: its task definitions were registered 20 minutes ago",
    });
    world.now = START;
    expect(await world.once(world.states[0])).to.deep.include({
      summary: "starting over: its task definitions were discarded earlier",
    });
    expect(world.running()).to.deep.equal([["web:1", 2]]);
  });

  it("starts until then", async () => {
    world.setUp(["web"]);
    await world.step();
    world.now += 20 * MINUTE;
    expect(await world.step()).to.deep.include({ summary: "rolling out web:2" });
  });
});
