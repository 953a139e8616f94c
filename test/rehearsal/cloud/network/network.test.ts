import { expect } from "chai";
import { createNetwork, networkOf } from "../../../../rehearsal/cloud/network";
import {
  defaultSpecs,
  formatAddress,
  holds,
  layOut,
  parseAddress,
  parseRange,
} from "../../../../rehearsal/cloud/network/addresses";
import { admits, type Peer, type Rule } from "../../../../rehearsal/cloud/network/securityGroups";
import { createTestCloud, type TestCloud } from "../../support";

describe("network addresses", () => {
  it("are read and written", () => {
    expect(parseAddress("10.20.0.255")).to.equal(169083135);
    expect(formatAddress(169083135)).to.equal("10.20.0.255");
    expect(holds(["10.0.0.0/8", "192.168.1.1/32"], "192.168.1.1")).to.equal(true);
    expect(holds(["10.0.0.0/8"], "11.0.0.0")).to.equal(false);
  });

  // As awsx's own tests have them (awsx/ec2/subnetDistributorNew.test.ts).
  it("are laid out as awsx does by default", () => {
    const vpc = parseRange("10.0.0.0/16");
    expect(layOut(vpc, 3, defaultSpecs(vpc, 3))).to.deep.equal([
      ["10.0.0.0/19", "10.0.32.0/20"],
      ["10.0.64.0/19", "10.0.96.0/20"],
      ["10.0.128.0/19", "10.0.160.0/20"],
    ]);
  });

  it("are laid out by the specs, each on a boundary of its own size", () => {
    const specs = [{ type: "Public", cidrMask: 24 }, { type: "Private", cidrMask: 20 }, { type: "Isolated" }];
    expect(layOut(parseRange("10.20.0.0/16"), 2, specs)).to.deep.equal([
      ["10.20.0.0/24", "10.20.16.0/20", "10.20.32.0/19"],
      ["10.20.128.0/24", "10.20.144.0/20", "10.20.160.0/19"],
    ]);
    const explicit = [{ type: "Public", cidrBlocks: ["10.1.0.0/24", "10.1.1.0/24"] }];
    expect(layOut(parseRange("10.1.0.0/16"), 2, explicit)).to.deep.equal([["10.1.0.0/24"], ["10.1.1.0/24"]]);
  });
});

describe("security groups", () => {
  const rule = (more: Partial<Rule>): Rule => ({
    direction: "ingress",
    protocol: "tcp",
    fromPort: 80,
    toPort: 90,
    cidrs: [],
    groups: [],
    ...more,
  });
  const inside: Peer = { address: "10.0.0.5", securityGroups: ["sg-a"] };
  const cases: [name: string, rule: Partial<Rule>, port: number, peer: Peer, admitted: boolean][] = [
    ["a port of the range", { groups: ["sg-a"] }, 90, inside, true],
    ["no port beside it", { groups: ["sg-a"] }, 91, inside, false],
    ["every port with -1", { protocol: "-1", groups: ["sg-a"] }, 5432, inside, true],
    ["no TCP with udp", { protocol: "udp", groups: ["sg-a"] }, 80, inside, false],
    ["an address of the range", { cidrs: ["10.0.0.0/24"] }, 80, inside, true],
    ["no other address", { cidrs: ["10.0.1.0/24"] }, 80, inside, false],
    ["no other group", { groups: ["sg-b"] }, 80, inside, false],
    ["nobody by a rule of the other direction", { direction: "egress", groups: ["sg-a"] }, 80, inside, false],
    ["the internet by any range", { cidrs: ["203.0.113.0/24"] }, 80, "internet", true],
    ["the internet by no group", { groups: ["sg-a"] }, 80, "internet", false],
  ];
  for (const [name, more, port, peer, admitted] of cases)
    it(`admit ${name}`, () => {
      const group = { id: "sg-x", name: "x", vpcId: "vpc-1", rules: [rule(more)] };
      expect(admits([group], "ingress", port, peer)).to.equal(admitted);
    });
});

describe("network", () => {
  let cloud: TestCloud;

  beforeEach(async () => {
    cloud = await createTestCloud([createNetwork]);
  });
  afterEach(() => cloud.close());

  const everywhere = { protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] };
  const declareGroup = async (inputs: object = {}) =>
    (await cloud.declare("aws:ec2/securityGroup:SecurityGroup", "group", { name: "group", ...inputs })).id;

  async function declareSubnets(inputs: object): Promise<Record<"public" | "private" | "isolated", string[]>> {
    const { outputs } = await cloud.declare("awsx:ec2:Vpc", "vpc", { cidrBlock: "10.20.0.0/16", ...inputs });
    return {
      public: outputs.publicSubnetIds as string[],
      private: outputs.privateSubnetIds as string[],
      isolated: outputs.isolatedSubnetIds as string[],
    };
  }

  it("has the subnets that awsx makes", async () => {
    const { outputs } = await cloud.declare("awsx:ec2:Vpc", "vpc", { numberOfAvailabilityZones: 2 });
    expect(outputs.vpcId).to.match(/^vpc-[0-9a-f]{17}$/);
    expect(outputs.publicSubnetIds).to.have.length(2);
    expect(outputs.privateSubnetIds).to.have.length(2);
    expect(outputs.isolatedSubnetIds).to.deep.equal([]);
    expect(
      new Set([...(outputs.publicSubnetIds as string[]), ...(outputs.privateSubnetIds as string[])]).size,
    ).to.equal(4);
  });

  it("gives out the addresses of a subnet, but for those that AWS keeps", async () => {
    const specs = [
      { type: "Private", cidrMask: 28 },
      { type: "Public", cidrMask: 28 },
    ];
    const subnets = await declareSubnets({ numberOfAvailabilityZones: 1, subnetSpecs: specs });
    const { attach, detach, interfaceAt } = networkOf(cloud);
    const attachment = { subnetId: subnets.private[0] ?? "", securityGroups: [] };
    const addresses = Array.from({ length: 11 }, () => attach(attachment).address);
    expect([addresses[0], addresses[10]]).to.deep.equal(["10.20.0.4", "10.20.0.14"]);
    expect(() => attach(attachment)).to.throw("no free addresses");
    const freed = interfaceAt("10.20.0.7");
    if (freed !== undefined) detach(freed);
    expect(attach(attachment).address).to.equal("10.20.0.7");
    expect(() => attach({ ...attachment, securityGroups: ["sg-0"] })).to.throw("security group 'sg-0' does not exist");
    expect(() => attach({ ...attachment, subnetId: "subnet-0" })).to.throw("subnet ID 'subnet-0' does not exist");
  });

  const specs = [{ type: "Public" }, { type: "Private" }, { type: "Isolated" }];
  const ways: [
    name: string,
    vpc: object,
    subnet: "public" | "private" | "isolated",
    ip: boolean,
    way: RegExp | "open",
  ][] = [
    ["a private subnet through NAT", {}, "private", false, "open"],
    [
      "a private subnet without NAT",
      { natGateways: { strategy: "None" } },
      "private",
      false,
      /has no route to github.com \(20.205.243.166\): rtb-\w+ has only 10.20.0.0\/16$/,
    ],
    [
      "an isolated subnet",
      { subnetSpecs: specs },
      "isolated",
      false,
      /has no route to github.com \(20.205.243.166\): rtb-\w+ has only 10.20.0.0\/16$/,
    ],
    ["a public subnet with a public address", {}, "public", true, "open"],
    ["a public subnet without one", {}, "public", false, /has no public address: set assignPublicIp/],
  ];
  for (const [name, vpc, kind, assignPublicIp, expected] of ways)
    it(`leads out of ${name}: ${expected}`, async () => {
      const subnets = await declareSubnets({ numberOfAvailabilityZones: 2, ...vpc });
      const network = networkOf(cloud);
      const securityGroups = [await declareGroup({ egress: [everywhere] })];
      // The second zone's subnet, which "Single" gives the first zone's gateway.
      const from = network.attach({ subnetId: subnets[kind][1] ?? "", securityGroups, assignPublicIp });
      const passage = network.reach(from, "github.com", 443);
      expect(passage.open ? "open" : passage.reason).to.match(expected === "open" ? /^open$/ : expected);
    });

  it("lets nothing out of a security group without egress rules", async () => {
    const subnets = await declareSubnets({ numberOfAvailabilityZones: 2 });
    const network = networkOf(cloud);
    const from = network.attach({ subnetId: subnets.private[0] ?? "", securityGroups: [await declareGroup()] });
    const passage = network.reach(from, "github.com", 443);
    expect(passage.open ? "open" : passage.reason).to.match(
      /^the egress rules of group \(sg-\w+\) do not reach port 443/,
    );
  });

  it("names zones as the region has them", async () => {
    const beijing = await createTestCloud([createNetwork], { region: "cn-north-1" });
    const zones = await beijing.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {});
    await beijing.close();
    expect(zones).to.deep.include({ names: ["cn-north-1a", "cn-north-1b", "cn-north-1d"] });
  });

  it("refuses what it does not simulate", async () => {
    const vpc = cloud.declare("awsx:ec2:Vpc", "vpc", { vpcEndpointSpecs: [{ serviceName: "s3" }] });
    expect(await vpc.catch((error) => error.message)).to.match(/awsx:ec2:Vpc vpc: vpcEndpointSpecs is not simulated/);
  });
});
