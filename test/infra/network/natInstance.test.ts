import { expect } from "chai";
import type { Program } from "../../../rehearsal/program";
import { withInstance } from "../configurations";
import { sessionManager } from "../policies";
import { evaluateStack, ofType, resource, roleStatements, stackBeijing } from "../support";

const ACCOUNT = "123456789012";
const TAG = "slipway:network-interface";

const inputs = (program: Program, type: string, name = "slipway-nat") => resource(program, type, name).inputs;

const userDataOf = (program: Program): string =>
  Buffer.from(String(inputs(program, "aws:ec2/launchTemplate:LaunchTemplate").userData), "base64").toString();

describe("the NAT instance of stack cn-north-1", () => {
  let program: Program;
  before(async () => {
    program = await stackBeijing();
  });

  it("is led to by an interface that stays, without source/destination check, with the Elastic IP", () => {
    expect(inputs(program, "aws:ec2/networkInterface:NetworkInterface")).to.deep.equal({
      description: "NAT instance: routes point here",
      subnetId: "subnet-public-a",
      securityGroups: ["slipway-nat-id"],
      sourceDestCheck: false,
    });
    expect(inputs(program, "aws:ec2/eip:Eip")).to.deep.equal({ domain: "vpc", networkInterface: "slipway-nat-id" });
  });

  it("takes packets of the VPC on that interface, and nothing on its own", () => {
    const groups = ["slipway-nat-id", "slipway-nat-primary-id"];
    const rules = (type: string) =>
      [...ofType(program, type).values()]
        .map((it) => it.inputs)
        .filter(({ securityGroupId }) => groups.includes(String(securityGroupId)));
    expect(rules("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")).to.deep.equal([
      { securityGroupId: "slipway-nat-id", ipProtocol: "-1", cidrIpv4: "10.40.0.0/16" },
    ]);
    expect(rules("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")).to.have.deep.members(
      groups.map((securityGroupId) => ({ securityGroupId, ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" })),
    );
  });

  it("may attach that interface, report itself unhealthy, be reached by Session Manager, and read no SSM parameter", () => {
    const itsOwn = { StringEquals: { [`aws:ResourceTag/${TAG}`]: "slipway-nat-id" } };
    expect(roleStatements(program, "slipway-nat-role")).to.deep.equal([
      {
        Effect: "Allow",
        Action: ["ec2:AttachNetworkInterface"],
        Resource: [`arn:aws-cn:ec2:cn-north-1:${ACCOUNT}:network-interface/slipway-nat-id`],
      },
      {
        Effect: "Allow",
        Action: ["ec2:AttachNetworkInterface"],
        Resource: [`arn:aws-cn:ec2:cn-north-1:${ACCOUNT}:instance/*`],
        Condition: itsOwn,
      },
      {
        Effect: "Allow",
        Action: ["autoscaling:SetInstanceHealth"],
        Resource: [`arn:aws-cn:autoscaling:cn-north-1:${ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/*`],
        Condition: itsOwn,
      },
      { Effect: "Allow", Action: sessionManager, Resource: ["*"] },
    ]);
    const { assumeRolePolicy } = inputs(program, "aws:iam/role:Role", "slipway-nat-role");
    expect(JSON.parse(String(assumeRolePolicy)).Statement).to.deep.equal([
      { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com.cn" }, Action: "sts:AssumeRole" },
    ]);
    expect(inputs(program, "aws:iam/instanceProfile:InstanceProfile")).to.deep.equal({
      role: "slipway-nat-role-0000000",
    });
  });

  it("is the newest Amazon Linux 2023 on Graviton, with IMDSv2 and an encrypted disk", () => {
    const { userData, ...template } = inputs(program, "aws:ec2/launchTemplate:LaunchTemplate");
    expect(userData).to.be.a("string");
    expect(template).to.deep.equal({
      imageId: "value-of/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
      instanceType: "t4g.micro",
      iamInstanceProfile: { arn: `arn:aws-cn:iam:cn-north-1:${ACCOUNT}:slipway-nat-0000000` },
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      networkInterfaces: [
        {
          deviceIndex: 0,
          associatePublicIpAddress: "true",
          deleteOnTermination: "true",
          securityGroups: ["slipway-nat-primary-id"],
        },
      ],
      blockDeviceMappings: [
        { deviceName: "/dev/xvda", ebs: { volumeType: "gp3", encrypted: "true", deleteOnTermination: "true" } },
      ],
      updateDefaultVersion: true,
    });
  });

  it("is replaced by a group of one, in the interface's subnet", () => {
    expect(inputs(program, "aws:autoscaling/group:Group")).to.deep.equal({
      minSize: 1,
      maxSize: 1,
      desiredCapacity: 1,
      vpcZoneIdentifiers: ["subnet-public-a"],
      launchTemplate: { id: "slipway-nat-id", version: "1" },
      healthCheckType: "EC2",
      healthCheckGracePeriod: 300,
      instanceRefresh: { strategy: "Rolling", preferences: { minHealthyPercentage: 0 } },
      tags: [
        { key: "Name", value: "slipway beijing: NAT instance", propagateAtLaunch: true },
        { key: TAG, value: "slipway-nat-id", propagateAtLaunch: true },
      ],
    });
  });

  it("starts once its address, its permissions and its way out are there", () => {
    const urn = (type: string, name: string) => resource(program, type, name).urn;
    const dependencies = (type: string) => resource(program, type, "slipway-nat").dependencies;
    expect(dependencies("aws:iam/instanceProfile:InstanceProfile")).to.include(
      urn("aws:iam/rolePolicy:RolePolicy", "slipway-nat-role-policy"),
    );
    expect(dependencies("aws:ec2/launchTemplate:LaunchTemplate")).to.include.members([
      urn("aws:iam/instanceProfile:InstanceProfile", "slipway-nat"),
      urn("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "slipway-nat-primary"),
    ]);
    expect(dependencies("aws:autoscaling/group:Group")).to.include(urn("aws:ec2/eip:Eip", "slipway-nat"));
  });

  it("is told which interface is its own, where it is, and what to probe", () => {
    const text = userDataOf(program);
    expect(text.split("\n").slice(0, 7)).to.deep.equal([
      "#!/bin/bash",
      "# slipway's NAT instance. Its log: journalctl --identifier slipway-nat",
      "ENI_ID='slipway-nat-id'",
      "ENI_MAC='0e:00:00:00:00:01'",
      "REGION='cn-north-1'",
      "VPC_CIDR='10.40.0.0/16'",
      "PROBE='https://github.com'",
    ]);
    expect(text).not.to.match(/arn:aws:|amazonaws\.com(?!\.cn)/);
  });
});

describe("a NAT instance of one's own making", () => {
  it("has the AMI and the instance type of the stack file", async () => {
    const program = await evaluateStack({
      settings: withInstance({ ami: "ami-0123456789abcdef0", instanceType: "c7g.medium" }),
    });
    const { imageId, instanceType } = inputs(program, "aws:ec2/launchTemplate:LaunchTemplate");
    expect([imageId, instanceType]).to.deep.equal(["ami-0123456789abcdef0", "c7g.medium"]);
    expect(userDataOf(program)).to.include("REGION='us-east-1'\n");
  });
});
