import { expect } from "chai";
import { networkOf } from "../../../../rehearsal/cloud/network";
import { until } from "../ecs/containerSupport";
import { type Balancer, createBalancer } from "./support";

describe("load balancer: targets", () => {
  let balancer: Balancer;

  beforeEach(async () => {
    balancer = await createBalancer();
  });
  afterEach(() => balancer.close());

  it("takes a new target after one check, and an unhealthy one after the threshold", async () => {
    const target = await balancer.startTarget();
    await balancer.ask("RegisterTargets", [target]);
    await until(() => balancer.stateIs(target, "healthy"));
    expect(target.checks).to.equal(1);
    target.status = 500;
    const states = [];
    for (let check = 0; check < 3; check++) {
      await balancer.nextCheck(target);
      await until(async () => check < 2 || (await balancer.stateIs(target, "unhealthy")));
      states.push((await balancer.health(target))?.State);
    }
    expect(states).to.deep.equal(["healthy", "healthy", "unhealthy"]);
    expect(await balancer.health(target)).to.deep.equal({
      State: "unhealthy",
      Reason: "Target.ResponseCodeMismatch",
      Description: "Health checks failed with these codes: [500]",
    });
    target.status = 200;
    await balancer.nextCheck(target);
    expect((await balancer.health(target))?.State).to.equal("unhealthy");
    await balancer.nextCheck(target);
    await until(() => balancer.stateIs(target, "healthy"));
    expect(target.checks).to.equal(6);
  });

  it("prefers healthy targets, and fails open where there are none", async () => {
    const [good, bad] = [
      await balancer.startTarget((_, it) => it.end("good")),
      await balancer.startTarget((_, it) => it.end("bad")),
    ];
    await balancer.register(good);
    bad.status = 500;
    await balancer.ask("RegisterTargets", [bad]);
    for (let check = 0; check < 3; check++) await balancer.nextCheck(bad);
    await until(() => balancer.stateIs(bad, "unhealthy"));
    const bodies = [];
    for (let request = 0; request < 3; request++) bodies.push(await (await balancer.get("/")).text());
    expect(bodies).to.deep.equal(["good", "good", "good"]);
    await balancer.ask("DeregisterTargets", [good]);
    expect(await (await balancer.get("/")).text()).to.equal("bad");
  });

  it("lets a target finish what it began while it drains, and sends it nothing new", async () => {
    let release: (() => void) | undefined;
    const leaving = await balancer.startTarget((_, response) => {
      release = () => response.end("late");
    });
    await balancer.register(leaving);
    const running = balancer.get("/slow");
    await until(() => release !== undefined);
    await balancer.ask("DeregisterTargets", [leaving]);
    expect(await balancer.health(leaving)).to.deep.equal({
      State: "draining",
      Reason: "Target.DeregistrationInProgress",
      Description: "Target deregistration is in progress",
    });
    expect((await balancer.get("/")).status).to.equal(503);
    await balancer.cloud.clock.turn(29_999);
    expect((await balancer.health(leaving))?.State).to.equal("draining");
    release?.();
    expect(await (await running).text()).to.equal("late");
    await balancer.cloud.clock.turn(1);
    expect((await balancer.health(leaving))?.Reason).to.equal("Target.NotRegistered");
  });

  it("breaks off what is not finished when the deregistration delay is over", async () => {
    let asked = false;
    const leaving = await balancer.startTarget(() => {
      asked = true;
    });
    await balancer.register(leaving);
    const running = balancer.get("/slow");
    await until(() => asked);
    await balancer.ask("DeregisterTargets", [leaving]);
    await balancer.cloud.clock.turn(30_000);
    expect((await running).status).to.equal(502);
  });

  it("finds a target that never answered starting, then unhealthy", async () => {
    const target = await balancer.startTarget();
    const address = balancer.cloud.addresses.get(`${target.Id}:8080`) ?? "";
    balancer.cloud.addresses.delete(`${target.Id}:8080`);
    await balancer.ask("RegisterTargets", [target]);
    await balancer.cloud.clock.turn(10 * 60_000);
    expect((await balancer.health(target))?.State).to.equal("initial");
    balancer.cloud.addresses.set(`${target.Id}:8080`, address);
    await balancer.nextCheck(target);
    await until(() => balancer.stateIs(target, "healthy"));
  });

  it("does not reach a target whose security group does not let it in", async () => {
    const closed = networkOf(balancer.cloud).attach({
      subnetId: balancer.web.privateSubnets[0] ?? "",
      securityGroups: [],
    });
    const target = { Id: closed.address, Port: 8080 };
    await balancer.ask("RegisterTargets", [target]);
    await until(async () => {
      await balancer.cloud.clock.turn(10_000);
      return (await balancer.health(target))?.State === "unhealthy";
    });
    // Further failed checks tell nothing new.
    await balancer.cloud.clock.turn(30_000);
    const { Description, ...rest } = (await balancer.health(target)) ?? {};
    expect(rest).to.deep.equal({ State: "unhealthy", Reason: "Target.Timeout" });
    expect(Description).to.match(
      /^Request timed out: the egress rules of balancer-\S+ \(sg-\S+\) do not reach port 8080 of /,
    );
    expect(balancer.cloud.events.filter(({ kind }) => kind === "target")).to.deep.equal([
      {
        kind: "target",
        targetGroup: balancer.web.targetGroupArn.split("/")[1],
        target: `${closed.address}:8080`,
        state: "unhealthy",
        reason: Description,
      },
    ]);
    expect((await balancer.get("/")).status).to.equal(504);
  });
});
