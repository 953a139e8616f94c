import type { Instance } from "../ec2/instance";
import type { Cloud } from "../service";
import type { Range } from "./addresses";
import type { Endpoint } from "./endpoints";
import type { PrefixList, RouteTable } from "./routeTables";
import type { SecurityGroup } from "./securityGroups";

/** An elastic network interface: what a task, a function, an instance, or a load balancer in each of its subnets, is reached by. */
export interface NetworkInterface {
  id: string;
  vpcId: string;
  subnetId: string;
  address: string;
  publicAddress: boolean;
  securityGroups: string[];
  /** Whether it takes and sends only packets that are its own. */
  sourceDestCheck: boolean;
  tags: Record<string, string>;
  /** The instance that it is attached to. */
  instanceId?: string;
}

export interface Vpc {
  id: string;
  range: Range;
  internetGateway: string;
  natGateways: string[];
  /** Both are needed for the private names of endpoints. */
  dnsSupport: boolean;
  dnsHostnames: boolean;
}

export interface Subnet {
  id: string;
  vpcId: string;
  zone: string;
  range: Range;
  /** Where to look for a free address: behind the one given out last. */
  next: number;
  routeTableId: string;
}

/** All that carries packets in an account, by id; interfaces by their private address. */
export interface NetworkState {
  vpcs: Map<string, Vpc>;
  subnets: Map<string, Subnet>;
  routeTables: Map<string, RouteTable>;
  prefixLists: Map<string, PrefixList>;
  groups: Map<string, SecurityGroup>;
  interfaces: Map<string, NetworkInterface>;
  endpoints: Map<string, Endpoint>;
  instances: Map<string, Instance>;
  /** Are told of an instance that ends. */
  watchers: ((instance: Instance) => void)[];
}

const states = new WeakMap<Cloud, NetworkState>();

/** An account has one network, whichever of its services asks for it. */
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
