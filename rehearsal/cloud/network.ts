import { createInstances } from "./ec2";
import { createSecurityGroups } from "./network/declareSecurityGroups";
import { createEndpoints } from "./network/endpoints";
import { type Attachment, createInterface, createInterfaces, usableIn } from "./network/interfaces";
import type { NetworkInterface } from "./network/model";
import { between, type Outsider, type Passage, reach } from "./network/reach";
import { createRouteTables } from "./network/routeTables";
import { stateOf } from "./network/state";
import { createVpcs } from "./network/vpc";
import { createQueryProtocol } from "./queryProtocol";
import type { Cloud, Service } from "./service";

export type { Attachment } from "./network/interfaces";
export type { NetworkInterface } from "./network/model";
export type { Passage } from "./network/reach";

/** The account's network. It is not an API: services attach interfaces, and ask whether traffic passes. */
export interface Network {
  /** @throws AwsError for a subnet or security group that does not exist, or a subnet without a free address */
  attach(attachment: Attachment): NetworkInterface;
  detach(networkInterface: NetworkInterface): void;
  /** The first of these subnets or security groups that does not exist. */
  missing(kind: "subnet" | "security group", ids: string[]): string | undefined;
  /** Whether the subnet has a free address if this many others are taken. */
  hasRoom(subnetId: string, taken: number): boolean;
  interfaceAt(address: string): NetworkInterface | undefined;
  /** A TCP connection to an interface, from another interface of the VPC or from outside. */
  between(from: NetworkInterface | Outsider, to: NetworkInterface, port: number): Passage;
  /** A TCP connection from an interface to a host name, wherever the host is. */
  reach(from: NetworkInterface, host: string, port: number): Passage;
}

export function networkOf(cloud: Cloud): Network {
  const state = stateOf(cloud);
  const { subnets, groups, interfaces } = state;

  function hasRoom(subnetId: string, taken: number): boolean {
    const subnet = subnets.get(subnetId);
    const used = [...interfaces.values()].filter((it) => it.subnetId === subnetId).length;
    return subnet !== undefined && used + taken < usableIn(subnet);
  }

  return {
    attach: (attachment) => createInterface(cloud, state, attachment),
    detach: ({ address }) => interfaces.delete(address),
    missing: (kind, ids) => ids.find((id) => !(kind === "subnet" ? subnets : groups).has(id)),
    hasRoom,
    interfaceAt: (address) => interfaces.get(address),
    between: (from, to, port) => between(state, from, to, port),
    reach: (from, host, port) => reach(cloud, state, from, host, port),
  };
}

/** Amazon EC2: virtual private clouds with their network components, and instances. */
export function createNetwork(cloud: Cloud): Service {
  const quota = cloud.routesPerTable;
  const { resources: vpcs, invokes } = createVpcs(cloud);
  const instances = createInstances(cloud);
  return {
    name: "ec2",
    resources: {
      ...vpcs,
      ...createSecurityGroups(cloud).resources,
      ...createRouteTables(cloud, quota).resources,
      ...createInterfaces(cloud).resources,
      ...createEndpoints(cloud, quota).resources,
      ...instances.resources,
    },
    operations: instances.operations,
    protocol: createQueryProtocol({
      client: () => require("@aws-sdk/client-ec2"),
      dialect: "ec2",
      namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
      codes: { AccessDeniedException: "UnauthorizedOperation" },
    }),
    invokes,
    start: instances.start,
  };
}
