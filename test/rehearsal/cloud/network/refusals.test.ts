import { expect } from "chai";
import { refusal } from "../../../refusal";
import { createTestNetwork, type TestNetwork } from "./support";

const entries = (count: number) => Array.from({ length: count }, (_, at) => ({ cidr: `192.0.${at}.0/24` }));

/** Without the ids in it. */
const short = (text: string) => text.replace(/\b(subnet|rtb|pl|eni|igw|nat|vpce|sg|vpc)-[0-9a-f]{8,17}\b/g, "$1");

describe("Routes", () => {
  let network: TestNetwork;

  beforeEach(async () => {
    network = await createTestNetwork();
  });
  afterEach(() => network.cloud.close());

  const list = (inputs: Record<string, unknown>) =>
    network.cloud.declare("aws:ec2/managedPrefixList:ManagedPrefixList", "list", { addressFamily: "IPv4", ...inputs });
  const nic = async () =>
    (
      await network.cloud.declare("aws:ec2/networkInterface:NetworkInterface", "nat", {
        subnetId: network.publicSubnets[0],
      })
    ).id;

  it("are of a table that each subnet has for itself", async () => {
    const { publicSubnets, privateSubnets, routeTable } = network;
    const tables = await Promise.all([...publicSubnets, ...privateSubnets].map(routeTable));
    expect(new Set(tables).size).to.equal(4);
    const unknown = await refusal(routeTable("subnet-0"));
    expect(unknown.message).to.match(/query returned no results for \{"subnetId":"subnet-0"\}/);
  });

  it("count with all entries that their prefix list may have", async () => {
    const { id } = await list({ maxEntries: 49, entries: entries(2) });
    const networkInterfaceId = await nic();
    const error = await refusal(
      network.route(network.privateSubnets[0], { destinationPrefixListId: id, networkInterfaceId }),
    );
    expect([error.name, short(error.message)]).to.deep.equal([
      "RouteLimitExceeded",
      "The maximum number of routes has been reached: rtb would have 51 with pl, which counts as 49, of at most 50.",
    ]);
    const fitting = await list({ maxEntries: 48, entries: entries(48) });
    await network.route(network.privateSubnets[0], { destinationPrefixListId: fitting.id, networkInterfaceId });
    const routeTableIds = [await network.routeTable(network.privateSubnets[0])];
    const s3 = await refusal(network.endpoint({ serviceName: "com.amazonaws.us-east-1.s3", routeTableIds }));
    expect(short(s3.message)).to.equal(
      "The maximum number of routes has been reached: rtb would have 51 with pl, which counts as 1, of at most 50.",
    );
  });

  it("are more where AWS has raised the quota", async () => {
    await network.cloud.close();
    network = await createTestNetwork({}, { routesPerTable: 51 });
    const { id } = await list({ maxEntries: 49, entries: entries(49) });
    await network.route(network.privateSubnets[0], { destinationPrefixListId: id, networkInterfaceId: await nic() });
  });

  const refused: [name: string, to: Record<string, unknown>, code: string, message: string][] = [
    [
      "to where there is one",
      { destinationCidrBlock: "0.0.0.0/0" },
      "RouteAlreadyExists",
      "The route identified by 0.0.0.0/0 already exists.",
    ],
    [
      "to no network",
      { destinationCidrBlock: "20.205.243.166/28" },
      "InvalidParameterValue",
      "Value (20.205.243.166/28) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.",
    ],
    [
      "to a list that does not exist",
      { destinationPrefixListId: "pl-0" },
      "InvalidPrefixListID.NotFound",
      "The prefix list ID 'pl-0' does not exist",
    ],
    [
      "to two networks",
      { destinationCidrBlock: "192.0.2.0/24", destinationPrefixListId: "pl-0" },
      "InvalidParameterCombination",
      "route: a route takes exactly one destination.",
    ],
    ["to none", {}, "InvalidParameterCombination", "route: a route takes exactly one destination."],
    [
      "by what does not exist",
      { destinationCidrBlock: "192.0.2.0/24", networkInterfaceId: "eni-0" },
      "InvalidNetworkInterfaceID.NotFound",
      "The networkInterface ID 'eni-0' does not exist in vpc",
    ],
    [
      "by a NAT gateway that does not exist",
      { destinationCidrBlock: "192.0.2.0/24", networkInterfaceId: undefined, natGatewayId: "nat-0" },
      "InvalidNatGatewayID.NotFound",
      "The natGateway ID 'nat-0' does not exist in vpc",
    ],
  ];
  for (const [name, to, code, message] of refused)
    it(`do not lead ${name}`, async () => {
      const error = await refusal(network.route(network.privateSubnets[0], { networkInterfaceId: await nic(), ...to }));
      expect([error.name, short(error.message)]).to.deep.equal([code, message]);
    });

  const lists: [name: string, inputs: Record<string, unknown>, message: string][] = [
    [
      "more entries than it may have",
      { maxEntries: 1, entries: entries(2) },
      "maxEntries 1 must be from 2, the number of entries, to 1000.",
    ],
    [
      "an entry twice",
      { maxEntries: 2, entries: [...entries(1), ...entries(1)] },
      "The request contains the duplicate prefix list entry 192.0.0.0/24.",
    ],
    [
      "an address with bits beyond its prefix",
      { maxEntries: 1, entries: [{ cidr: "10.0.0.1/24" }] },
      "Value (10.0.0.1/24) for parameter cidr is invalid. This is not a valid CIDR block.",
    ],
    [
      "addresses of version 6",
      { maxEntries: 1, addressFamily: "IPv6" },
      "list: addressFamily IPv6 is not simulated: use IPv4.",
    ],
  ];
  for (const [name, inputs, message] of lists)
    it(`have no prefix list with ${name}`, async () => {
      expect((await refusal(list(inputs))).message).to.equal(message);
    });

  it("take an interface's one public address", async () => {
    const networkInterface = await nic();
    const declare = () => network.cloud.declare("aws:ec2/eip:Eip", "nat", { domain: "vpc", networkInterface });
    const { outputs } = await declare();
    expect(outputs).to.include({ publicIp: "192.0.2.1", privateIp: "10.40.64.4" });
    expect((await refusal(declare())).name).to.equal("Resource.AlreadyAssociated");
  });
});

describe("VPC endpoints", () => {
  let network: TestNetwork | undefined;

  afterEach(() => network?.cloud.close());

  const china = { availabilityZoneNames: ["cn-north-1a", "cn-north-1b"], numberOfAvailabilityZones: undefined };

  // As `aws ec2 describe-vpc-endpoint-services` lists them.
  const names: [region: string, type: string, name: string, refused?: string][] = [
    ["us-east-1", "Gateway", "com.amazonaws.us-east-1.s3"],
    ["us-east-1", "Interface", "com.amazonaws.us-east-1.ecr.api"],
    ["us-east-1", "Gateway", "com.amazonaws.us-east-1.sqs", " as Gateway."],
    ["us-east-1", "Interface", "cn.com.amazonaws.us-east-1.sqs", ": in us-east-1 it is com.amazonaws.us-east-1.sqs."],
    ["cn-north-1", "Gateway", "com.amazonaws.cn-north-1.s3"],
    ["cn-north-1", "Gateway", "cn.com.amazonaws.cn-north-1.s3", ": in cn-north-1 it is com.amazonaws.cn-north-1.s3."],
    ["cn-north-1", "Interface", "cn.com.amazonaws.cn-north-1.ecr.api"],
    ["cn-north-1", "Interface", "cn.com.amazonaws.cn-north-1.ecr.dkr"],
    ["cn-north-1", "Interface", "cn.com.amazonaws.cn-north-1.sqs"],
    ["cn-north-1", "Interface", "com.amazonaws.cn-north-1.logs"],
    ["cn-north-1", "Interface", "com.amazonaws.cn-north-1.secretsmanager"],
    ["cn-north-1", "Interface", "com.amazonaws.cn-north-1.ssm"],
    ["cn-north-1", "Interface", "com.amazonaws.cn-north-1.codepipeline"],
    [
      "cn-north-1",
      "Interface",
      "com.amazonaws.cn-north-1.ecr.api",
      ": in cn-north-1 it is cn.com.amazonaws.cn-north-1.ecr.api.",
    ],
    [
      "cn-north-1",
      "Interface",
      "com.amazonaws.us-east-1.sqs",
      ": in cn-north-1 it is cn.com.amazonaws.cn-north-1.sqs.",
    ],
    ["cn-north-1", "Interface", "com.amazonaws.cn-north-1.codeconnections", " as Interface."],
  ];
  for (const [region, vpcEndpointType, serviceName, refused] of names)
    it(`${refused === undefined ? "are" : "are not"} ${serviceName} in ${region} as ${vpcEndpointType}`, async () => {
      const made = await createTestNetwork(region === "cn-north-1" ? china : {}, { region });
      network = made;
      const outcome = await made.endpoint({ serviceName, vpcEndpointType }).catch((error) => error.message);
      expect(short(outcome)).to.equal(
        refused === undefined ? "vpce" : `The Vpc Endpoint Service '${serviceName}' does not exist${refused}`,
      );
    });

  it("have no private names in a VPC without host names", async () => {
    const made = await createTestNetwork({ enableDnsHostnames: false });
    network = made;
    const inputs = {
      serviceName: "com.amazonaws.us-east-1.sqs",
      vpcEndpointType: "Interface",
      privateDnsEnabled: true,
    };
    expect(short((await refusal(made.endpoint(inputs))).message)).to.equal(
      "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for vpc",
    );
  });

  it("have private names once in a VPC", async () => {
    const made = await createTestNetwork();
    network = made;
    const inputs = {
      serviceName: "com.amazonaws.us-east-1.sqs",
      vpcEndpointType: "Interface",
      privateDnsEnabled: true,
    };
    await made.endpoint(inputs);
    expect(short((await refusal(made.endpoint(inputs))).message)).to.equal(
      "private-dns-enabled cannot be set because there is already a conflicting DNS domain for sqs in vpc: vpce has it.",
    );
  });

  it("have one subnet in a zone", async () => {
    const made = await createTestNetwork();
    network = made;
    const subnetIds = [made.privateSubnets[0], made.publicSubnets[0]];
    const inputs = { serviceName: "com.amazonaws.us-east-1.sqs", vpcEndpointType: "Interface", subnetIds };
    expect((await refusal(made.endpoint(inputs))).name).to.equal("DuplicateSubnetsInSameZone");
  });

  it("are in zones that the region has", async () => {
    const error = await refusal(
      createTestNetwork({ availabilityZoneNames: ["cn-north-1c"] }, { region: "cn-north-1" }),
    );
    expect(error.message).to.match(/^Value \(cn-north-1c\) .* zones: cn-north-1a, cn-north-1b, cn-north-1d\.$/);
  });
});
