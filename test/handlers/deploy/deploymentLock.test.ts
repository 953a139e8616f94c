import { expect } from "chai";
import { advance } from "../../../handlers/deploy/deployment";
import {
  acquireLock,
  type DeploymentTable,
  type LockHolder,
  readLock,
  releaseLock,
} from "../../../handlers/shared/lock";
import { startTable, TABLE, type Table } from "../../callbacks/table";
import { capture } from "../output";
import { START, useDeployment } from "./support";

const NOW = START / 1_000;
const MINUTE = 60_000;
const EXECUTION = "execution-1";
const other: LockHolder = { owner: "request-1", by: "deployment", version: "v1", until: NOW + 75 * 60 };

describe("pipeline's deployment, where there are others by HTTP", () => {
  const world = useDeployment();
  let stored: Table;
  let table: DeploymentTable;

  before(async () => {
    stored = await startTable();
    table = { dynamo: stored.dynamo, table: TABLE };
  });
  beforeEach(async () => {
    await stored.clear();
    world.setUp(["web", "worker"]);
    world.request = { ...world.request, lock: { table, execution: EXECUTION } };
  });
  after(() => stored.close());

  const holder = () => readLock(table, "storefront", NOW);
  const takeLock = (by: LockHolder) => acquireLock(table, "storefront", by, NOW);
  const marks = () =>
    Object.entries(world.ecs.definitions).flatMap(([name, { tags }]) =>
      tags.filter(({ key }) => key === "slipway:deployed-by").map(({ value }) => [name, value]),
    );

  it("takes the lock when it starts, and not before", async () => {
    await world.step();
    expect(await holder()).to.equal(undefined);
    world.now += MINUTE;
    await world.step();
    expect(await holder()).to.deep.equal({
      owner: EXECUTION,
      by: "execution",
      version: "v2",
      until: NOW + 60 + 75 * 60,
    });
    expect(world.running()).to.deep.equal([
      ["web:2", 2],
      ["worker:2", 2],
    ]);
  });

  it("waits while another is under way, registers nothing, and goes on then", async () => {
    await takeLock(other);
    const waiting = {
      kind: "underWay",
      state: { phase: "waiting", since: NOW, services: [] },
      summary: "waiting for version v1 by deployment request request-1",
    };
    expect(await world.step()).to.deep.equal(waiting);
    world.now += MINUTE;
    expect(await world.step()).to.deep.equal(waiting);
    expect(world.inputsOf("RegisterTaskDefinition")).to.deep.equal([]);
    await releaseLock(table, "storefront", other.owner);
    expect(await world.step()).to.deep.include({ summary: "registered web:2, worker:2 for storefront v2" });
    expect(await world.step()).to.deep.include({ summary: "rolling out web:2, worker:2" });
  });

  it("does not wait for one whose lock is over", async () => {
    await takeLock(other);
    world.now = (other.until + 1) * 1_000;
    expect(await world.steps(2)).to.deep.include({ summary: "rolling out web:2, worker:2" });
  });

  it("does not wait for itself: its stage may be retried", async () => {
    await takeLock({ ...other, owner: EXECUTION, by: "execution" });
    expect(await world.steps(2)).to.deep.include({ summary: "rolling out web:2, worker:2" });
  });

  it("waits no longer than a lock lasts", async () => {
    await takeLock({ ...other, until: other.until + 3_600 });
    await world.step();
    world.now += 75 * MINUTE - 1_000;
    expect(await world.step()).to.deep.include({ kind: "underWay" });
    world.now += 1_000;
    expect(await world.step()).to.deep.equal({
      kind: "failed",
      message:
        "storefront v2 was not deployed: it is still waiting after 75 minutes for version v1 by deployment request request-1",
    });
    expect(world.inputsOf("UpdateService")).to.deep.equal([]);
  });

  it("gives up what it registered if another begins first, and no repetition starts that", async () => {
    await world.step();
    const registered = world.states[0];
    await takeLock(other);
    const lost = await world.step();
    expect(lost).to.deep.equal({
      kind: "underWay",
      state: { phase: "waiting", since: NOW, services: [] },
      summary: "waiting for version v1 by deployment request request-1",
    });
    expect(marks()).to.deep.equal([
      ["web:2", "nobody"],
      ["worker:2", "nobody"],
    ]);
    await releaseLock(table, "storefront", other.owner);
    expect(await world.once(registered)).to.deep.include({
      summary: "starting over: its task definitions were discarded earlier",
    });
    expect(await holder()).to.equal(undefined);
    expect(world.inputsOf("UpdateService")).to.deep.equal([]);
    await world.steps(2);
    expect(world.running()).to.deep.equal([
      ["web:3", 2],
      ["worker:3", 2],
    ]);
  });

  it("begins anew if another was quicker, and goes back to what that one left", async () => {
    await world.step();
    const byHttp = world.states.splice(0);
    const { lock, ...request } = world.request;
    world.request = request;
    await world.step();
    await world.step();
    world.ecs.complete("web");
    world.ecs.complete("worker");
    world.states = byHttp;
    world.request = { ...request, lock };
    expect(await world.step()).to.deep.equal({
      kind: "underWay",
      state: { phase: "waiting", since: NOW, services: [] },
      summary: "starting over: web now has web:3 instead of web:1, worker now has worker:3 instead of worker:1",
    });
    expect(await holder()).to.equal(undefined);
    expect(await world.steps(2)).to.deep.include({ summary: "rolling out web:4, worker:4" });
    expect(world.states.at(-1)?.services.map(({ previous }) => previous)).to.deep.equal(["web:3", "worker:3"]);
  });

  it("repeated in any step after its end, takes no lock and changes nothing", async () => {
    await takeLock(other);
    await world.step();
    await releaseLock(table, "storefront", other.owner);
    await world.steps(2);
    world.ecs.complete("web");
    world.ecs.complete("worker");
    expect(await world.step()).to.deep.include({ kind: "done" });
    await releaseLock(table, "storefront", EXECUTION);
    const before = JSON.stringify(world.ecs.services);
    for (const state of [undefined, ...world.states, ...[...world.states].reverse()]) {
      await world.once(state);
      expect(await holder()).to.equal(undefined);
    }
    expect(JSON.stringify(world.ecs.services)).to.equal(before);
  });

  it("repeated in any step while another is under way, leaves that one alone", async () => {
    await world.steps(2);
    world.ecs.complete("web");
    world.ecs.complete("worker");
    await world.step();
    await releaseLock(table, "storefront", EXECUTION);
    await takeLock(other);
    const before = JSON.stringify(world.ecs.services);
    for (const state of [undefined, ...world.states]) {
      await world.once(state);
      expect(await holder()).to.deep.equal(other);
    }
    expect(JSON.stringify(world.ecs.services)).to.equal(before);
  });

  it("does not take what another invocation of its job has started for another deployment", async () => {
    for (const { deployments } of Object.values(world.ecs.services)) {
      Object.assign(deployments[0] ?? {}, { rolloutState: "IN_PROGRESS" });
    }
    await world.step();
    const { DescribeServices } = world.endpoint.answers;
    world.endpoint.answers.DescribeServices = (input) => {
      for (const [name, service] of Object.entries(world.ecs.services)) {
        const own = { taskDefinition: world.ecs.definitions[`${name}:2`]?.taskDefinitionArn, status: "PRIMARY" };
        service.deployments = [{ ...own, id: `ecs-svc/${name}`, rolloutState: "IN_PROGRESS" }];
      }
      return DescribeServices?.(input) ?? {};
    };
    expect(await world.step()).to.deep.include({ summary: "rolling out web:2, worker:2" });
    expect((await holder())?.owner).to.equal(EXECUTION);
  });

  it("is started once by two invocations at once", async () => {
    await world.step();
    const [state] = world.states;
    const step = () => advance(world.context, world.request, state);
    await capture(() => Promise.all([step(), step()]));
    expect((await holder())?.owner).to.equal(EXECUTION);
    expect(world.running()).to.deep.equal([
      ["web:2", 2],
      ["worker:2", 2],
    ]);
    expect(world.ecs.services.web?.deployments).to.have.length(2);
  });
});
