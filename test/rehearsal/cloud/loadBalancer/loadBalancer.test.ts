import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { closeServer } from "../../../../rehearsal/cloud/endpoint";
import { createLoadBalancer, type DescribeTargetHealthOutput } from "../../../../rehearsal/cloud/loadBalancer";
import { createNetwork, networkOf } from "../../../../rehearsal/cloud/network";
import { createTestCloud, type TestCloud } from "../../support";
import { declareWeb, until, type Web } from "../ecs/containerSupport";

describe("load balancer", () => {
  let cloud: TestCloud;
  let web: Web;
  let servers: Server[];

  beforeEach(async () => {
    servers = [];
    cloud = await createTestCloud([createNetwork, createLoadBalancer]);
    web = await declareWeb(cloud);
  });
  afterEach(async () => {
    await Promise.all(servers.map(closeServer));
    await cloud.close();
  });

  interface TestTarget {
    Id: string;
    Port: number;
    checks: number;
    status: number;
  }

  /** A target that answers health checks with `status`, and everything else by `answer`; not registered yet. */
  async function startTarget(answer: RequestListener = (_, response) => response.end()): Promise<TestTarget> {
    const { address } = networkOf(cloud).attach({
      subnetId: web.privateSubnets[0] ?? "",
      securityGroups: [web.taskGroup],
    });
    const target: TestTarget = { Id: address, Port: 8080, checks: 0, status: 200 };
    const server = createServer((request, response) => {
      if (request.url !== "/healthz") return answer(request, response);
      target.checks += 1;
      response.writeHead(target.status).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    servers.push(server);
    cloud.addresses.set(`${address}:8080`, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return target;
  }

  const ask = <O>(operation: string, targets: { Id: string; Port: number }[]): Promise<O> =>
    cloud.call<object, O>({ kind: "operator" }, "elasticloadbalancing", operation, {
      TargetGroupArn: web.targetGroupArn,
      Targets: targets.map(({ Id, Port }) => ({ Id, Port })),
    });

  async function health(target: { Id: string; Port: number }) {
    const answer = await ask<DescribeTargetHealthOutput>("DescribeTargetHealth", [target]);
    return answer.TargetHealthDescriptions[0]?.TargetHealth;
  }

  const stateIs = async (target: TestTarget, state: string) => (await health(target))?.State === state;

  async function register(...targets: TestTarget[]): Promise<void> {
    await ask("RegisterTargets", targets);
    for (const target of targets) await until(() => stateIs(target, "healthy"));
  }

  /** Turns time to the target's next check, and waits until it has it. */
  async function nextCheck(target: TestTarget): Promise<void> {
    const { checks } = target;
    await until(async () => {
      if (target.checks > checks) return true;
      await cloud.clock.turn(1000);
      return false;
    });
  }

  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${web.url}${path}`, { headers, redirect: "manual" });

  it("tells of each error that it answers by itself, for CloudWatch to count", async () => {
    await cloud.start();
    const answers: number[] = [];
    for (let asked = 0; asked < 2; asked++) answers.push((await fetch(web.url)).status);
    const told = cloud.events.flatMap((it) => (it.kind === "balancer-error" ? [it] : []));
    expect(answers).to.deep.equal([503, 503]);
    expect(told.map(({ status }) => status)).to.deep.equal([503, 503]);
    expect(told[0]?.loadBalancer).to.match(/^app\/[\w-]+\/[0-9a-f]{16}$/);
  });

  it("has an address by its DNS name", () => {
    expect(web.dnsName).to.match(/^balancer-[0-9a-f]{7}-[0-9a-f]{9}\.us-east-1\.elb\.amazonaws\.com$/);
    expect(web.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(web.loadBalancerArn).to.match(/:loadbalancer\/app\/balancer-[0-9a-f]{7}\/[0-9a-f]{16}$/);
    expect(web.targetGroupArn).to.match(/:targetgroup\/web-[0-9a-f]{7}\/[0-9a-f]{16}$/);
    expect(web.listenerArn).to.match(/:listener\/app\/balancer-[0-9a-f]{7}\/[0-9a-f]{16}\/[0-9a-f]{16}$/);
  });

  it("of an internal scheme answers callers of connected networks, and none of the internet", async () => {
    const other = await createTestCloud([createNetwork, createLoadBalancer]);
    const inner = await declareWeb(other, {}, { internal: true });
    expect(inner.dnsName).to.match(/^internal-balancer-/);
    expect((await fetch(inner.url)).status).to.equal(503);
    const [address] = inner.privateSubnets.map(
      (subnetId) => networkOf(other).attach({ subnetId, securityGroups: [inner.balancerGroup] }).address,
    );
    const to = networkOf(other).interfaceAt(address ?? "");
    expect(to && networkOf(other).between("internet", to, 80).open).to.equal(false);
    expect(to && networkOf(other).between("connected network", to, 80).open).to.equal(true);
    expect(to && networkOf(other).between("connected network", to, 81).open).to.equal(false);
    await other.close();
  });

  it("answers 503 while nobody is registered", async () => {
    const answer = await get("/");
    expect([answer.status, answer.headers.get("server")]).to.deep.equal([503, "awselb/2.0"]);
    expect(await answer.text()).to.include("503 Service Unavailable");
  });

  it("forwards requests and answers as they are, and says for whom", async () => {
    await register(
      await startTarget((request, response) => {
        response.writeHead(201, { "x-served-by": "target", "content-type": "application/json" });
        const { method, url, headers } = request;
        request.once("data", (body) => response.end(JSON.stringify({ method, url, headers, body: String(body) })));
      }),
    );
    const answer = await fetch(`${web.url}//a/../b?c=%20d`, { method: "PUT", body: "text", headers: { "x-own": "1" } });
    expect([answer.status, answer.headers.get("x-served-by")]).to.deep.equal([201, "target"]);
    const seen = (await answer.json()) as {
      method: string;
      url: string;
      headers: Record<string, string>;
      body: string;
    };
    expect([seen.method, seen.url, seen.body]).to.deep.equal(["PUT", "//b?c=%20d", "text"]);
    expect(seen.headers).to.deep.include({
      host: web.url.replace("http://", ""),
      "x-own": "1",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-port": "80",
    });
    expect(seen.headers["x-amzn-trace-id"]).to.match(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
  });

  it("takes turns between healthy targets", async () => {
    const names = ["a", "b"];
    await register(...(await Promise.all(names.map((name) => startTarget((_, response) => response.end(name))))));
    const bodies = [];
    for (let request = 0; request < 4; request++) bodies.push(await (await get("/")).text());
    expect(bodies.sort().join("")).to.equal("aabb");
  });

  it("takes a new target after one check, and an unhealthy one after the threshold", async () => {
    const target = await startTarget();
    await ask("RegisterTargets", [target]);
    await until(() => stateIs(target, "healthy"));
    expect(target.checks).to.equal(1);
    target.status = 500;
    const states = [];
    for (let check = 0; check < 3; check++) {
      await nextCheck(target);
      await until(async () => check < 2 || (await stateIs(target, "unhealthy")));
      states.push((await health(target))?.State);
    }
    expect(states).to.deep.equal(["healthy", "healthy", "unhealthy"]);
    expect(await health(target)).to.deep.equal({
      State: "unhealthy",
      Reason: "Target.ResponseCodeMismatch",
      Description: "Health checks failed with these codes: [500]",
    });
    target.status = 200;
    await nextCheck(target);
    expect((await health(target))?.State).to.equal("unhealthy");
    await nextCheck(target);
    await until(() => stateIs(target, "healthy"));
    expect(target.checks).to.equal(6);
  });

  it("prefers healthy targets, and fails open where there are none", async () => {
    const [good, bad] = [await startTarget((_, it) => it.end("good")), await startTarget((_, it) => it.end("bad"))];
    await register(good);
    bad.status = 500;
    await ask("RegisterTargets", [bad]);
    for (let check = 0; check < 3; check++) await nextCheck(bad);
    await until(() => stateIs(bad, "unhealthy"));
    const bodies = [];
    for (let request = 0; request < 3; request++) bodies.push(await (await get("/")).text());
    expect(bodies).to.deep.equal(["good", "good", "good"]);
    await ask("DeregisterTargets", [good]);
    expect(await (await get("/")).text()).to.equal("bad");
  });

  it("lets a target finish what it began while it drains, and sends it nothing new", async () => {
    let release: (() => void) | undefined;
    const leaving = await startTarget((_, response) => {
      release = () => response.end("late");
    });
    await register(leaving);
    const running = get("/slow");
    await until(() => release !== undefined);
    await ask("DeregisterTargets", [leaving]);
    expect(await health(leaving)).to.deep.equal({
      State: "draining",
      Reason: "Target.DeregistrationInProgress",
      Description: "Target deregistration is in progress",
    });
    expect((await get("/")).status).to.equal(503);
    await cloud.clock.turn(29_999);
    expect((await health(leaving))?.State).to.equal("draining");
    release?.();
    expect(await (await running).text()).to.equal("late");
    await cloud.clock.turn(1);
    expect((await health(leaving))?.Reason).to.equal("Target.NotRegistered");
  });

  it("breaks off what is not finished when the deregistration delay is over", async () => {
    let asked = false;
    const leaving = await startTarget(() => {
      asked = true;
    });
    await register(leaving);
    const running = get("/slow");
    await until(() => asked);
    await ask("DeregisterTargets", [leaving]);
    await cloud.clock.turn(30_000);
    expect((await running).status).to.equal(502);
  });

  it("answers 502 where nothing listens any more", async () => {
    const target = await startTarget();
    await register(target);
    await Promise.all(servers.splice(0).map(closeServer));
    expect((await get("/")).status).to.equal(502);
    cloud.addresses.delete(`${target.Id}:8080`);
    expect((await get("/")).status).to.equal(502);
  });

  it("finds a target that never answered starting, then unhealthy", async () => {
    const target = await startTarget();
    const address = cloud.addresses.get(`${target.Id}:8080`) ?? "";
    cloud.addresses.delete(`${target.Id}:8080`);
    await ask("RegisterTargets", [target]);
    await cloud.clock.turn(10 * 60_000);
    expect((await health(target))?.State).to.equal("initial");
    cloud.addresses.set(`${target.Id}:8080`, address);
    await nextCheck(target);
    await until(() => stateIs(target, "healthy"));
  });

  it("does not reach a target whose security group does not let it in", async () => {
    const closed = networkOf(cloud).attach({ subnetId: web.privateSubnets[0] ?? "", securityGroups: [] });
    const target = { Id: closed.address, Port: 8080 };
    await ask("RegisterTargets", [target]);
    await until(async () => {
      await cloud.clock.turn(10_000);
      return (await health(target))?.State === "unhealthy";
    });
    // Further failed checks tell nothing new.
    await cloud.clock.turn(30_000);
    const { Description, ...rest } = (await health(target)) ?? {};
    expect(rest).to.deep.equal({ State: "unhealthy", Reason: "Target.Timeout" });
    expect(Description).to.match(
      /^Request timed out: the egress rules of balancer-\S+ \(sg-\S+\) do not reach port 8080 of /,
    );
    expect(cloud.events.filter(({ kind }) => kind === "target")).to.deep.equal([
      {
        kind: "target",
        targetGroup: web.targetGroupArn.split("/")[1],
        target: `${closed.address}:8080`,
        state: "unhealthy",
        reason: Description,
      },
    ]);
    expect((await get("/")).status).to.equal(504);
  });

  it("says nothing to those whom its security group keeps out", async () => {
    const { id: loadBalancerArn, outputs } = await cloud.declare("aws:lb/loadBalancer:LoadBalancer", "closed", {
      subnets: web.publicSubnets,
      securityGroups: [web.taskGroup],
    });
    await cloud.declare("aws:lb/listener:Listener", "closed", {
      loadBalancerArn,
      port: 8443,
      defaultActions: [{ type: "fixed-response", fixedResponse: { contentType: "text/plain", statusCode: "200" } }],
    });
    const url = cloud.addresses.get(`${outputs.dnsName}:8443`) ?? "";
    const refusal = await fetch(url).catch((error) => error.cause.code);
    expect(refusal).to.be.oneOf(["ECONNRESET", "UND_ERR_SOCKET"]);
  });

  it("routes by its rules, redirects, and answers by itself", async () => {
    const rule = (name: string, inputs: object) =>
      cloud.declare("aws:lb/listenerRule:ListenerRule", name, { listenerArn: web.listenerArn, ...inputs });
    await rule("moved", {
      priority: 1,
      conditions: [{ pathPattern: { values: ["/old/*"] } }],
      actions: [{ type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } }],
    });
    const { outputs } = await rule("gone", {
      conditions: [{ hostHeader: { values: ["gone.example"] } }],
      actions: [
        {
          type: "fixed-response",
          fixedResponse: { contentType: "text/plain", statusCode: "410", messageBody: "gone" },
        },
      ],
    });
    expect(outputs.priority).to.equal(2);
    const moved = await get("/old/x?y=1");
    expect([moved.status, moved.headers.get("location")]).to.deep.equal([301, "https://127.0.0.1:443/old/x?y=1"]);
    const again = rule("again", { priority: 2, conditions: [], actions: [] });
    expect(await again.catch((error) => error.message)).to.equal("Priority '2' is currently in use");
    expect((await get("/new")).status).to.equal(503);
  });

  const refusals: [string, string, object, RegExp][] = [
    [
      "HTTPS without a certificate",
      "aws:lb/listener:Listener",
      { protocol: "HTTPS", port: 443 },
      /A certificate must be specified/,
    ],
    [
      "a network load balancer",
      "aws:lb/loadBalancer:LoadBalancer",
      { loadBalancerType: "network" },
      /type network is not simulated/,
    ],
    [
      "a target group of another protocol than HTTP",
      "aws:lb/targetGroup:TargetGroup",
      { protocol: "HTTPS" },
      /^aws\.lb\.TargetGroup \S+: protocol HTTPS is not simulated: only HTTP is\.$/,
    ],
    ["one subnet", "aws:lb/loadBalancer:LoadBalancer", { subnets: ["subnet-1"] }, /At least two subnets/],
    [
      "a name too long",
      "aws:lb/targetGroup:TargetGroup",
      { name: "n".repeat(33) },
      /cannot be longer than '32' characters/,
    ],
    [
      "stickiness",
      "aws:lb/targetGroup:TargetGroup",
      { stickiness: { type: "lb_cookie" } },
      /stickiness is not simulated/,
    ],
  ];
  for (const [name, type, inputs, message] of refusals)
    it(`refuses ${name}`, async () => {
      const defaults = {
        loadBalancerArn: web.loadBalancerArn,
        defaultActions: [{ type: "forward", targetGroupArn: web.targetGroupArn }],
      };
      const declared = cloud.declare(type, "refused", { ...(type.endsWith("Listener") ? defaults : {}), ...inputs });
      expect(await declared.catch((error) => error.message)).to.match(message);
    });
});
