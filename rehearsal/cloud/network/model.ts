import type { Range } from "./addresses";

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

export interface Route {
  /** A range (`0.0.0.0/0`), or a prefix list (`pl-…`). */
  destination: string;
  /** A gateway, a network interface, an endpoint; or the VPC itself. */
  target: string;
}

export interface RouteTable {
  id: string;
  vpcId: string;
  routes: Route[];
}

export interface PrefixList {
  id: string;
  name: string;
  cidrs: string[];
  /** By this it counts against the quota of a route table, whatever it holds. */
  maxEntries: number;
}

/** A way to one of AWS's services that leaves the VPC by no gateway to the internet. */
export interface Endpoint {
  id: string;
  vpcId: string;
  /** `ecr.api` */
  service: string;
  /** Of an interface endpoint, one in each of its subnets; a gateway endpoint is a route. */
  interfaces: NetworkInterface[];
  /** Whether the service's own host names lead to it. */
  privateDns: boolean;
}
