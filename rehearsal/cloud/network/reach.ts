import type { Cloud } from "../service";
import { answersTo } from "./endpoints";
import { addressOf } from "./hosts";
import type { Endpoint, NetworkInterface } from "./model";
import { LOCAL, routeTo } from "./routeTables";
import { admits, type Peer, type SecurityGroup } from "./securityGroups";
import { interfaceOf, type NetworkState } from "./state";

/** Whether a connection succeeds: its hops, or what blocks it. */
export type Passage = { open: true; path: string[] } | { open: false; reason: string };

const closed = (reason: string): Passage => ({ open: false, reason });

interface Destination {
  host: string;
  address: string;
  port: number;
}

const textOf = ({ host, address }: Destination) => (host === address ? host : `${host} (${address})`);

const groupsOf = ({ groups }: NetworkState, { securityGroups }: NetworkInterface): SecurityGroup[] =>
  securityGroups.flatMap((id) => groups.get(id) ?? []);

const named = (state: NetworkState, it: NetworkInterface): string =>
  groupsOf(state, it)
    .map((group) => `${group.name} (${group.id})`)
    .join(", ") || "no security group";

const place = ({ subnets }: NetworkState, { subnetId }: NetworkInterface): string =>
  `${subnetId} (${subnets.get(subnetId)?.zone})`;

/** Callers without an interface: on the internet, or in a network connected to the VPC by VPN or peering. */
export type Outsider = "internet" | "connected network";

/** A TCP connection to an interface, from an interface of a VPC, the internet, or a network connected to the VPC. */
export function between(
  state: NetworkState,
  from: NetworkInterface | Outsider,
  to: NetworkInterface,
  port: number,
): Passage {
  if (from === "internet") {
    const route = tableOf(state, to)?.routes.find((it) => it.destination === "0.0.0.0/0")?.target;
    if (!to.publicAddress || !route?.startsWith("igw-"))
      return closed(`${to.subnetId} has no route from the internet to ${to.address}`);
    if (!admits(groupsOf(state, to), "ingress", port, "internet"))
      return closed(`the security groups ${named(state, to)} let nobody outside connect to port ${port}`);
    return { open: true, path: [route, to.id] };
  }
  if (from === "connected network")
    return admits(groupsOf(state, to), "ingress", port, "internet")
      ? { open: true, path: [from, to.id] }
      : closed(`the security groups ${named(state, to)} let nobody outside connect to port ${port}`);
  if (!admits(groupsOf(state, from), "egress", port, to))
    return closed(`the egress rules of ${named(state, from)} do not reach port ${port} of ${named(state, to)}`);
  if (!admits(groupsOf(state, to), "ingress", port, from))
    return closed(`the ingress rules of ${named(state, to)} do not let ${named(state, from)} connect to port ${port}`);
  return { open: true, path: [from.id, to.id] };
}

/**
 * A TCP connection from an interface to a host name: through an interface endpoint for that name, otherwise by the
 * route with the longest prefix.
 */
export function reach(cloud: Cloud, state: NetworkState, from: NetworkInterface, host: string, port: number): Passage {
  const endpoint = [...state.endpoints.values()].find(
    (it) => it.vpcId === from.vpcId && it.privateDns && answersTo(it, cloud, host),
  );
  if (endpoint !== undefined) return throughEndpoint(state, from, endpoint, port);
  const to: Destination = { host, address: addressOf(cloud, host), port };
  if (!admits(groupsOf(state, from), "egress", port, external(to)))
    return closed(`the egress rules of ${named(state, from)} do not reach port ${port} of ${textOf(to)}`);
  const route = routeOf(state, from, to);
  if (route === undefined) return closed(noRoute(state, from, to));
  const path = [place(state, from), route.text];
  const hop = hopBy(state, from, route.target, route.text, to);
  return hop.open ? { open: true, path: [...path, ...hop.path] } : hop;
}

const external = ({ address }: Destination): Peer => ({ address, securityGroups: [] });

const tableOf = ({ subnets, routeTables }: NetworkState, { subnetId }: NetworkInterface) =>
  routeTables.get(subnets.get(subnetId)?.routeTableId ?? "");

function routeOf(state: NetworkState, from: NetworkInterface, { address }: Destination) {
  const table = tableOf(state, from);
  return table === undefined ? undefined : routeTo(state, table, address);
}

function noRoute(state: NetworkState, from: NetworkInterface, to: Destination): string {
  const destinations = tableOf(state, from)?.routes.map((it) => it.destination) ?? [];
  return `${place(state, from)} has no route to ${textOf(to)}: ${tableOf(state, from)?.id} has only ${destinations.join(", ")}`;
}

function throughEndpoint(state: NetworkState, from: NetworkInterface, endpoint: Endpoint, port: number): Passage {
  const zone = state.subnets.get(from.subnetId)?.zone;
  const { interfaces, id } = endpoint;
  const to = interfaces.find((it) => state.subnets.get(it.subnetId)?.zone === zone) ?? interfaces[0];
  if (to === undefined) return closed(`the endpoint ${id} of ${endpoint.service} is in no subnet`);
  const passage = between(state, from, to, port);
  return passage.open
    ? { open: true, path: [place(state, from), id] }
    : closed(`${passage.reason} of the endpoint ${id} of ${endpoint.service}`);
}

function hopBy(state: NetworkState, from: NetworkInterface, target: string, route: string, to: Destination): Passage {
  if (target === LOCAL) {
    const neighbour = state.interfaces.get(to.address);
    return neighbour === undefined
      ? closed(`nothing in ${from.vpcId} has the address ${to.address}`)
      : between(state, from, neighbour, to.port);
  }
  if (target.startsWith("eni-")) return throughInstance(state, from, target, route, to);
  // An internet gateway only translates public addresses; a NAT gateway has its own.
  if (target.startsWith("igw-") && !from.publicAddress)
    return closed(
      `${place(state, from)} routes ${textOf(to)} to ${target}, and ${from.address} has no public address: set assignPublicIp`,
    );
  return { open: true, path: [target] };
}

/** Through an instance that forwards packets under its own public address. */
function throughInstance(
  state: NetworkState,
  from: NetworkInterface,
  target: string,
  route: string,
  to: Destination,
): Passage {
  const hop = interfaceOf(state, target);
  const instance = state.instances.get(hop?.instanceId ?? "");
  if (hop === undefined || instance === undefined)
    return closed(`the route ${route} to ${textOf(to)} is a blackhole: ${target} is attached to no instance`);
  const { id, state: status } = instance;
  const name = `NAT instance ${id} by ${target}`;
  if (status !== "running") return closed(`the route ${route} to ${textOf(to)} is a blackhole: ${name} is ${status}`);
  if (hop.sourceDestCheck)
    return closed(
      `${name} drops packets to ${textOf(to)}: its source/destination check is on, set sourceDestCheck false`,
    );
  if (!admits(groupsOf(state, hop), "ingress", to.port, from))
    return closed(
      `the ingress rules of ${named(state, hop)} do not let ${from.address} connect to port ${to.port} through the ${name}`,
    );
  if (!admits(groupsOf(state, hop), "egress", to.port, external(to)))
    return closed(
      `the egress rules of ${named(state, hop)} do not let the ${name} connect to port ${to.port} of ${textOf(to)}`,
    );
  const exit = routeOf(state, hop, to);
  if (!exit?.target.startsWith("igw-"))
    return closed(`${place(state, hop)}, where the ${name} is, has no route to an internet gateway for ${textOf(to)}`);
  if (!hop.publicAddress) return closed(`the ${name} has no public address: associate an elastic one`);
  return { open: true, path: [name, exit.target] };
}
