import { createAutoScaling } from "../../../../rehearsal/cloud/autoScaling";
import { createNetwork, type NetworkInterface, networkOf, type Passage } from "../../../../rehearsal/cloud/network";
import type { Cloud, Service } from "../../../../rehearsal/cloud/service";
import { createTestCloud, type TestCloud } from "../../support";

/** A VPC over two zones, and a security group that lets everything out. */
export interface TestNetwork {
  cloud: TestCloud;
  vpcId: string;
  publicSubnets: string[];
  privateSubnets: string[];
  open: string;
  group(name: string, rules?: Record<string, unknown>): Promise<string>;
  routeTable(subnetId: string | undefined): Promise<string>;
  route(subnetId: string | undefined, to: Record<string, unknown>): Promise<unknown>;
  endpoint(inputs: Record<string, unknown>): Promise<string>;
  attach(subnetId: string | undefined, securityGroup?: string): NetworkInterface;
}

export const EVERYTHING = { protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] };

/** @param vpc inputs of the VPC beside its range, 10.40.0.0/16 */
export async function createTestNetwork(
  vpc: Record<string, unknown> = {},
  { region = "us-east-1", services = [] as ((cloud: Cloud) => Service)[], routesPerTable = 50 } = {},
): Promise<TestNetwork> {
  const cloud = await createTestCloud([createNetwork, createAutoScaling, ...services], { region, routesPerTable });
  const { outputs } = await cloud
    .declare("awsx:ec2:Vpc", "vpc", {
      cidrBlock: "10.40.0.0/16",
      numberOfAvailabilityZones: 2,
      enableDnsHostnames: true,
      ...vpc,
    })
    .catch(async (error) => {
      await cloud.close();
      throw error;
    });
  const group: TestNetwork["group"] = async (name, rules = {}) =>
    (await cloud.declare("aws:ec2/securityGroup:SecurityGroup", name, { name, vpcId: outputs.vpcId, ...rules })).id;
  const routeTable: TestNetwork["routeTable"] = async (subnetId) => {
    const table = await cloud.invoke("aws:ec2/getRouteTable:getRouteTable", { subnetId });
    return (table as { routeTableId: string }).routeTableId;
  };
  const open = await group("open", { egress: [EVERYTHING] });
  return {
    cloud,
    vpcId: String(outputs.vpcId),
    publicSubnets: outputs.publicSubnetIds as string[],
    privateSubnets: outputs.privateSubnetIds as string[],
    open,
    group,
    routeTable,
    route: async (subnetId, to) =>
      cloud.declare("aws:ec2/route:Route", "route", { routeTableId: await routeTable(subnetId), ...to }),
    endpoint: async (inputs) =>
      (await cloud.declare("aws:ec2/vpcEndpoint:VpcEndpoint", "endpoint", { vpcId: outputs.vpcId, ...inputs })).id,
    attach: (subnetId = "", securityGroup = open) =>
      networkOf(cloud).attach({ subnetId, securityGroups: [securityGroup] }),
  };
}

export interface NatOptions {
  sourceDestCheck?: boolean;
  /** Whether an elastic address is on the interface. */
  address?: boolean;
  /** Rules of its security group. */
  rules?: Record<string, unknown>;
  /** The interface's subnet; the first public one when not told. */
  subnetId?: string | undefined;
  /** Statements of the instance's role; when not told, those that it needs. */
  statements?: (networkInterfaceId: string) => object[];
  profile?: Record<string, unknown>;
  group?: Record<string, unknown>;
  /** Principal that the role trusts. */
  service?: string;
  userData?: (networkInterfaceId: string) => string;
}

/** @returns what attaching its own interface takes */
export const attaching = (id: string, partition = "aws", region = "us-east-1"): object[] => [
  {
    Effect: "Allow",
    Action: "ec2:AttachNetworkInterface",
    Resource: `arn:${partition}:ec2:${region}:123456789012:network-interface/${id}`,
  },
  {
    Effect: "Allow",
    Action: "ec2:AttachNetworkInterface",
    Resource: `arn:${partition}:ec2:${region}:123456789012:instance/*`,
    Condition: { StringEquals: { "aws:ResourceTag/for": id } },
  },
];

/** Declares a network interface that stays, and a group of one instance that attaches it. @returns the interface's id */
export async function declareNat(network: TestNetwork, options: NatOptions = {}): Promise<string> {
  const { cloud, group } = network;
  const { sourceDestCheck = false, address = true, service = "ec2.amazonaws.com" } = options;
  const { rules = { ingress: [{ ...EVERYTHING, cidrBlocks: ["10.40.0.0/16"] }], egress: [EVERYTHING] } } = options;
  const subnetId = options.subnetId ?? network.publicSubnets[0];
  const { id } = await cloud.declare("aws:ec2/networkInterface:NetworkInterface", "nat", {
    subnetId,
    securityGroups: [await group("nat", rules)],
    sourceDestCheck,
  });
  if (address) await cloud.declare("aws:ec2/eip:Eip", "nat", { domain: "vpc", networkInterface: id });
  const statements = options.statements ?? ((it) => attaching(it, cloud.partition, cloud.region));
  await cloud.role("nat", service, statements(id));
  await cloud.declare("aws:iam/instanceProfile:InstanceProfile", "nat", { name: "nat", role: "nat" });
  const image = await cloud.invoke("aws:ssm/getParameter:getParameter", {
    name: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
  });
  const script = options.userData?.(id) ?? `aws ec2 attach-network-interface --network-interface-id ${id}`;
  const template = await cloud.declare("aws:ec2/launchTemplate:LaunchTemplate", "nat", {
    imageId: (image as { value: string }).value,
    instanceType: "t4g.micro",
    iamInstanceProfile: { name: "nat" },
    networkInterfaces: [{ associatePublicIpAddress: "true", securityGroups: [network.open] }],
    userData: Buffer.from(script).toString("base64"),
    ...options.profile,
  });
  await cloud.declare("aws:autoscaling/group:Group", "nat", {
    name: "nat",
    minSize: 1,
    maxSize: 1,
    vpcZoneIdentifiers: [subnetId],
    launchTemplate: { id: template.id, version: "1" },
    tags: [{ key: "for", value: id, propagateAtLaunch: true }],
    ...options.group,
  });
  return id;
}

/** A passage with the ids in it left out, as a person tells it apart. */
export function said(passage: Passage): string {
  const text = passage.open ? passage.path.join(" > ") : passage.reason;
  return text.replace(/\b(subnet|rtb|pl|eni|igw|nat|vpce|i|sg|vpc)-[0-9a-f]{8,17}\b/g, "$1");
}
