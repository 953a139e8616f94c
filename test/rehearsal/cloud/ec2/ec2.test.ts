import type { DescribeInstancesRequest, DescribeInstancesResult, Instance } from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { networkOf } from "../../../../rehearsal/cloud/network";
import { createSsm } from "../../../../rehearsal/cloud/ssm";
import { refusal } from "../../../refusal";
import { linesOf } from "../lambda/support";
import { attaching, createTestNetwork, declareNat, type NatOptions, said, type TestNetwork } from "../network/support";

const OPERATOR = { kind: "operator" } as const;

describe("An instance of an auto scaling group", () => {
  let network: TestNetwork;

  const begin = async (region = "us-east-1", zones = {}) => {
    network = await createTestNetwork(
      { natGateways: { strategy: "None" }, ...zones },
      { region, services: [createSsm] },
    );
  };
  beforeEach(() => begin());
  afterEach(() => network.cloud.close());

  const describeInstances = async (request: DescribeInstancesRequest = {}): Promise<Instance[]> => {
    const answer = await network.cloud.call<DescribeInstancesRequest, DescribeInstancesResult>(
      OPERATOR,
      "ec2",
      "DescribeInstances",
      request,
    );
    return (answer.Reservations ?? []).flatMap((it) => it.Instances ?? []);
  };
  const running = () => describeInstances({ Filters: [{ Name: "instance-state-name", Values: ["running"] }] });
  const terminate = async () =>
    network.cloud.call(OPERATOR, "ec2", "TerminateInstances", {
      InstanceIds: (await running()).map((it) => it.InstanceId),
    });
  const settled = () => new Promise((resolve) => setTimeout(resolve));
  const turn = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 5) {
      await network.cloud.clock.turn(5_000);
      await settled();
    }
  };
  /** What the instance's own log says. */
  const told = async (options: NatOptions) => {
    await declareNat(network, options);
    await network.cloud.start();
    const [instance] = await describeInstances();
    return linesOf(network.cloud, instance?.InstanceId ?? "").map((it) =>
      it.replace(/\b(eni|i)-[0-9a-f]{17}\b/g, "$1"),
    );
  };
  const forward = async () => {
    const { attach, privateSubnets, cloud } = network;
    return said(networkOf(cloud).reach(attach(privateSubnets[0]), "github.com", 443));
  };

  it("has what its template and its group say, and the interface that it attached", async () => {
    const id = await declareNat(network);
    await network.cloud.start();
    const [instance] = await running();
    expect(instance).to.deep.include({
      State: { Name: "running" },
      InstanceType: "t4g.micro",
      SubnetId: network.publicSubnets[0],
      Placement: { AvailabilityZone: "us-east-1a" },
      IamInstanceProfile: { Arn: "arn:aws:iam::123456789012:instance-profile/nat" },
    });
    expect(
      instance?.NetworkInterfaces?.map((it) => [it.NetworkInterfaceId === id, it.Attachment?.DeviceIndex]),
    ).to.deep.equal([
      [true, 1],
      [false, 0],
    ]);
    expect(instance?.Tags?.filter((it) => it.Key !== "aws:ec2launchtemplate:id")).to.deep.equal([
      { Key: "for", Value: id },
      { Key: "aws:autoscaling:groupName", Value: "nat" },
    ]);
    expect(await describeInstances({ Filters: [{ Name: "tag:for", Values: [id] }] })).to.have.length(1);
    expect(await describeInstances({ Filters: [{ Name: "tag:for", Values: ["other"] }] })).to.deep.equal([]);
  });

  it("is replaced when it ends, and its interface goes over to the next", async () => {
    const networkInterfaceId = await declareNat(network);
    await network.route(network.privateSubnets[0], { destinationCidrBlock: "0.0.0.0/0", networkInterfaceId });
    await network.cloud.start();
    const open = "subnet (us-east-1a) > 0.0.0.0/0 in rtb > NAT instance i by eni > igw";
    expect(await forward()).to.equal(open);
    const [before] = await running();
    await terminate();
    const blackhole =
      "the route 0.0.0.0/0 in rtb to github.com (20.205.243.166) is a blackhole: eni is attached to no instance";
    expect(await forward()).to.equal(blackhole);
    await turn(60);
    expect(await running()).to.deep.equal([]);
    expect(await forward()).to.equal(blackhole);
    await turn(45);
    const [after] = await running();
    expect(after?.InstanceId).to.not.equal(before?.InstanceId);
    expect(await forward()).to.equal(open);
    const states = (await describeInstances()).map((it) => it.State?.Name);
    expect(states).to.deep.equal(["terminated", "running"]);
  });

  it("waits for an interface that another instance still has", async () => {
    const id = await declareNat(network);
    const { cloud } = network;
    await cloud.start();
    const [holder] = await running();
    const template = holder?.Tags?.find((it) => it.Key === "aws:ec2launchtemplate:id")?.Value;
    await cloud.call(OPERATOR, "ec2", "RunInstances", {
      LaunchTemplate: { LaunchTemplateId: template },
      SubnetId: network.publicSubnets[0],
      TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "for", Value: id }] }],
      MinCount: 1,
      MaxCount: 1,
    });
    await turn(60);
    const attached = async () => (await running()).map((it) => it.NetworkInterfaces?.length);
    expect(await attached()).to.deep.equal([2, 1]);
    await cloud.call(OPERATOR, "ec2", "TerminateInstances", { InstanceIds: [holder?.InstanceId] });
    await turn(10);
    expect(await attached()).to.deep.equal([2]);
  });

  it("attaches under the role of its profile, in China too", async () => {
    await network.cloud.close();
    await begin("cn-north-1", { numberOfAvailabilityZones: undefined, availabilityZoneNames: ["cn-north-1a"] });
    expect(await told({ service: "ec2.amazonaws.com.cn" })).to.deep.equal(["user data: eni attached"]);
    const calls = network.cloud.iam.decisions.filter((it) => it.permission.action === "ec2:AttachNetworkInterface");
    expect(calls.map((it) => it.permission.resource.replace(/\b(eni|i)-[0-9a-f]{17}$/, "$1"))).to.deep.equal([
      "arn:aws-cn:ec2:cn-north-1:123456789012:instance/i",
      "arn:aws-cn:ec2:cn-north-1:123456789012:network-interface/eni",
    ]);
  });

  it("is not EC2's principal of another partition's", async () => {
    await network.cloud.close();
    await begin("cn-north-1", { numberOfAvailabilityZones: undefined, availabilityZoneNames: ["cn-north-1a"] });
    const [line] = await told({ service: "ec2.amazonaws.com" });
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
      const [only, other] = await told(options);
      expect(other).to.equal(undefined);
      if (line === undefined) expect(only).to.equal(undefined);
      else expect(only).to.match(line);
    });

  it("takes no interface of another zone, and none at the place of its own", async () => {
    const id = await declareNat(network, { userData: () => "true" });
    await network.cloud.start();
    const InstanceId = (await running())[0]?.InstanceId;
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

  const templates: [name: string, profile: Record<string, unknown>, message: RegExp][] = [
    [
      "an image of another architecture",
      { instanceType: "t3.micro" },
      /^nat: the architecture 'x86_64' of the specified instance type t3\.micro does not match the architecture 'arm64'/,
    ],
    ["no image", { imageId: "al2023" }, /^Invalid id: "al2023" \(expecting "ami-\.\.\."\)$/],
    ["user data that is no Base64", { userData: "#!/bin/bash" }, /^Invalid BASE64 encoding of user data\.$/],
    [
      "more user data than EC2 takes",
      { userData: Buffer.alloc(16_385, "#").toString("base64") },
      /^User data is limited to 16384 bytes: it has 16385\.$/,
    ],
    [
      "security groups twice",
      { vpcSecurityGroupIds: ["sg-0"] },
      /^Network interfaces and an instance-level security groups/,
    ],
    [
      "a profile that does not exist",
      { iamInstanceProfile: { name: "other" } },
      /^Value \(other\) for parameter iamInstanceProfile is invalid\. Invalid IAM Instance Profile\.$/,
    ],
    ["what is not simulated", { keyName: "ssh" }, /keyName is not simulated/],
  ];
  for (const [name, profile, message] of templates)
    it(`has no template with ${name}`, async () =>
      expect((await refusal(declareNat(network, { profile }))).message).to.match(message));

  const groups: [name: string, group: Record<string, unknown>, message: RegExp][] = [
    [
      "more than its maximum",
      { desiredCapacity: 2 },
      /^Desired capacity:2 must be between the specified min size:1 and max size:1$/,
    ],
    ["a subnet that does not exist", { vpcZoneIdentifiers: ["subnet-0"] }, /^The subnet ID 'subnet-0' does not exist$/],
    [
      "a template that does not exist",
      { launchTemplate: { id: "lt-0" } },
      /launch template, with template ID lt-0, does not exist/,
    ],
    ["no template", { launchTemplate: undefined }, /must contain a LaunchTemplate/],
  ];
  for (const [name, group, message] of groups)
    it(`has no group with ${name}`, async () =>
      expect((await refusal(declareNat(network, { group }))).message).to.match(message));

  const healthStatements = [
    {
      Effect: "Allow",
      Action: "autoscaling:SetInstanceHealth",
      Resource: "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/nat",
      Condition: { StringEquals: { "autoscaling:ResourceTag/team": "a" } },
    },
  ];
  const healths: [name: string, team: string, request: object, outcome: string][] = [
    [
      "ends when its role says that it is unhealthy",
      "a",
      { HealthStatus: "Unhealthy", ShouldRespectGracePeriod: false },
      "shutting-down",
    ],
    ["stays within its grace period", "a", { HealthStatus: "Unhealthy" }, "running"],
    ["stays when it is healthy", "a", { HealthStatus: "Healthy", ShouldRespectGracePeriod: false }, "running"],
    [
      "stays when a group of other tags is named",
      "b",
      { HealthStatus: "Unhealthy", ShouldRespectGracePeriod: false },
      "AccessDeniedException",
    ],
  ];
  for (const [name, team, request, outcome] of healths)
    it(name, async () => {
      await declareNat(network, {
        group: { tags: [{ key: "team", value: team, propagateAtLaunch: false }] },
        statements: () => healthStatements,
        userData: () => "true",
      });
      await network.cloud.start();
      const [instance] = await running();
      const role = { kind: "role", arn: "arn:aws:iam::123456789012:role/nat" } as const;
      const answer = await network.cloud
        .call(role, "autoscaling", "SetInstanceHealth", { InstanceId: instance?.InstanceId, ...request })
        .then(
          async () => (await describeInstances())[0]?.State?.Name,
          (error: Error) => error.name,
        );
      expect(answer).to.equal(outcome);
    });

  it("is one of the group's, as the group tells", async () => {
    await declareNat(network);
    await network.cloud.start();
    const [instance] = await running();
    const answer = await network.cloud.call<object, { AutoScalingGroups: { Instances: object[] }[] }>(
      OPERATOR,
      "autoscaling",
      "DescribeAutoScalingGroups",
      {},
    );
    expect(answer.AutoScalingGroups[0]?.Instances).to.deep.equal([
      {
        InstanceId: instance?.InstanceId,
        AvailabilityZone: "us-east-1a",
        LifecycleState: "InService",
        HealthStatus: "Healthy",
        ProtectedFromScaleIn: false,
      },
    ]);
  });
});

describe("Parameters that the program reads", () => {
  it("are Amazon's own images by region, and the account's", async () => {
    const { cloud } = await createTestNetwork({}, { services: [createSsm] });
    const get = (name: string) => cloud.invoke("aws:ssm/getParameter:getParameter", { name });
    const arm = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";
    const image = (await get(arm)) as { value: string; arn: string };
    expect(image.value).to.match(/^ami-[0-9a-f]{17}$/);
    expect(image.arn).to.equal(`arn:aws:ssm:us-east-1::parameter${arm}`);
    expect(await get(arm.replace("arm64", "x86_64")))
      .to.have.property("value")
      .that.is.not.equal(image.value);
    await cloud.declare("aws:ssm/parameter:Parameter", "image", { name: "image", type: "String", value: "ami-1" });
    expect(await get("image")).to.include({ value: "ami-1", version: 1 });
    const error = await refusal(get("other"));
    await cloud.close();
    expect(error.message).to.equal("The parameter other cannot be found.");
  });
});
