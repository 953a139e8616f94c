import * as autoscaling from "@pulumi/aws/autoscaling";
import * as ec2 from "@pulumi/aws/ec2";
import * as iam from "@pulumi/aws/iam";
import * as ssm from "@pulumi/aws/ssm";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { createNamedRole, type Statement } from "../foundation/role";
import type { NatInstanceSettings } from "../settings";
import type { StackContext } from "../stackContext";
import { userData } from "./natInstance/userData";

export interface NatInstanceArgs {
  stack: StackContext;
  vpcId: pulumi.Output<string>;
  /** The VPC's IPv4 range: these addresses may send packets through the instance. */
  vpcCidr: string;
  /** A public subnet. */
  subnetId: pulumi.Output<string>;
  settings: NatInstanceSettings;
  /** URL of the forge, requested every minute as a check. */
  probe: string;
}

/**
 * Network address translation by an EC2 instance that may terminate at any time. Routes point to a persistent network
 * interface with the Elastic IP, and an auto scaling group of one ensures that an instance has it attached.
 */
export class NatInstance extends pulumi.ComponentResource {
  /** The target of routes. */
  readonly networkInterfaceId: pulumi.Output<string>;
  /** The Elastic IP, which the forge sees. */
  readonly publicIp: pulumi.Output<string>;
  /** ARN of the instance's role. */
  readonly roleArn: pulumi.Output<string>;

  constructor(name: string, args: NatInstanceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:NatInstance", name, {}, opts);
    const networkInterface = createNetworkInterface(name, args, this);
    const address = new ec2.Eip(name, { domain: "vpc", networkInterface: networkInterface.id }, { parent: this });
    const { roleArn, profileArn } = createInstanceRole(name, args, networkInterface, this);
    const template = createLaunchTemplate(name, args, networkInterface, profileArn, this);
    createGroup(name, args, networkInterface, template, [address], this);
    this.networkInterfaceId = networkInterface.id;
    this.publicIp = address.publicIp;
    this.roleArn = roleArn;
    this.registerOutputs({
      networkInterfaceId: this.networkInterfaceId,
      publicIp: this.publicIp,
      roleArn: this.roleArn,
    });
  }
}

/** Tag of the instance and its group. The value is the id of their network interface. */
const TAG = "slipway:network-interface";

const EVERYTHING = { ipProtocol: "-1" };

function createNetworkInterface(name: string, { vpcId, vpcCidr, subnetId }: NatInstanceArgs, parent: pulumi.Resource) {
  const securityGroup = new ec2.SecurityGroup(
    name,
    { description: "NAT instance: whatever the VPC sends through it", vpcId },
    { parent },
  );
  const securityGroupId = securityGroup.id;
  new vpc.SecurityGroupIngressRule(name, { ...EVERYTHING, securityGroupId, cidrIpv4: vpcCidr }, { parent });
  new vpc.SecurityGroupEgressRule(name, { ...EVERYTHING, securityGroupId, cidrIpv4: "0.0.0.0/0" }, { parent });
  return new ec2.NetworkInterface(
    name,
    {
      description: "NAT instance: routes point here",
      subnetId,
      securityGroups: [securityGroupId],
      // Forwarded packets are neither from nor to the instance.
      sourceDestCheck: false,
    },
    { parent },
  );
}

/**
 * The permissions that Session Manager requires. AmazonSSMManagedInstanceCore also allows reading all SSM parameters.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
 */
const SESSION_MANAGER = [
  "ssm:UpdateInstanceInformation",
  "ssmmessages:CreateControlChannel",
  "ssmmessages:CreateDataChannel",
  "ssmmessages:OpenControlChannel",
  "ssmmessages:OpenDataChannel",
];

/** @returns the role and its instance profile, available once the role has all permissions */
function createInstanceRole(
  name: string,
  { stack: { account } }: NatInstanceArgs,
  networkInterface: ec2.NetworkInterface,
  parent: pulumi.Resource,
): { roleArn: pulumi.Output<string>; profileArn: pulumi.Output<string> } {
  const itsOwn = { StringEquals: { [`aws:ResourceTag/${TAG}`]: networkInterface.id } };
  const statements: Statement[] = [
    {
      actions: ["ec2:AttachNetworkInterface"],
      resources: [account.arn("ec2", pulumi.interpolate`network-interface/${networkInterface.id}`)],
    },
    {
      actions: ["ec2:AttachNetworkInterface"],
      resources: [account.arn("ec2", "instance/*")],
      conditions: itsOwn,
    },
    {
      actions: ["autoscaling:SetInstanceHealth"],
      resources: [account.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")],
      conditions: itsOwn,
    },
    { actions: SESSION_MANAGER, resources: ["*"] },
  ];
  const role = createNamedRole(`${name}-role`, { account, service: "ec2", statements }, { parent });
  const profile = new iam.InstanceProfile(name, { role: role.roleName }, { parent });
  return { roleArn: role.arn, profileArn: profile.arn };
}

// https://docs.aws.amazon.com/linux/al2023/ug/ec2.html
const NEWEST_IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";

function createLaunchTemplate(
  name: string,
  args: NatInstanceArgs,
  networkInterface: ec2.NetworkInterface,
  profileArn: pulumi.Output<string>,
  parent: pulumi.Resource,
): ec2.LaunchTemplate {
  const { settings } = args;
  const securityGroupId = createPrimarySecurityGroup(name, args, parent);
  return new ec2.LaunchTemplate(
    name,
    {
      imageId: settings.ami ?? ssm.getParameterOutput({ name: NEWEST_IMAGE }, { parent }).value,
      instanceType: settings.instanceType,
      iamInstanceProfile: { arn: profileArn },
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      networkInterfaces: [
        {
          deviceIndex: 0,
          // The instance uses this address to install packages, and to ask EC2 for the interface with the Elastic IP.
          associatePublicIpAddress: "true",
          deleteOnTermination: "true",
          securityGroups: [securityGroupId],
        },
      ],
      blockDeviceMappings: [
        {
          deviceName: "/dev/xvda",
          ebs: { volumeType: "gp3", encrypted: "true", deleteOnTermination: "true" },
        },
      ],
      userData: encodedUserData(args, networkInterface),
      updateDefaultVersion: true,
    },
    { parent },
  );
}

/** No inbound traffic to the instance itself: use Session Manager to log in. */
function createPrimarySecurityGroup(name: string, { vpcId }: NatInstanceArgs, parent: pulumi.Resource) {
  const group = new ec2.SecurityGroup(
    `${name}-primary`,
    { description: "NAT instance: what it calls itself", vpcId },
    { parent },
  );
  const rule = new vpc.SecurityGroupEgressRule(
    `${name}-primary`,
    { ...EVERYTHING, securityGroupId: group.id, cidrIpv4: "0.0.0.0/0" },
    { parent },
  );
  return pulumi.all([group.id, rule.id]).apply(([id]) => id);
}

const encodedUserData = (
  { stack, vpcCidr, settings, probe }: NatInstanceArgs,
  { id, macAddress }: ec2.NetworkInterface,
) =>
  pulumi.all([id, macAddress]).apply(([networkInterfaceId, mac]) => {
    const text = userData({
      networkInterfaceId,
      macAddress: mac,
      region: stack.account.region,
      vpcCidr,
      probe,
      bootHook: settings.bootHook,
    });
    return Buffer.from(text).toString("base64");
  });

function createGroup(
  name: string,
  { subnetId, stack: { environment } }: NatInstanceArgs,
  networkInterface: ec2.NetworkInterface,
  template: ec2.LaunchTemplate,
  dependsOn: pulumi.Resource[],
  parent: pulumi.Resource,
): void {
  const tag = (key: string, value: pulumi.Input<string>) => ({ key, value, propagateAtLaunch: true });
  new autoscaling.Group(
    name,
    {
      minSize: 1,
      maxSize: 1,
      desiredCapacity: 1,
      // A network interface cannot leave its subnet.
      vpcZoneIdentifiers: [subnetId],
      launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
      healthCheckType: "EC2",
      healthCheckGracePeriod: 300,
      // Terminates the running instance before the next one starts: only one can have the network interface.
      instanceRefresh: { strategy: "Rolling", preferences: { minHealthyPercentage: 0 } },
      tags: [tag("Name", `slipway ${environment}: NAT instance`), tag(TAG, networkInterface.id)],
    },
    { parent, dependsOn },
  );
}
