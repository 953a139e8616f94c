import type { Range } from "./addresses";

/** An elastic network interface: of a task, function or instance, or of a load balancer in one of its subnets. */
export interface NetworkInterface {
  id: string;
  vpcId: string;
  subnetId: string;
  address: string;
  publicAddress: boolean;
  securityGroups: string[];
  /** Whether it only receives and sends its own packets. */
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
  /** Private names of endpoints need both. */
  dnsSupport: boolean;
  dnsHostnames: boolean;
}

export interface Subnet {
  id: string;
  vpcId: string;
  zone: string;
  range: Range;
  /** Where to search for a free address: after the last one assigned. */
  next: number;
  routeTableId: string;
}

export interface Route {
  /** A range (`0.0.0.0/0`), or a prefix list (`pl-…`). */
  destination: string;
  /** A gateway, network interface or endpoint, or the VPC itself. */
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
  /** Counts towards a route table's quota, whatever the number of entries. */
  maxEntries: number;
}

/** A path to an AWS service that needs no internet gateway. */
export interface Endpoint {
  id: string;
  vpcId: string;
  /** `ecr.api` */
  service: string;
  /** One in each subnet of an interface endpoint; a gateway endpoint is a route. */
  interfaces: NetworkInterface[];
  /** Whether the service's own host names resolve to it. */
  privateDns: boolean;
}
