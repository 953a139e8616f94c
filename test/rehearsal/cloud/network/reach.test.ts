import { expect } from "chai";
import { networkOf } from "../../../../rehearsal/cloud/network";
import { addressOf, serviceHost } from "../../../../rehearsal/cloud/network/hosts";
import { createSsm } from "../../../../rehearsal/cloud/ssm";
import { createTestNetwork, declareNat, EVERYTHING, type NatOptions, said, type TestNetwork } from "./support";

const HTTPS = { protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["0.0.0.0/0"] };

describe("Addresses of hosts", () => {
  const place = { region: "cn-north-1", dnsSuffix: "amazonaws.com.cn" };
  const cases: [host: string, address: RegExp][] = [
    ["github.com", /^20\.205\.243\.166$/],
    ["codeload.github.com", /^20\.205\.243\.165$/],
    ["api.github.com", /^20\.205\.243\.168$/],
    ["192.0.2.7", /^192\.0\.2\.7$/],
    ["gitlab.acme.example", /^203\.0\.113\.([1-9]\d?|1\d\d|2[0-4]\d|25[0-4])$/],
    ["sqs.cn-north-1.amazonaws.com.cn", /^198\.51\.100\.([1-9]|[1-5]\d|6[0-3])$/],
    ["s3.cn-north-1.amazonaws.com.cn", /^198\.51\.100\.(12[89]|1[3-9]\d|2[0-4]\d|25[0-4])$/],
    ["source.s3.cn-north-1.amazonaws.com.cn", /^198\.51\.100\.(12[89]|1[3-9]\d|2[0-4]\d|25[0-4])$/],
    ["nots3.cn-north-1.amazonaws.com.cn", /^198\.51\.100\.([1-9]|[1-5]\d|6[0-3])$/],
    ["sqs.cn-north-1.amazonaws.com", /^203\.0\.113\.\d+$/],
  ];
  for (const [host, address] of cases)
    it(`of ${host}`, () => expect(addressOf(place, host)).to.match(address).and.equal(addressOf(place, host)));

  it("are asked for by what requests are signed for", () => {
    expect(["sqs", "ecr", "s3"].map((it) => serviceHost(place, it))).to.deep.equal([
      "sqs.cn-north-1.amazonaws.com.cn",
      "api.ecr.cn-north-1.amazonaws.com.cn",
      "s3.cn-north-1.amazonaws.com.cn",
    ]);
  });
});

describe("The way out of a subnet", () => {
  let network: TestNetwork | undefined;

  afterEach(async () => {
    await network?.cloud.close();
    network = undefined;
  });

  const NO_NAT = { natGateways: { strategy: "None" } };
  const S3 = "s3.us-east-1.amazonaws.com";
  const SQS = "sqs.us-east-1.amazonaws.com";

  async function privately(
    host: string,
    set: (it: TestNetwork) => Promise<unknown> = async () => {},
    vpc: object = {},
  ) {
    const made = await createTestNetwork({ ...vpc }, { services: [createSsm] });
    network = made;
    await set(made);
    await made.cloud.start();
    return said(networkOf(made.cloud).reach(made.attach(made.privateSubnets[0]), host, 443));
  }

  const selected = async (it: TestNetwork, cidrs: string[], options: NatOptions = {}) => {
    const networkInterfaceId = await declareNat(it, options);
    const list = await it.cloud.declare("aws:ec2/managedPrefixList:ManagedPrefixList", "github", {
      addressFamily: "IPv4",
      maxEntries: cidrs.length,
      entries: cidrs.map((cidr) => ({ cidr })),
    });
    await it.route(it.privateSubnets[0], { destinationPrefixListId: list.id, networkInterfaceId });
  };
  const all = async (it: TestNetwork, options: NatOptions = {}) =>
    it.route(it.privateSubnets[0], {
      destinationCidrBlock: "0.0.0.0/0",
      networkInterfaceId: await declareNat(it, options),
    });

  const SITE = ["20.205.243.160/28"];
  const BY_GATEWAY = "subnet (us-east-1a) > 0.0.0.0/0 in rtb > nat";
  const BLACKHOLE =
    "the route 0.0.0.0/0 in rtb to github.com (20.205.243.166) is a blackhole: eni is attached to no instance";

  const cases: [name: string, host: string, set: (it: TestNetwork) => Promise<unknown>, vpc: object, said: string][] = [
    ["a NAT gateway", "github.com", async () => {}, {}, BY_GATEWAY],
    [
      "none",
      "github.com",
      async () => {},
      NO_NAT,
      "subnet (us-east-1a) has no route to github.com (20.205.243.166): rtb has only 10.40.0.0/16",
    ],
    [
      "a NAT instance for the routes that are its own",
      "github.com",
      (it) => selected(it, SITE),
      {},
      "subnet (us-east-1a) > 20.205.243.160/28 of pl in rtb > NAT instance i by eni > igw",
    ],
    ["the NAT gateway for all others", "example.com", (it) => selected(it, SITE), {}, BY_GATEWAY],
    [
      "the NAT gateway for a neighbour that the routes leave out",
      "codeload.github.com",
      (it) => selected(it, ["20.205.243.166/32"]),
      {},
      BY_GATEWAY,
    ],
    [
      "none for a neighbour that the routes leave out, without a NAT gateway",
      "codeload.github.com",
      (it) => selected(it, ["20.205.243.166/32"]),
      NO_NAT,
      "subnet (us-east-1a) has no route to codeload.github.com (20.205.243.165): rtb has only 10.40.0.0/16, pl",
    ],
    [
      "the longest of several prefixes",
      "github.com",
      (it) => selected(it, ["20.205.0.0/16", "20.205.243.166/32", "20.205.243.0/24"]),
      {},
      "subnet (us-east-1a) > 20.205.243.166/32 of pl in rtb > NAT instance i by eni > igw",
    ],
    [
      "a NAT instance for everything",
      "example.com",
      (it) => all(it),
      NO_NAT,
      "subnet (us-east-1a) > 0.0.0.0/0 in rtb > NAT instance i by eni > igw",
    ],
    [
      "none, with no instance that has the interface",
      "github.com",
      (it) => all(it, { statements: () => [] }),
      NO_NAT,
      BLACKHOLE,
    ],
    [
      "none, while the instance checks source and destination",
      "github.com",
      (it) => all(it, { sourceDestCheck: true }),
      NO_NAT,
      "NAT instance i by eni drops packets to github.com (20.205.243.166): its source/destination check is on, set sourceDestCheck false",
    ],
    [
      "none, without a public address on the interface",
      "github.com",
      (it) => all(it, { address: false }),
      NO_NAT,
      "the NAT instance i by eni has no public address: associate an elastic one",
    ],
    [
      "none, with a NAT instance that does not let the VPC in",
      "github.com",
      (it) => all(it, { rules: { ingress: [{ ...EVERYTHING, cidrBlocks: ["10.0.0.0/16"] }], egress: [EVERYTHING] } }),
      NO_NAT,
      "the ingress rules of nat (sg) do not let 10.40.0.4 connect to port 443 through the NAT instance i by eni",
    ],
    [
      "none, with a NAT instance that lets nothing out",
      "github.com",
      (it) => all(it, { rules: { ingress: [EVERYTHING] } }),
      NO_NAT,
      "the egress rules of nat (sg) do not let the NAT instance i by eni connect to port 443 of github.com (20.205.243.166)",
    ],
    ["the NAT gateway to S3", S3, async () => {}, {}, BY_GATEWAY],
    [
      "a gateway endpoint to S3",
      S3,
      async (it) =>
        it.endpoint({
          serviceName: "com.amazonaws.us-east-1.s3",
          routeTableIds: [await it.routeTable(it.privateSubnets[0])],
        }),
      {},
      "subnet (us-east-1a) > 198.51.100.128/25 of pl in rtb > vpce",
    ],
    [
      "an interface endpoint by its private name",
      SQS,
      async (it) => {
        const securityGroupIds = [
          await it.group("endpoint", { ingress: [{ ...HTTPS, cidrBlocks: ["10.40.0.0/16"] }] }),
        ];
        const more = { privateDnsEnabled: true, subnetIds: it.privateSubnets, securityGroupIds };
        await it.endpoint({ serviceName: "com.amazonaws.us-east-1.sqs", vpcEndpointType: "Interface", ...more });
      },
      NO_NAT,
      "subnet (us-east-1a) > vpce",
    ],
    [
      "the NAT gateway past an interface endpoint without private names",
      SQS,
      (it) =>
        it.endpoint({
          serviceName: "com.amazonaws.us-east-1.sqs",
          vpcEndpointType: "Interface",
          subnetIds: it.privateSubnets,
        }),
      {},
      BY_GATEWAY,
    ],
    [
      "none by an interface endpoint that lets nobody in",
      SQS,
      async (it) => {
        const more = {
          privateDnsEnabled: true,
          subnetIds: it.privateSubnets,
          securityGroupIds: [await it.group("endpoint")],
        };
        await it.endpoint({ serviceName: "com.amazonaws.us-east-1.sqs", vpcEndpointType: "Interface", ...more });
      },
      {},
      "the ingress rules of endpoint (sg) do not let open (sg) connect to port 443 of the endpoint vpce of sqs",
    ],
  ];
  for (const [name, host, set, vpc, expected] of cases)
    it(`is ${name}`, async () => expect(await privately(host, set, vpc)).to.equal(expected));

  it("is none for what the security group does not let out", async () => {
    network = await createTestNetwork();
    const narrow = await network.group("narrow", { egress: [{ ...HTTPS, cidrBlocks: ["20.205.243.160/28"] }] });
    const from = network.attach(network.privateSubnets[0], narrow);
    const { reach } = networkOf(network.cloud);
    expect(said(reach(from, "github.com", 443))).to.equal(BY_GATEWAY);
    expect(said(reach(from, "github.com", 22))).to.equal(
      "the egress rules of narrow (sg) do not reach port 22 of github.com (20.205.243.166)",
    );
    expect(said(reach(from, "192.0.2.1", 443))).to.equal(
      "the egress rules of narrow (sg) do not reach port 443 of 192.0.2.1",
    );
  });

  it("leads to neighbours in the VPC, as their security groups let it", async () => {
    network = await createTestNetwork();
    const { attach, cloud, privateSubnets, group } = network;
    const from = attach(privateSubnets[0]);
    const web = attach(privateSubnets[1], await group("web", { ingress: [HTTPS] }));
    const { reach } = networkOf(cloud);
    expect(said(reach(from, web.address, 443))).to.equal("subnet (us-east-1a) > 10.40.0.0/16 in rtb > eni > eni");
    expect(said(reach(from, web.address, 80))).to.equal(
      "the ingress rules of web (sg) do not let open (sg) connect to port 80",
    );
    expect(said(reach(from, "10.40.9.9", 443))).to.equal("nothing in vpc has the address 10.40.9.9");
  });
});
