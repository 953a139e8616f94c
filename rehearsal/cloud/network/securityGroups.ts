import { holds } from "./addresses";

/** One rule of a security group; its direction determines which side `cidrs` and `groups` are. */
export interface Rule {
  direction: "ingress" | "egress";
  /** `tcp`, or `-1` for all protocols and ports. */
  protocol: string;
  fromPort: number;
  toPort: number;
  cidrs: string[];
  groups: string[];
}

export interface SecurityGroup {
  id: string;
  name: string;
  vpcId: string;
  rules: Rule[];
}

/** The other side of a connection: an interface of the VPC, or an internet host. */
export type Peer = { address: string; securityGroups: string[] } | "internet";

/** Whether any rule of the groups allows TCP on the port, to or from the peer. */
export function admits(groups: SecurityGroup[], direction: Rule["direction"], port: number, peer: Peer): boolean {
  return groups.some((group) =>
    group.rules.some(
      (rule) => rule.direction === direction && coversPort(rule, port) && coversPeer(rule, peer, direction),
    ),
  );
}

function coversPort({ protocol, fromPort, toPort }: Rule, port: number): boolean {
  if (protocol === "-1" || protocol === "all") return true;
  return (protocol === "tcp" || protocol === "6") && fromPort <= port && port <= toPort;
}

function coversPeer({ cidrs, groups }: Rule, peer: Peer, direction: Rule["direction"]): boolean {
  // The rehearsal cannot know an outside caller's address: any range is assumed to admit its intended callers. Outside
  // hosts may be anywhere.
  if (peer === "internet") return direction === "ingress" ? cidrs.length > 0 : cidrs.includes("0.0.0.0/0");
  return peer.securityGroups.some((group) => groups.includes(group)) || holds(cidrs, peer.address);
}
