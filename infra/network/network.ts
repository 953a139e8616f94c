import * as ec2 from "@pulumi/aws/ec2";
import { Vpc } from "@pulumi/awsx/ec2";
import * as pulumi from "@pulumi/pulumi";
import { portOf } from "../foundation/egress";
import type { FunctionNetwork } from "../lambda/lambdaFunction";
import type { NatInstanceSettings, NetworkSettings } from "../settings";
import { reachForgesByVpc } from "../settings/networkRules";
import type { StackContext } from "../stackContext";
import { createEndpoints } from "./endpoints";
import { NatInstance } from "./natInstance";

export interface NetworkArgs {
  stack: StackContext;
  settings: NetworkSettings;
  /** Base URLs of the forges that the stack's functions call. */
  forges: string[];
  /** URL that checks whether the NAT instance works. */
  probe: string;
}

/** A VPC with a public and a private subnet per availability zone, and the private subnets' routes and endpoints. */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly publicSubnetIds: pulumi.Output<string[]>;
  /** Available once routes and endpoints exist, so that resources in the subnets can use them at once. */
  readonly privateSubnetIds: pulumi.Output<string[]>;
  /** Where functions that call forges run. Undefined if they run outside the VPC, with AWS's internet access. */
  readonly functions: FunctionNetwork | undefined;
  readonly natInstance: NatInstance | undefined;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:infra:Network", name, {}, opts);
    const inner = createVpc(name, args.settings, this);
    this.natInstance = createNatInstance(name, args, inner, this);
    const ways = createWays(name, args, inner, this.natInstance, this);
    this.vpcId = inner.vpcId;
    this.publicSubnetIds = inner.publicSubnetIds;
    this.privateSubnetIds = pulumi.all([inner.privateSubnetIds, pulumi.all(ways)]).apply(([ids]) => ids);
    this.functions = functionNetwork(args, this);
    this.registerOutputs({
      vpcId: this.vpcId,
      publicSubnetIds: this.publicSubnetIds,
      privateSubnetIds: this.privateSubnetIds,
    });
  }
}

const NAT_GATEWAYS = {
  "nat-gateway": "Single",
  "nat-gateway-per-zone": "OnePerAz",
  "nat-instance": "None",
  none: "None",
} as const;

const createVpc = (name: string, { cidr, availabilityZones, egress }: NetworkSettings, parent: pulumi.Resource) =>
  new Vpc(
    `${name}-vpc`,
    {
      cidrBlock: cidr,
      ...zones(availabilityZones),
      subnetStrategy: "Auto",
      natGateways: { strategy: NAT_GATEWAYS[egress] },
      enableDnsHostnames: true,
    },
    { parent },
  );

const zones = (count: number | string[]) =>
  typeof count === "number" ? { numberOfAvailabilityZones: count } : { availabilityZoneNames: count };

const createNatInstance = (
  name: string,
  { stack, settings, probe }: NetworkArgs,
  { vpcId, publicSubnetIds }: Vpc,
  parent: pulumi.Resource,
): NatInstance | undefined =>
  settings.natInstance &&
  new NatInstance(
    `${name}-nat`,
    {
      stack,
      vpcId,
      vpcCidr: settings.cidr,
      subnetId: publicSubnetIds.apply((ids) => nth(ids, 0)),
      settings: settings.natInstance,
      probe,
    },
    { parent },
  );

/** Creates the routes and endpoints besides the VPC's own. @returns their ids */
function createWays(
  name: string,
  { stack, settings }: NetworkArgs,
  inner: Vpc,
  natInstance: NatInstance | undefined,
  parent: pulumi.Resource,
): pulumi.Output<string>[] {
  const { endpoints, cidr } = settings;
  if (natInstance === undefined && endpoints.length === 0) return [];
  const routeTableIds = privateRouteTables(settings, inner, parent);
  return [
    ...createRoutes(name, settings.natInstance, natInstance, routeTableIds, parent),
    ...createEndpoints(
      name,
      {
        stack,
        vpcId: inner.vpcId,
        vpcCidr: cidr,
        subnetIds: inner.privateSubnetIds,
        routeTableIds,
        services: endpoints,
      },
      { parent },
    ),
  ];
}

/**
 * The route table of each private subnet. awsx creates them in its plugin, invisible to this program, and has finished
 * once it returns the subnet ids.
 */
function privateRouteTables(
  { availabilityZones }: NetworkSettings,
  { privateSubnetIds }: Vpc,
  parent: pulumi.Resource,
): pulumi.Output<string>[] {
  const count = typeof availabilityZones === "number" ? availabilityZones : availabilityZones.length;
  return Array.from({ length: count }, (_, zone) => {
    const subnetId = privateSubnetIds.apply((ids) => nth(ids, zone));
    return ec2.getRouteTableOutput({ subnetId }, { parent }).routeTableId;
  });
}

function nth(subnetIds: string[], zone: number): string {
  const id = subnetIds[zone];
  if (id === undefined)
    throw new pulumi.RunError(
      `the VPC has only ${subnetIds.length} subnets of this kind, and none in zone ${zone + 1}`,
    );
  return id;
}

/** Adds routes from each private subnet through the instance. */
function createRoutes(
  name: string,
  settings: NatInstanceSettings | undefined,
  natInstance: NatInstance | undefined,
  routeTableIds: pulumi.Output<string>[],
  parent: pulumi.Resource,
): pulumi.Output<string>[] {
  if (settings === undefined || natInstance === undefined) return [];
  const { id: destinationPrefixListId } = createPrefixList(name, settings, parent);
  const { networkInterfaceId } = natInstance;
  const route = { destinationPrefixListId, networkInterfaceId };
  return routeTableIds.map(
    (routeTableId, zone) => new ec2.Route(`${name}-nat-${zone + 1}`, { routeTableId, ...route }, { parent }).id,
  );
}

const createPrefixList = (name: string, { routes }: NatInstanceSettings, parent: pulumi.Resource) =>
  new ec2.ManagedPrefixList(
    `${name}-nat`,
    {
      addressFamily: "IPv4",
      // A route table's quota counts this number, not the actual entries.
      // https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
      maxEntries: routes.length,
      entries: routes.map((cidr) => ({ cidr })),
    },
    { parent },
  );

/** Defined if forges are reached through the VPC. */
function functionNetwork(
  { stack, settings, forges }: NetworkArgs,
  { vpcId, privateSubnetIds }: Network,
): FunctionNetwork | undefined {
  if (forges.length === 0 || !reachForgesByVpc(settings, stack.account.partition)) return undefined;
  return { vpcId, subnetIds: privateSubnetIds, ports: [443, ...forges.map(portOf)] };
}
