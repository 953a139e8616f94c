import { expect } from "chai";
import { refusal } from "../../../refusal";
import { attaching, declareNat, type NatOptions, type TestNetwork } from "../network/support";
import { createNatNetwork, type NatNetwork, OPERATOR } from "./support";

describe("An instance of an auto scaling group: its interface", () => {
  let nat: NatNetwork;
  let network: TestNetwork;

  const begin = async (region?: string, zones?: object) => {
    nat = await createNatNetwork(region, zones);
    ({ network } = nat);
  };
  beforeEach(() => begin());
  afterEach(() => network.cloud.close());

  it("attaches under the role of its profile, in China too", async () => {
    await network.cloud.close();
    await begin("cn-north-1", { numberOfAvailabilityZones: undefined, availabilityZoneNames: ["cn-north-1a"] });
    expect(await nat.told({ service: "ec2.amazonaws.com.cn" })).to.deep.equal(["user data: eni attached"]);
    const calls = network.cloud.iam.decisions.filter((it) => it.permission.action === "ec2:AttachNetworkInterface");
    expect(calls.map((it) => it.permission.resource.replace(/\b(eni|i)-[0-9a-f]{17}$/, "$1"))).to.deep.equal([
      "arn:aws-cn:ec2:cn-north-1:123456789012:instance/i",
      "arn:aws-cn:ec2:cn-north-1:123456789012:network-interface/eni",
    ]);
  });

  it("is not EC2's principal of another partition's", async () => {
    await network.cloud.close();
    await begin("cn-north-1", { numberOfAvailabilityZones: undefined, availabilityZoneNames: ["cn-north-1a"] });
    const [line] = await nat.told({ service: "ec2.amazonaws.com" });
    expect(line).to.match(
      /^user data: ec2\.amazonaws\.com\.cn is unable to assume the role .*allows it to ec2\.amazonaws\.com\.$/,
    );
  });

  const others: [name: string, options: NatOptions, line: RegExp | undefined][] = [
    [
      "attaches nothing without the permission on the instance",
      { statements: (id) => attaching(id).slice(0, 1) },
      /ec2:AttachNetworkInterface on resource: arn:aws:ec2:us-east-1:123456789012:instance\/i\. /,
    ],
    [
      "attaches nothing without the permission on the interface",
      { statements: (id) => attaching(id).slice(1) },
      /ec2:AttachNetworkInterface on resource: arn:aws:ec2:us-east-1:123456789012:network-interface\/eni\. /,
    ],
    [
      "attaches nothing without the tag of the condition",
      { statements: () => attaching("eni-other") },
      /instance\/\* if StringEquals aws:ResourceTag\/for eni-other; the request has aws:ResourceTag\/for eni/,
    ],
    [
      "attaches nothing without a profile",
      { profile: { iamInstanceProfile: undefined } },
      /^user data: Unable to locate credentials: i has no instance profile$/,
    ],
    [
      "attaches nothing where it does not reach EC2",
      { profile: { networkInterfaces: [{ associatePublicIpAddress: "false", securityGroups: [] }] } },
      /^user data: Connect timeout on endpoint URL of EC2: the egress rules of no security group do not reach port 443 of ec2\.us-east-1\.amazonaws\.com/,
    ],
    ["attaches nothing that its user data does not say", { userData: (id) => `echo ${id}` }, undefined],
    [
      "attaches nothing that does not exist",
      {
        userData: () => "aws ec2 attach-network-interface eni-0123456789abcdef0",
        statements: () => [{ Effect: "Allow", Action: "ec2:AttachNetworkInterface", Resource: "*" }],
      },
      /The networkInterface ID 'eni' does not exist$/,
    ],
  ];
  for (const [name, options, line] of others)
    it(name, async () => {
      const [only, other] = await nat.told(options);
      expect(other).to.equal(undefined);
      if (line === undefined) expect(only).to.equal(undefined);
      else expect(only).to.match(line);
    });

  it("takes no interface of another zone, and none at the place of its own", async () => {
    const id = await declareNat(network, { userData: () => "true" });
    await network.cloud.start();
    const InstanceId = (await nat.running())[0]?.InstanceId;
    const { id: elsewhere } = await network.cloud.declare("aws:ec2/networkInterface:NetworkInterface", "far", {
      subnetId: network.publicSubnets[1],
    });
    const attach = (NetworkInterfaceId: string, DeviceIndex: number) =>
      refusal(
        network.cloud.call(OPERATOR, "ec2", "AttachNetworkInterface", { InstanceId, NetworkInterfaceId, DeviceIndex }),
      );
    expect((await attach(elsewhere, 1)).message).to.match(/not in the same availability zone$/);
    expect((await attach(id, 0)).message).to.match(/already has an interface attached at device index '0'/);
  });
});
