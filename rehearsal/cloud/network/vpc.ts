import type { GetRouteTableResult } from "@pulumi/aws/ec2/getRouteTable";
import type { VpcArgs } from "@pulumi/awsx/ec2/vpc";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import { awsError, type Cloud, type Created, type Declaration, type Service } from "../service";
import { defaultSpecs, formatRange, layOut, parseRange } from "./addresses";
import type { Vpc } from "./model";
import { LOCAL } from "./routeTables";
import { stateOf } from "./state";

const VPC_INPUTS: (keyof VpcArgs)[] = [
  "cidrBlock",
  "availabilityZoneNames",
  "numberOfAvailabilityZones",
  "subnetSpecs",
  "subnetStrategy",
  "natGateways",
  "tags",
  "region",
  "enableDnsHostnames",
  "enableDnsSupport",
];

/** The virtual private clouds created by awsx: subnets in each zone, each with its own route table. */
export function createVpcs(cloud: Cloud): Required<Pick<Service, "resources" | "invokes">> {
  const { vpcs, subnets, routeTables } = stateOf(cloud);

  function createVpc(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<VpcArgs>>(declaration, VPC_INPUTS);
    const zones = args.availabilityZoneNames ?? zonesOf(cloud.region).slice(0, args.numberOfAvailabilityZones ?? 3);
    const unknown = zones.find((zone) => !zonesOf(cloud.region).includes(zone));
    if (unknown !== undefined)
      throw awsError(
        "InvalidParameterValue",
        `Value (${unknown}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${zonesOf(cloud.region).join(", ")}.`,
      );
    const range = parseRange(args.cidrBlock ?? "10.0.0.0/16");
    const specs = args.subnetSpecs ?? defaultSpecs(range, zones.length);
    const nat = natGateways(zones, args.natGateways?.strategy, specs);
    const vpc: Vpc = {
      id: `vpc-${cloud.id(17)}`,
      range,
      internetGateway: `igw-${cloud.id(17)}`,
      natGateways: [...new Set(nat.filter((it) => it !== undefined))],
      dnsSupport: args.enableDnsSupport ?? true,
      dnsHostnames: args.enableDnsHostnames ?? false,
    };
    vpcs.set(vpc.id, vpc);
    const ids: Record<string, string[]> = { public: [], private: [], isolated: [] };
    layOut(range, zones.length, specs).forEach((cidrs, zone) => {
      specs.forEach((spec, index) => {
        const type = spec.type.toLowerCase();
        if (type === "unused") return;
        const target = type === "public" ? vpc.internetGateway : type === "private" ? nat[zone] : undefined;
        ids[type]?.push(createSubnet(vpc, zones[zone] ?? "", cidrs[index] ?? "", target));
      });
    });
    // The component's other outputs are unregistered resources of the plugin: programs cannot read them here.
    return {
      id: "",
      outputs: {
        vpcId: vpc.id,
        publicSubnetIds: ids.public,
        privateSubnetIds: ids.private,
        isolatedSubnetIds: ids.isolated,
      },
    };
  }

  /** @param target of the default route; none without internet access */
  function createSubnet({ id: vpcId, range }: Vpc, zone: string, cidr: string, target: string | undefined): string {
    const id = `subnet-${cloud.id(17)}`;
    const routeTableId = `rtb-${cloud.id(17)}`;
    const routes = [{ destination: formatRange(range), target: LOCAL }];
    if (target !== undefined) routes.push({ destination: "0.0.0.0/0", target });
    routeTables.set(routeTableId, { id: routeTableId, vpcId, routes });
    subnets.set(id, { id, vpcId, zone, range: parseRange(cidr), next: 0, routeTableId });
    return id;
  }

  /** The NAT gateway for each zone's private subnets; awsx's default is one per zone. */
  function natGateways(zones: string[], strategy: string | undefined, specs: { type: string }[]) {
    const publicSubnets = specs.some((spec) => spec.type.toLowerCase() === "public");
    const first = `nat-${cloud.id(17)}`;
    return zones.map((_, zone) => {
      if (!publicSubnets || strategy?.toLowerCase() === "none") return undefined;
      return zone === 0 || strategy?.toLowerCase() === "single" ? first : `nat-${cloud.id(17)}`;
    });
  }

  function getRouteTable(inputs: Record<string, unknown>): Partial<GetRouteTableResult> {
    const { subnetId, routeTableId } = inputs;
    const table = routeTables.get(String(routeTableId ?? subnets.get(String(subnetId))?.routeTableId));
    if (table === undefined)
      throw new Error(
        `aws:ec2/getRouteTable:getRouteTable: query returned no results for ${JSON.stringify(inputs)}: give a subnetId or a routeTableId that exists.`,
      );
    return {
      id: table.id,
      routeTableId: table.id,
      vpcId: table.vpcId,
      arn: cloud.arn("ec2", `route-table/${table.id}`),
      ownerId: cloud.accountId,
      ...(subnetId === undefined ? {} : { subnetId: String(subnetId) }),
    };
  }

  return {
    resources: { "awsx:ec2:Vpc": createVpc },
    invokes: {
      "aws:index/getAvailabilityZones:getAvailabilityZones": () => ({
        id: cloud.region,
        names: zonesOf(cloud.region),
        state: "available",
      }),
      "aws:ec2/getRouteTable:getRouteTable": getRouteTable,
    },
  };
}

/** Names, not a count: Beijing has no c. */
function zonesOf(region: string): string[] {
  const letters = region === "cn-north-1" ? ["a", "b", "d"] : ["a", "b", "c"];
  return letters.map((letter) => `${region}${letter}`);
}
