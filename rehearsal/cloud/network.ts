import type { SecurityGroupArgs } from "@pulumi/aws/ec2/securityGroup";
import type { SecurityGroupIngressRuleArgs } from "@pulumi/aws/vpc/securityGroupIngressRule";
import type { VpcArgs } from "@pulumi/awsx/ec2/vpc";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "./declared";
import { defaultSpecs, formatAddress, layOut, parseRange, type Range, sizeOf } from "./network/addresses";
import { admits, type Rule, type SecurityGroup } from "./network/securityGroups";
import { awsError, type Cloud, type Created, type Declaration, type Service } from "./service";

/** An elastic network interface: what a task, or a load balancer in each of its subnets, is reached by. */
export interface NetworkInterface {
  id: string;
  subnetId: string;
  address: string;
  publicAddress: boolean;
  securityGroups: string[];
}

export interface Attachment {
  subnetId: string;
  securityGroups: string[];
  assignPublicIp?: boolean;
}

/** Whether a connection comes about: by which hops, or what stands in its way. */
export type Passage = { open: true; path: string[] } | { open: false; reason: string };

/** What carries packets in the account. It is no API: services attach interfaces, and ask whether traffic passes. */
export interface Network {
  /** @throws AwsError for a subnet or security group that does not exist, or a subnet without a free address */
  attach(attachment: Attachment): NetworkInterface;
  detach(networkInterface: NetworkInterface): void;
  /** The first of these subnets or security groups that does not exist. */
  missing(kind: "subnet" | "security group", ids: string[]): string | undefined;
  /** Whether an address is left in the subnet, when so many others are taken. */
  hasRoom(subnetId: string, taken: number): boolean;
  interfaceAt(address: string): NetworkInterface | undefined;
  /** A TCP connection from an interface of the VPC, or from the internet, to an interface. */
  between(from: NetworkInterface | "internet", to: NetworkInterface, port: number): Passage;
  /** A TCP connection from an interface to a host outside the VPC. */
  outbound(from: NetworkInterface, port: number): Passage;
}

interface Subnet {
  id: string;
  vpcId: string;
  zone: string;
  range: Range;
  /** Where to look for a free address: behind the one given out last. */
  next: number;
  routes: { destination: string; target: string }[];
}

interface State {
  subnets: Map<string, Subnet>;
  groups: Map<string, SecurityGroup>;
  interfaces: Map<string, NetworkInterface>;
}

const states = new WeakMap<Cloud, State>();

/** An account has one network, whichever of its services asks for it. */
function stateOf(cloud: Cloud): State {
  const state = states.get(cloud) ?? { subnets: new Map(), groups: new Map(), interfaces: new Map() };
  states.set(cloud, state);
  return state;
}

export function networkOf(cloud: Cloud): Network {
  const { subnets, groups, interfaces } = stateOf(cloud);

  function groupsOf({ securityGroups }: NetworkInterface): SecurityGroup[] {
    return securityGroups.flatMap((id) => groups.get(id) ?? []);
  }

  const named = (it: NetworkInterface) => groupsOf(it).map((group) => `${group.name} (${group.id})`);

  function defaultRoute({ subnetId }: NetworkInterface): string | undefined {
    return subnets.get(subnetId)?.routes.find((route) => route.destination === "0.0.0.0/0")?.target;
  }

  function attach({ subnetId, securityGroups, assignPublicIp }: Attachment): NetworkInterface {
    const subnet = subnets.get(subnetId);
    if (subnet === undefined) throw awsError("InvalidSubnetID.NotFound", `The subnet ID '${subnetId}' does not exist`);
    const missing = securityGroups.find((id) => !groups.has(id));
    if (missing !== undefined)
      throw awsError("InvalidGroup.NotFound", `The security group '${missing}' does not exist`);
    const created: NetworkInterface = {
      id: `eni-${cloud.id(17)}`,
      subnetId,
      address: freeAddress(subnet),
      publicAddress: assignPublicIp ?? false,
      securityGroups,
    };
    interfaces.set(created.address, created);
    return created;
  }

  function freeAddress(subnet: Subnet): string {
    const usable = usableIn(subnet);
    for (let tried = 0; tried < usable; tried++) {
      const address = formatAddress(subnet.range.base + 4 + (subnet.next++ % usable));
      if (!interfaces.has(address)) return address;
    }
    throw awsError("InsufficientFreeAddressesInSubnet", `There are no free addresses in subnet '${subnet.id}'.`);
  }

  function hasRoom(subnetId: string, taken: number): boolean {
    const subnet = subnets.get(subnetId);
    const used = [...interfaces.values()].filter((it) => it.subnetId === subnetId).length;
    return subnet !== undefined && used + taken < usableIn(subnet);
  }

  function between(from: NetworkInterface | "internet", to: NetworkInterface, port: number): Passage {
    if (from === "internet") {
      const route = defaultRoute(to);
      if (!to.publicAddress || !route?.startsWith("igw-"))
        return closed(`${to.subnetId} has no route from the internet to ${to.address}`);
      if (!admits(groupsOf(to), "ingress", port, "internet"))
        return closed(`the security groups ${named(to)} let nobody outside connect to port ${port}`);
      return { open: true, path: [route, to.id] };
    }
    if (!admits(groupsOf(from), "egress", port, to))
      return closed(`the egress rules of ${named(from)} do not reach port ${port} of ${named(to)}`);
    if (!admits(groupsOf(to), "ingress", port, from))
      return closed(`the ingress rules of ${named(to)} do not let ${named(from)} connect to port ${port}`);
    return { open: true, path: [from.id, to.id] };
  }

  function outbound(from: NetworkInterface, port: number): Passage {
    if (!admits(groupsOf(from), "egress", port, "internet"))
      return closed(`the egress rules of ${named(from)} do not reach port ${port} of the internet`);
    const route = defaultRoute(from);
    if (route === undefined) return closed(`${from.subnetId} has no route to the internet`);
    // An internet gateway translates public addresses only; a NAT gateway brings its own.
    if (route.startsWith("igw-") && !from.publicAddress)
      return closed(
        `${from.subnetId} routes to ${route}, and ${from.address} has no public address: set assignPublicIp`,
      );
    return { open: true, path: [from.id, route] };
  }

  return {
    attach,
    detach: ({ address }) => interfaces.delete(address),
    missing: (kind, ids) => ids.find((id) => !(kind === "subnet" ? subnets : groups).has(id)),
    hasRoom,
    interfaceAt: (address) => interfaces.get(address),
    between,
    outbound,
  };
}

/** AWS keeps the first four addresses of a subnet and the last. */
const usableIn = ({ range }: Subnet): number => sizeOf(range) - 5;

const closed = (reason: string): Passage => ({ open: false, reason });

/** Virtual private clouds and security groups. */
export function createNetwork(cloud: Cloud): Service {
  const { subnets, groups } = stateOf(cloud);

  function createVpc(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<VpcArgs>>(declaration, [
      "cidrBlock",
      "availabilityZoneNames",
      "numberOfAvailabilityZones",
      "subnetSpecs",
      "subnetStrategy",
      "natGateways",
      "tags",
      "region",
      // Names within the VPC are not looked up here.
      "enableDnsHostnames",
      "enableDnsSupport",
    ]);
    const vpcId = `vpc-${cloud.id(17)}`;
    const zones = args.availabilityZoneNames ?? zonesOf(cloud.region).slice(0, args.numberOfAvailabilityZones ?? 3);
    const range = parseRange(args.cidrBlock ?? "10.0.0.0/16");
    const specs = args.subnetSpecs ?? defaultSpecs(range, zones.length);
    const internetGateway = `igw-${cloud.id(17)}`;
    const nat = natGateways(zones, args.natGateways?.strategy, specs);
    const ids: Record<string, string[]> = { public: [], private: [], isolated: [] };
    layOut(range, zones.length, specs).forEach((cidrs, zone) => {
      specs.forEach((spec, index) => {
        const type = spec.type.toLowerCase();
        if (type === "unused") return;
        const id = `subnet-${cloud.id(17)}`;
        const target = type === "public" ? internetGateway : type === "private" ? nat[zone] : undefined;
        const routes = target === undefined ? [] : [{ destination: "0.0.0.0/0", target }];
        subnets.set(id, { id, vpcId, zone: zones[zone] ?? "", range: parseRange(cidrs[index] ?? ""), next: 0, routes });
        ids[type]?.push(id);
      });
    });
    // The component's other outputs are resources of the plugin, which are not registered: a program cannot read them here.
    return {
      id: "",
      outputs: {
        vpcId,
        publicSubnetIds: ids.public,
        privateSubnetIds: ids.private,
        isolatedSubnetIds: ids.isolated,
      },
    };
  }

  /** The NAT gateway that each zone's private subnets route to; awsx makes one for each zone unless told. */
  function natGateways(zones: string[], strategy: string | undefined, specs: { type: string }[]) {
    const publicSubnets = specs.some((spec) => spec.type.toLowerCase() === "public");
    const first = `nat-${cloud.id(17)}`;
    return zones.map((_, zone) => {
      if (!publicSubnets || strategy?.toLowerCase() === "none") return undefined;
      return zone === 0 || strategy?.toLowerCase() === "single" ? first : `nat-${cloud.id(17)}`;
    });
  }

  function createSecurityGroup(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<SecurityGroupArgs>>(declaration, [
      "name",
      "description",
      "vpcId",
      "ingress",
      "egress",
      "tags",
      "region",
      "revokeRulesOnDelete",
    ]);
    const id = `sg-${cloud.id(17)}`;
    const name = cloud.physicalName(declaration, args.name);
    // AWS gives a new group a rule that lets everything out, and the provider takes it away: what the program does not
    // declare is not there (registry.terraform.io, aws_security_group, "NOTE on Egress rules").
    const inline = (direction: Rule["direction"], rules: Unwrap<SecurityGroupArgs>["ingress"]): Rule[] =>
      (rules ?? []).map((rule) => ({
        direction,
        protocol: rule.protocol,
        fromPort: rule.fromPort,
        toPort: rule.toPort,
        cidrs: rule.cidrBlocks ?? [],
        groups: [...(rule.securityGroups ?? []), ...(rule.self ? [id] : [])],
      }));
    const rules = [...inline("ingress", args.ingress), ...inline("egress", args.egress)];
    groups.set(id, { id, name, vpcId: args.vpcId ?? "", rules });
    return { id, outputs: { id, name, ownerId: cloud.accountId, arn: cloud.arn("ec2", `security-group/${id}`) } };
  }

  const createRule = (direction: Rule["direction"]) => (declaration: Declaration) => {
    const args = inputsOf<Unwrap<SecurityGroupIngressRuleArgs>>(declaration, [
      "securityGroupId",
      "ipProtocol",
      "fromPort",
      "toPort",
      "cidrIpv4",
      "referencedSecurityGroupId",
      "description",
      "tags",
      "region",
    ]);
    const group = groups.get(args.securityGroupId);
    if (group === undefined)
      throw awsError("InvalidGroup.NotFound", `The security group '${args.securityGroupId}' does not exist`);
    const groupsOfPeer = args.referencedSecurityGroupId === undefined ? [] : [args.referencedSecurityGroupId];
    group.rules.push({
      direction,
      protocol: args.ipProtocol,
      fromPort: args.fromPort ?? 0,
      toPort: args.toPort ?? 65535,
      cidrs: args.cidrIpv4 === undefined ? [] : [args.cidrIpv4],
      groups: groupsOfPeer,
    });
    const id = `sgr-${cloud.id(17)}`;
    return { id, outputs: { arn: cloud.arn("ec2", `security-group-rule/${id}`), securityGroupRuleId: id } };
  };

  return {
    name: "ec2",
    resources: {
      "awsx:ec2:Vpc": createVpc,
      "aws:ec2/securityGroup:SecurityGroup": createSecurityGroup,
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": createRule("ingress"),
      "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": createRule("egress"),
    },
    operations: {},
    invokes: {
      "aws:index/getAvailabilityZones:getAvailabilityZones": () => ({
        id: cloud.region,
        names: zonesOf(cloud.region),
        state: "available",
      }),
    },
  };
}

/** Zones are named, not counted: Beijing has no c. */
function zonesOf(region: string): string[] {
  const letters = region === "cn-north-1" ? ["a", "b", "d"] : ["a", "b", "c"];
  return letters.map((letter) => `${region}${letter}`);
}
