import { expect } from "chai";
import { type Balancer, createBalancer } from "./support";

describe("load balancer: declaration", () => {
  let balancer: Balancer;

  beforeEach(async () => {
    balancer = await createBalancer();
  });
  afterEach(() => balancer.close());

  it("has an address by its DNS name", () => {
    expect(balancer.web.dnsName).to.match(/^balancer-[0-9a-f]{7}-[0-9a-f]{9}\.us-east-1\.elb\.amazonaws\.com$/);
    expect(balancer.web.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(balancer.web.loadBalancerArn).to.match(/:loadbalancer\/app\/balancer-[0-9a-f]{7}\/[0-9a-f]{16}$/);
    expect(balancer.web.targetGroupArn).to.match(/:targetgroup\/web-[0-9a-f]{7}\/[0-9a-f]{16}$/);
    expect(balancer.web.listenerArn).to.match(/:listener\/app\/balancer-[0-9a-f]{7}\/[0-9a-f]{16}\/[0-9a-f]{16}$/);
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
        loadBalancerArn: balancer.web.loadBalancerArn,
        defaultActions: [{ type: "forward", targetGroupArn: balancer.web.targetGroupArn }],
      };
      const declared = balancer.cloud.declare(type, "refused", {
        ...(type.endsWith("Listener") ? defaults : {}),
        ...inputs,
      });
      expect(await declared.catch((error) => error.message)).to.match(message);
    });
});
