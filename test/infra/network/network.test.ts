import { expect } from "chai";
import type { Program } from "../../../rehearsal/program";
import { storefront, withKeys } from "../configurations";
import { evaluateStack, ofType, optionsOf, resource, stackBeijing, stackDev, stackNingxia } from "../support";

const ENDPOINTS = [
  "s3",
  "dynamodb",
  "ecr.api",
  "ecr.dkr",
  "logs",
  "secretsmanager",
  "ssm",
  "sqs",
  "sns",
  "codepipeline",
];

const withNetwork = (network: object, more: Record<string, unknown> = {}) =>
  evaluateStack({ settings: withKeys({ "slipway:network": network, ...more }) });

const namesOf = (program: Program, type: string) => [...ofType(program, type).keys()].sort();

describe("a network without a way out", () => {
  let program: Program;
  before(async () => {
    program = await withNetwork({ cidr: "10.9.0.0/16", availabilityZones: 3, egress: "none", endpoints: ENDPOINTS });
  });
  const inputsOf = (type: string, name: string) => resource(program, type, name).inputs;
  const letters = (prefix: string) => ["a", "b", "c"].map((letter) => `${prefix}-${letter}`);

  it("has neither NAT gateways nor routes of its own", () => {
    expect(inputsOf("awsx:ec2:Vpc", "slipway-vpc").natGateways).to.deep.equal({ strategy: "None" });
    expect(program.registrations.filter(({ type }) => /ec2\/route:|prefixList|NatInstance/i.test(type))).to.deep.equal(
      [],
    );
    expect(program.outputs).to.not.have.any.keys("natInstance");
  });

  it("has these endpoints, and no other", () => {
    const names = ENDPOINTS.map((service) => `slipway-${service.replace(".", "-")}`);
    expect(namesOf(program, "aws:ec2/vpcEndpoint:VpcEndpoint")).to.deep.equal(names.sort());
  });

  for (const service of ENDPOINTS.slice(0, 2))
    it(`reaches ${service} by a route from each private subnet`, () => {
      expect(inputsOf("aws:ec2/vpcEndpoint:VpcEndpoint", `slipway-${service}`)).to.deep.equal({
        vpcId: "vpc-0",
        serviceName: `com.amazonaws.us-east-1.${service}`,
        vpcEndpointType: "Gateway",
        routeTableIds: letters("rtb-of-subnet-private"),
      });
    });

  for (const service of ENDPOINTS.slice(2))
    it(`reaches ${service} by an interface in each private subnet, under its own name`, () => {
      expect(inputsOf("aws:ec2/vpcEndpoint:VpcEndpoint", `slipway-${service.replace(".", "-")}`)).to.deep.equal({
        vpcId: "vpc-0",
        serviceName: `com.amazonaws.us-east-1.${service}`,
        vpcEndpointType: "Interface",
        privateDnsEnabled: true,
        subnetIds: letters("subnet-private"),
        securityGroupIds: ["slipway-endpoints-id"],
      });
    });

  it("opens the interfaces to HTTPS from the VPC alone", () => {
    expect(inputsOf("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "slipway-endpoints")).to.deep.equal({
      securityGroupId: "slipway-endpoints-id",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrIpv4: "10.9.0.0/16",
    });
  });

  it("leaves functions where they reach the forge", () => {
    const { vpcConfig } = inputsOf("aws:lambda/function:Function", "slipway-fetch-function");
    expect(vpcConfig).to.equal(undefined);
  });
});

describe("a network with a NAT gateway in each zone, and an instance for a forge of one's own", () => {
  const FORGE = "https://github.acme.example:8443";
  let program: Program;
  before(async () => {
    program = await withNetwork(
      {
        availabilityZones: 3,
        egress: "nat-gateway-per-zone",
        natInstance: { githubCidrs: [], extraCidrs: ["198.51.100.0/25", "198.51.100.128/25", "203.0.113.7/32"] },
      },
      { "slipway:forges": { github: { url: FORGE } } },
    );
  });
  const inputsOf = (type: string, name: string) => resource(program, type, name).inputs;

  it("leads these networks through the instance, merged, in every zone", () => {
    expect(inputsOf("awsx:ec2:Vpc", "slipway-vpc").natGateways).to.deep.equal({ strategy: "OnePerAz" });
    expect(inputsOf("aws:ec2/managedPrefixList:ManagedPrefixList", "slipway-nat")).to.deep.equal({
      addressFamily: "IPv4",
      maxEntries: 2,
      entries: [{ cidr: "198.51.100.0/24" }, { cidr: "203.0.113.7/32" }],
    });
    expect([...ofType(program, "aws:ec2/route:Route").values()].map(({ inputs }) => inputs.routeTableId)).to.deep.equal(
      ["a", "b", "c"].map((letter) => `rtb-of-subnet-private-${letter}`),
    );
  });

  it("has fetch in the VPC outside of China too, for the way to the forge is the VPC's", () => {
    const { vpcConfig } = inputsOf("aws:lambda/function:Function", "slipway-fetch-function");
    expect(vpcConfig).to.deep.equal({
      subnetIds: ["subnet-private-a", "subnet-private-b", "subnet-private-c"],
      securityGroupIds: ["slipway-fetch-function-id"],
    });
    expect(optionsOf(program, "slipway-fetch")).to.deep.include({ forges: { github: { url: FORGE } } });
  });

  it("lets functions out to the forge's port besides AWS's", () => {
    const rules = [...ofType(program, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule").values()]
      .filter(({ inputs }) => inputs.securityGroupId === "slipway-fetch-function-id")
      .map(({ inputs }) => [inputs.fromPort, inputs.toPort, inputs.cidrIpv4]);
    expect(rules).to.deep.equal([
      [443, 443, "0.0.0.0/0"],
      [8443, 8443, "0.0.0.0/0"],
    ]);
  });

  it("has the instance prove itself by that forge", () => {
    const { userData } = inputsOf("aws:ec2/launchTemplate:LaunchTemplate", "slipway-nat");
    expect(Buffer.from(String(userData), "base64").toString()).to.contain(`PROBE='${FORGE}'\n`);
  });
});

describe("a stack of images behind a NAT instance", () => {
  it("has no function in the VPC: nothing of it speaks to a forge", async () => {
    const program = await withNetwork(
      { egress: "nat-instance" },
      { "slipway:applications": [{ ...storefront, source: { image: { repository: "storefront", tag: "staging" } } }] },
    );
    expect(namesOf(program, "aws:ec2/route:Route")).to.deep.equal(["slipway-nat-1", "slipway-nat-2"]);
    const inVpc = [...ofType(program, "aws:lambda/function:Function").values()].filter(
      ({ inputs }) => inputs.vpcConfig,
    );
    expect(inVpc).to.deep.equal([]);
    expect(namesOf(program, "aws:ec2/securityGroup:SecurityGroup")).to.not.include("slipway-fetch-function");
  });
});

describe("what is made in private subnets", () => {
  for (const [name, stack] of [
    ["cn-north-1", stackBeijing],
    ["cn-northwest-1", stackNingxia],
  ] as const)
    it(`waits for the ways out of them: ${name}`, async () => {
      const program = await stack();
      const ways = program.registrations.filter(({ type }) => /ec2\/(route|vpcEndpoint):/.test(type));
      const inside = program.registrations.filter(
        ({ type, inputs }) => type === "aws:ecs/service:Service" || inputs.vpcConfig !== undefined,
      );
      expect(ways).to.have.length(3);
      expect(inside.length).to.be.at.least(3);
      for (const { dependencies } of inside) expect(dependencies).to.include.members(ways.map(({ urn }) => urn));
    });

  it("waits for nothing but the VPC where awsx makes all of its ways", async () => {
    const program = await stackDev();
    expect(program.registrations.filter(({ type }) => /ec2\/(route|vpcEndpoint):/.test(type))).to.deep.equal([]);
    const { dependencies } = resource(program, "aws:ecs/service:Service", "storefront-worker-service");
    expect(dependencies).to.include(resource(program, "awsx:ec2:Vpc", "slipway-vpc").urn);
  });
});
