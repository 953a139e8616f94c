import type { ManagedPrefixListArgs } from "@pulumi/aws/ec2/managedPrefixList";
import type { RouteArgs } from "@pulumi/aws/ec2/route";
import type { Unwrap } from "@pulumi/pulumi";
import { inputsOf } from "../declared";
import { awsError, type Cloud, type Created, type Declaration, type Service } from "../service";
import { formatRange, holds, parseRange } from "./addresses";
import type { Route, RouteTable } from "./model";
import { interfaceOf, type NetworkState, stateOf } from "./state";

export const LOCAL = "local";

// "Amazon VPC quotas": entries of a managed prefix list.
const MOST_ENTRIES = 1000;

/** The route for an address: the one with the longest prefix. */
export function routeTo(
  { prefixLists }: NetworkState,
  { id, routes }: RouteTable,
  address: string,
): { target: string; text: string } | undefined {
  const candidates = routes.flatMap(({ destination, target }) => {
    const list = prefixLists.get(destination);
    return (list?.cidrs ?? [destination])
      .filter((cidr) => holds([cidr], address))
      .map((cidr) => ({
        prefix: parseRange(cidr).prefix,
        target,
        text: list === undefined ? `${cidr} in ${id}` : `${cidr} of ${list.id} in ${id}`,
      }));
  });
  return candidates.reduce<(typeof candidates)[number] | undefined>(
    (best, it) => (best === undefined || it.prefix > best.prefix ? it : best),
    undefined,
  );
}

/**
 * Adds a route to a table.
 * @param quota maximum routes per table
 * @throws AwsError RouteAlreadyExists, RouteLimitExceeded
 */
export function addRoute({ prefixLists }: NetworkState, table: RouteTable, route: Route, quota: number): void {
  if (table.routes.some((it) => it.destination === route.destination))
    throw awsError("RouteAlreadyExists", `The route identified by ${route.destination} already exists.`);
  const weight = ({ destination }: Route) => prefixLists.get(destination)?.maxEntries ?? 1;
  const routes = [...table.routes, route].reduce((sum, it) => sum + weight(it), 0);
  if (routes > quota)
    throw awsError(
      "RouteLimitExceeded",
      `The maximum number of routes has been reached: ${table.id} would have ${routes} with ${route.destination}, which counts as ${weight(route)}, of at most ${quota}.`,
    );
  table.routes.push(route);
}

/** Declared routes and prefix lists. */
export function createRouteTables(cloud: Cloud, quota: number): Pick<Service, "resources"> {
  const state = stateOf(cloud);

  function createRoute(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<RouteArgs>>(declaration, [
      "routeTableId",
      "destinationCidrBlock",
      "destinationPrefixListId",
      "networkInterfaceId",
      "natGatewayId",
      "gatewayId",
      "region",
    ]);
    const table = state.routeTables.get(args.routeTableId);
    if (table === undefined)
      throw awsError("InvalidRouteTableID.NotFound", `The routeTable ID '${args.routeTableId}' does not exist`);
    const destination = only(declaration, "destination", [args.destinationCidrBlock, args.destinationPrefixListId]);
    const target = only(declaration, "target", [args.networkInterfaceId, args.natGatewayId, args.gatewayId]);
    checkDestination(destination);
    checkTarget(table, target);
    addRoute(state, table, { destination, target }, quota);
    return { id: `r-${table.id}${destination}`, outputs: { origin: "CreateRoute", state: "active" } };
  }

  function checkDestination(destination: string): void {
    if (destination.startsWith("pl-")) {
      if (!state.prefixLists.has(destination))
        throw awsError("InvalidPrefixListID.NotFound", `The prefix list ID '${destination}' does not exist`);
    } else checkRange("destinationCidrBlock", destination);
  }

  function checkTarget({ vpcId }: RouteTable, target: string): void {
    const vpc = state.vpcs.get(vpcId);
    const known = [vpc?.internetGateway, ...(vpc?.natGateways ?? [])].includes(target);
    if (known || interfaceOf(state, target)?.vpcId === vpcId) return;
    const { code, what } = TARGETS.find(({ prefix }) => target.startsWith(prefix)) ?? GATEWAY;
    throw awsError(code, `The ${what} ID '${target}' does not exist in ${vpcId}`);
  }

  function createPrefixList(declaration: Declaration): Created {
    const args = inputsOf<Unwrap<ManagedPrefixListArgs>>(declaration, [
      "name",
      "addressFamily",
      "entries",
      "maxEntries",
      "tags",
      "region",
    ]);
    if (args.addressFamily !== "IPv4")
      throw new Error(`${declaration.name}: addressFamily ${args.addressFamily} is not simulated: use IPv4.`);
    const cidrs = (args.entries ?? []).map((it) => it.cidr);
    for (const cidr of cidrs) checkRange("cidr", cidr);
    const twice = cidrs.find((cidr, at) => cidrs.indexOf(cidr) !== at);
    if (twice !== undefined)
      throw awsError("InvalidRequest", `The request contains the duplicate prefix list entry ${twice}.`);
    if (args.maxEntries < Math.max(1, cidrs.length) || args.maxEntries > MOST_ENTRIES)
      throw awsError(
        "InvalidParameterValue",
        `maxEntries ${args.maxEntries} must be from ${Math.max(1, cidrs.length)}, the number of entries, to ${MOST_ENTRIES}.`,
      );
    const id = `pl-${cloud.id(17)}`;
    const name = cloud.physicalName(declaration, args.name);
    state.prefixLists.set(id, { id, name, cidrs, maxEntries: args.maxEntries });
    return { id, outputs: { arn: cloud.arn("ec2", `prefix-list/${id}`), name, ownerId: cloud.accountId, version: 1 } };
  }

  return {
    resources: {
      "aws:ec2/route:Route": createRoute,
      "aws:ec2/managedPrefixList:ManagedPrefixList": createPrefixList,
    },
  };
}

const GATEWAY = { prefix: "", code: "InvalidGatewayID.NotFound", what: "gateway" };

const TARGETS = [
  { prefix: "eni-", code: "InvalidNetworkInterfaceID.NotFound", what: "networkInterface" },
  { prefix: "nat-", code: "InvalidNatGatewayID.NotFound", what: "natGateway" },
  { prefix: "igw-", code: "InvalidInternetGatewayID.NotFound", what: "internetGateway" },
];

function only(declaration: Declaration, what: string, values: (string | undefined)[]): string {
  const [value, other] = values.filter((it) => it !== undefined);
  if (value === undefined || other !== undefined)
    throw awsError("InvalidParameterCombination", `${declaration.name}: a route takes exactly one ${what}.`);
  return value;
}

/** @throws AwsError if the range is invalid, or its address has bits beyond its prefix */
function checkRange(field: string, cidr: string): void {
  const { base, prefix } = parseRange(cidr);
  const valid = /^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/.test(cidr) && prefix <= 32 && base % 2 ** (32 - prefix) === 0;
  if (!valid || formatRange({ base, prefix }) !== cidr)
    throw awsError(
      "InvalidParameterValue",
      `Value (${cidr}) for parameter ${field} is invalid. This is not a valid CIDR block.`,
    );
}
