import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  SetInstanceHealthCommand,
} from "@aws-sdk/client-auto-scaling";
import { DescribeInstancesCommand, EC2Client, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { expect } from "chai";
import { createLoadBalancer } from "../../../rehearsal/cloud/loadBalancer";
import { stateOf } from "../../../rehearsal/cloud/network/state";
import { createSsm } from "../../../rehearsal/cloud/ssm";
import { refusal } from "../../refusal";
import { createTestNetwork, declareNat, type TestNetwork } from "./network/support";

describe("EC2, Auto Scaling and ELB by the SDK: they spoke AWS JSON, which AWS does not", () => {
  let network: TestNetwork;
  let options: Awaited<ReturnType<TestNetwork["cloud"]["clientOptions"]>>;
  let instanceId: string;

  before(async () => {
    network = await createTestNetwork(
      { natGateways: { strategy: "None" } },
      { services: [createLoadBalancer, createSsm] },
    );
    await declareNat(network);
    await network.cloud.start();
    instanceId = [...stateOf(network.cloud).instances.keys()][0] ?? "";
    const Action = ["ec2:DescribeInstances", "autoscaling:*", "elasticloadbalancing:*"];
    const role = await network.cloud.role("operator", "lambda.amazonaws.com", [
      { Effect: "Allow", Action, Resource: "*" },
    ]);
    options = await network.cloud.clientOptions("lambda.amazonaws.com", role);
  });
  after(() => network.cloud.close());

  it("EC2 takes lists of filters, and answers with sets of items and times", async () => {
    const client = new EC2Client(options);
    const running = { Name: "instance-state-name", Values: ["pending", "running"] };
    const { Reservations = [] } = await client.send(
      new DescribeInstancesCommand({ InstanceIds: [instanceId], Filters: [running] }),
    );
    const [instance] = Reservations[0]?.Instances ?? [];
    expect([Reservations.length, instance?.InstanceId, instance?.State?.Name]).to.deep.equal([
      1,
      instanceId,
      "running",
    ]);
    expect(instance?.LaunchTime).to.be.instanceOf(Date);
    expect(instance?.Tags).to.deep.include({ Key: "aws:autoscaling:groupName", Value: "nat" });
    const stopped = { ...running, Values: ["stopped"] };
    expect((await client.send(new DescribeInstancesCommand({ Filters: [stopped] }))).Reservations).to.deep.equal([]);
  });

  it("EC2 refuses in its own words", async () => {
    const client = new EC2Client(options);
    const unknown = await refusal(client.send(new DescribeInstancesCommand({ InstanceIds: ["i-0"] })));
    expect([unknown.name, unknown.message]).to.deep.equal([
      "InvalidInstanceID.NotFound",
      "The instance ID 'i-0' does not exist",
    ]);
    const denied = await refusal(client.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] })));
    expect(denied.name).to.equal("UnauthorizedOperation");
  });

  it("Auto Scaling takes members of lists, and answers with them", async () => {
    const client = new AutoScalingClient(options);
    const { AutoScalingGroups = [] } = await client.send(
      new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ["nat"] }),
    );
    const [group] = AutoScalingGroups;
    expect([group?.AutoScalingGroupName, group?.DesiredCapacity]).to.deep.equal(["nat", 1]);
    expect(group?.Instances?.map(({ InstanceId }) => InstanceId)).to.deep.equal([instanceId]);
    const error = await refusal(
      client.send(new SetInstanceHealthCommand({ InstanceId: "i-0", HealthStatus: "Unhealthy" })),
    );
    expect(error.name).to.equal("ValidationError");
  });

  it("ELB takes targets, and tells their health", async () => {
    const client = new ElasticLoadBalancingV2Client(options);
    const { outputs } = await network.cloud.declare("aws:lb/targetGroup:TargetGroup", "web", {
      name: "web",
      port: 8080,
      protocol: "HTTP",
      targetType: "ip",
      vpcId: network.vpcId,
    });
    const TargetGroupArn = String(outputs.arn);
    const Targets = [{ Id: network.attach(network.privateSubnets[0]).address, Port: 8080 }];
    await client.send(new RegisterTargetsCommand({ TargetGroupArn, Targets }));
    const { TargetHealthDescriptions } = await client.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
    expect(
      TargetHealthDescriptions?.map(({ Target, TargetHealth }) => [
        Target?.Id,
        Target?.Port,
        typeof TargetHealth?.State,
      ]),
    ).to.deep.equal([[Targets[0]?.Id, 8080, "string"]]);
    const error = await refusal(client.send(new DescribeTargetHealthCommand({ TargetGroupArn: `${TargetGroupArn}0` })));
    expect(error.name).to.match(/TargetGroupNotFound/);
  });
});
