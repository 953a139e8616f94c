import { expect } from "chai";
import { declareNat, type TestNetwork } from "../network/support";
import { createNatNetwork, type NatNetwork, OPERATOR } from "./support";

describe("An instance of an auto scaling group", () => {
  let nat: NatNetwork;
  let network: TestNetwork;

  beforeEach(async () => {
    nat = await createNatNetwork();
    ({ network } = nat);
  });
  afterEach(() => network.cloud.close());

  it("has what its template and its group say, and the interface that it attached", async () => {
    const id = await declareNat(network);
    await network.cloud.start();
    const [instance] = await nat.running();
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
    expect(await nat.describeInstances({ Filters: [{ Name: "tag:for", Values: [id] }] })).to.have.length(1);
    expect(await nat.describeInstances({ Filters: [{ Name: "tag:for", Values: ["other"] }] })).to.deep.equal([]);
  });

  it("is replaced when it ends, and its interface goes over to the next", async () => {
    const networkInterfaceId = await declareNat(network);
    await network.route(network.privateSubnets[0], { destinationCidrBlock: "0.0.0.0/0", networkInterfaceId });
    await network.cloud.start();
    const open = "subnet (us-east-1a) > 0.0.0.0/0 in rtb > NAT instance i by eni > igw";
    expect(await nat.forward()).to.equal(open);
    const [before] = await nat.running();
    await nat.terminate();
    const blackhole =
      "the route 0.0.0.0/0 in rtb to github.com (20.205.243.166) is a blackhole: eni is attached to no instance";
    expect(await nat.forward()).to.equal(blackhole);
    await nat.turn(60);
    expect(await nat.running()).to.deep.equal([]);
    expect(await nat.forward()).to.equal(blackhole);
    await nat.turn(45);
    const [after] = await nat.running();
    expect(after?.InstanceId).to.not.equal(before?.InstanceId);
    expect(await nat.forward()).to.equal(open);
    const states = (await nat.describeInstances()).map((it) => it.State?.Name);
    expect(states).to.deep.equal(["terminated", "running"]);
  });

  it("waits for an interface that another instance still has", async () => {
    const id = await declareNat(network);
    const { cloud } = network;
    await cloud.start();
    const [holder] = await nat.running();
    const template = holder?.Tags?.find((it) => it.Key === "aws:ec2launchtemplate:id")?.Value;
    await cloud.call(OPERATOR, "ec2", "RunInstances", {
      LaunchTemplate: { LaunchTemplateId: template },
      SubnetId: network.publicSubnets[0],
      TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "for", Value: id }] }],
      MinCount: 1,
      MaxCount: 1,
    });
    await nat.turn(60);
    const attached = async () => (await nat.running()).map((it) => it.NetworkInterfaces?.length);
    expect(await attached()).to.deep.equal([2, 1]);
    await cloud.call(OPERATOR, "ec2", "TerminateInstances", { InstanceIds: [holder?.InstanceId] });
    await nat.turn(10);
    expect(await attached()).to.deep.equal([2]);
  });

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
      const [instance] = await nat.running();
      const role = { kind: "role", arn: "arn:aws:iam::123456789012:role/nat" } as const;
      const answer = await network.cloud
        .call(role, "autoscaling", "SetInstanceHealth", { InstanceId: instance?.InstanceId, ...request })
        .then(
          async () => (await nat.describeInstances())[0]?.State?.Name,
          (error: Error) => error.name,
        );
      expect(answer).to.equal(outcome);
    });

  it("is one of the group's, as the group tells", async () => {
    await declareNat(network);
    await network.cloud.start();
    const [instance] = await nat.running();
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
