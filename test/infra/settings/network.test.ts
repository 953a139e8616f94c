import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { userData } from "../../../infra/network/natInstance/userData";
import github from "../../../infra/settings/githubCidrs.json";
import { BOOT_HOOK_BYTES } from "../../../infra/settings/network";
import { SCENARIO_STACKS } from "../../../rehearsal/stacks";
import { type Raw, settingsOf, withInstance, withNetwork } from "../configurations";

const instanceOf = (raw: Raw) => settingsOf(raw).network.natInstance;

describe("the settings of a NAT instance", () => {
  it("lead to GitHub, unless told otherwise", () => {
    expect(instanceOf(withInstance({}))).to.deep.equal({
      routes: github.cidrs,
      instanceType: "t4g.micro",
      ami: undefined,
      bootHook: undefined,
    });
  });

  it("are what the stack file says, with the text of the boot hook", () => {
    const raw = withInstance({
      githubCidrs: ["20.205.243.166/32"],
      instanceType: "c7gn.large",
      ami: "ami-0123456789abcdef0",
      bootHook: "network/vpn.sh",
    });
    expect(settingsOf(raw, { "network/vpn.sh": "#!/bin/bash\nwg-quick up wg0\n" }).network.natInstance).to.deep.equal({
      routes: ["20.205.243.166/32"],
      instanceType: "c7gn.large",
      ami: "ami-0123456789abcdef0",
      bootHook: "#!/bin/bash\nwg-quick up wg0\n",
    });
  });

  it("allow no longer boot hook than user data has room for", () => {
    const options = {
      networkInterfaceId: "eni-0123456789abcdef0",
      macAddress: "0a:1b:2c:3d:4e:5f",
      region: "cn-northwest-1",
      vpcCidr: "100.100.100.0/22",
      probe: `https://${"g".repeat(200)}`,
    };
    const hook = (bytes: number) => `#!/bin/sh\n${"x".repeat(bytes - 10)}`;
    expect(() => userData({ ...options, bootHook: hook(BOOT_HOOK_BYTES) })).not.to.throw();
    expect(() => userData({ ...options, bootHook: hook(16_384) })).to.throw("EC2 allows 16384 bytes of user data");
  });

  const ROUTES: [title: string, github: string[], extra: string[], routes: string[]][] = [
    ["adjacent ones are one", ["203.0.113.0/25"], ["203.0.113.128/25"], ["203.0.113.0/24"]],
    ["overlapping ones are the wider one", ["203.0.113.64/26", "203.0.113.0/24"], [], ["203.0.113.0/24"]],
    ["equal ones are one", ["203.0.113.7/32"], ["203.0.113.7/32"], ["203.0.113.7/32"]],
    [
      "adjacent ones of different networks stay two",
      ["203.0.113.128/25", "203.0.114.0/25"],
      [],
      ["203.0.113.128/25", "203.0.114.0/25"],
    ],
    [
      "they stand in the order of their addresses",
      ["192.30.252.0/22", "4.208.26.192/28", "20.205.243.160/28"],
      ["11.0.0.0/8"],
      ["4.208.26.192/28", "11.0.0.0/8", "20.205.243.160/28", "192.30.252.0/22"],
    ],
    ["nobody's own ones are widened", [], ["198.51.100.7/32"], ["198.51.100.7/32"]],
  ];
  for (const [title, githubCidrs, extraCidrs, routes] of ROUTES)
    it(`merge destinations: ${title}`, () => {
      expect(instanceOf(withInstance({ githubCidrs, extraCidrs }))?.routes).to.deep.equal(routes);
    });

  it("add destinations to GitHub's", () => {
    const routes = instanceOf(withInstance({ extraCidrs: ["20.205.243.176/28"] }))?.routes;
    const merged = github.cidrs.map((cidr) => (cidr === "20.205.243.160/28" ? "20.205.243.160/27" : cidr));
    expect(routes).to.deep.equal(merged);
  });

  for (const instance of [undefined, { instanceType: "t4g.small" }])
    it(`lead everything in halves where all egress goes through it, ${instance ? "and say" : "or do not say"} its type`, () => {
      expect(instanceOf(withNetwork({ egress: "nat-instance", natInstance: instance }))).to.deep.equal({
        routes: ["0.0.0.0/1", "128.0.0.0/1"],
        instanceType: instance?.instanceType ?? "t4g.micro",
        ami: undefined,
        bootHook: undefined,
      });
    });
});

/** The settings of a stack file. */
const stackFile = (stack: string) =>
  settingsOf(parse(readFileSync(path.join(SCENARIO_STACKS, `Pulumi.${stack}.yaml`), "utf8")).config);

describe("the stack files of China", () => {
  it("lead GitHub's pushes to Beijing through the instance, and ask for them", () => {
    const { environment, network, intake, pipelineType, baseImageRegistry } = stackFile("cn-north-1");
    expect({ environment, network, intake, pipelineType, baseImageRegistry }).to.deep.equal({
      environment: "beijing",
      network: {
        cidr: "10.40.0.0/16",
        availabilityZones: ["cn-north-1a", "cn-north-1b"],
        egress: "nat-gateway",
        endpoints: ["s3"],
        routesPerTable: 50,
        natInstance: { routes: github.cidrs, instanceType: "t4g.micro", ami: undefined, bootHook: undefined },
      },
      intake: "poll",
      pipelineType: "V1",
      baseImageRegistry: "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/mirror",
    });
  });

  it("lead everything from Ningxia through the instance, and are told of pushes", () => {
    const { environment, network, intake, pipelineType, baseImageRegistry } = stackFile("cn-northwest-1");
    expect({ environment, network, intake, pipelineType, baseImageRegistry }).to.deep.equal({
      environment: "ningxia",
      network: {
        cidr: "10.50.0.0/16",
        availabilityZones: ["cn-northwest-1a", "cn-northwest-1b"],
        egress: "nat-instance",
        endpoints: ["s3"],
        routesPerTable: 50,
        natInstance: {
          routes: ["0.0.0.0/1", "128.0.0.0/1"],
          instanceType: "t4g.micro",
          ami: undefined,
          bootHook: undefined,
        },
      },
      intake: "webhook",
      pipelineType: "V1",
      baseImageRegistry: "123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn/mirror",
    });
  });

  it("deliver the application of the other stacks, and nothing else of them", () => {
    const [dev, ...china] = ["dev", "cn-north-1", "cn-northwest-1"].map((stack) =>
      stackFile(stack).applications.map(({ services, ...application }) => ({
        ...application,
        services: services.map(({ environment, ...service }) => service),
      })),
    );
    expect(china).to.deep.equal([dev, dev]);
  });
});
