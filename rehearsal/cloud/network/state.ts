import type { Instance } from "../ec2/instance";
import type { Cloud } from "../service";
import type { Endpoint, NetworkInterface, PrefixList, RouteTable, Subnet, Vpc } from "./model";
import type { SecurityGroup } from "./securityGroups";

/** An account's network components, by id; interfaces by private address. */
export interface NetworkState {
  vpcs: Map<string, Vpc>;
  subnets: Map<string, Subnet>;
  routeTables: Map<string, RouteTable>;
  prefixLists: Map<string, PrefixList>;
  groups: Map<string, SecurityGroup>;
  interfaces: Map<string, NetworkInterface>;
  endpoints: Map<string, Endpoint>;
  instances: Map<string, Instance>;
  /** Called when an instance ends. */
  watchers: ((instance: Instance) => void)[];
}

const states = new WeakMap<Cloud, NetworkState>();

/** An account has one network, shared by all its services. */
export function stateOf(cloud: Cloud): NetworkState {
  const existing = states.get(cloud);
  if (existing !== undefined) return existing;
  const state: NetworkState = {
    vpcs: new Map(),
    subnets: new Map(),
    routeTables: new Map(),
    prefixLists: new Map(),
    groups: new Map(),
    interfaces: new Map(),
    endpoints: new Map(),
    instances: new Map(),
    watchers: [],
  };
  states.set(cloud, state);
  return state;
}

export const interfaceOf = ({ interfaces }: NetworkState, id: string): NetworkInterface | undefined =>
  [...interfaces.values()].find((it) => it.id === id);
