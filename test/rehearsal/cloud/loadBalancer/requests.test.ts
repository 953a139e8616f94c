import { expect } from "chai";
import { createLoadBalancer } from "../../../../rehearsal/cloud/loadBalancer";
import { createNetwork, networkOf } from "../../../../rehearsal/cloud/network";
import { createTestCloud } from "../../support";
import { declareWeb } from "../ecs/containerSupport";
import { type Balancer, createBalancer } from "./support";

describe("load balancer: requests", () => {
  let balancer: Balancer;

  beforeEach(async () => {
    balancer = await createBalancer();
  });
  afterEach(() => balancer.close());

  it("tells of each error that it answers by itself, for CloudWatch to count", async () => {
    await balancer.cloud.start();
    const answers: number[] = [];
    for (let asked = 0; asked < 2; asked++) answers.push((await fetch(balancer.web.url)).status);
    const told = balancer.cloud.events.flatMap((it) => (it.kind === "balancer-error" ? [it] : []));
    expect(answers).to.deep.equal([503, 503]);
    expect(told.map(({ status }) => status)).to.deep.equal([503, 503]);
    expect(told[0]?.loadBalancer).to.match(/^app\/[\w-]+\/[0-9a-f]{16}$/);
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
    const answer = await balancer.get("/");
    expect([answer.status, answer.headers.get("server")]).to.deep.equal([503, "awselb/2.0"]);
    expect(await answer.text()).to.include("503 Service Unavailable");
  });

  it("forwards requests and answers as they are, and says for whom", async () => {
    await balancer.register(
      await balancer.startTarget((request, response) => {
        response.writeHead(201, { "x-served-by": "target", "content-type": "application/json" });
        const { method, url, headers } = request;
        request.once("data", (body) => response.end(JSON.stringify({ method, url, headers, body: String(body) })));
      }),
    );
    const answer = await fetch(`${balancer.web.url}//a/../b?c=%20d`, {
      method: "PUT",
      body: "text",
      headers: { "x-own": "1" },
    });
    expect([answer.status, answer.headers.get("x-served-by")]).to.deep.equal([201, "target"]);
    const seen = (await answer.json()) as {
      method: string;
      url: string;
      headers: Record<string, string>;
      body: string;
    };
    expect([seen.method, seen.url, seen.body]).to.deep.equal(["PUT", "//b?c=%20d", "text"]);
    expect(seen.headers).to.deep.include({
      host: balancer.web.url.replace("http://", ""),
      "x-own": "1",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-port": "80",
    });
    expect(seen.headers["x-amzn-trace-id"]).to.match(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
  });

  it("takes turns between healthy targets", async () => {
    const names = ["a", "b"];
    await balancer.register(
      ...(await Promise.all(names.map((name) => balancer.startTarget((_, response) => response.end(name))))),
    );
    const bodies = [];
    for (let request = 0; request < 4; request++) bodies.push(await (await balancer.get("/")).text());
    expect(bodies.sort().join("")).to.equal("aabb");
  });

  it("answers 502 where nothing listens any more", async () => {
    const target = await balancer.startTarget();
    await balancer.register(target);
    await balancer.closeTargets();
    expect((await balancer.get("/")).status).to.equal(502);
    balancer.cloud.addresses.delete(`${target.Id}:8080`);
    expect((await balancer.get("/")).status).to.equal(502);
  });

  it("says nothing to those whom its security group keeps out", async () => {
    const { id: loadBalancerArn, outputs } = await balancer.cloud.declare(
      "aws:lb/loadBalancer:LoadBalancer",
      "closed",
      {
        subnets: balancer.web.publicSubnets,
        securityGroups: [balancer.web.taskGroup],
      },
    );
    await balancer.cloud.declare("aws:lb/listener:Listener", "closed", {
      loadBalancerArn,
      port: 8443,
      defaultActions: [{ type: "fixed-response", fixedResponse: { contentType: "text/plain", statusCode: "200" } }],
    });
    const url = balancer.cloud.addresses.get(`${outputs.dnsName}:8443`) ?? "";
    const refusal = await fetch(url).catch((error) => error.cause.code);
    expect(refusal).to.be.oneOf(["ECONNRESET", "UND_ERR_SOCKET"]);
  });

  it("routes by its rules, redirects, and answers by itself", async () => {
    const rule = (name: string, inputs: object) =>
      balancer.cloud.declare("aws:lb/listenerRule:ListenerRule", name, {
        listenerArn: balancer.web.listenerArn,
        ...inputs,
      });
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
    const moved = await balancer.get("/old/x?y=1");
    expect([moved.status, moved.headers.get("location")]).to.deep.equal([301, "https://127.0.0.1:443/old/x?y=1"]);
    const again = rule("again", { priority: 2, conditions: [], actions: [] });
    expect(await again.catch((error) => error.message)).to.equal("Priority '2' is currently in use");
    expect((await balancer.get("/new")).status).to.equal(503);
  });
});
