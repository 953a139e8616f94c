import type { Cloud, Origin } from "../service";
import { addressOf, isAws } from "./hosts";
import type { NetworkInterface } from "./model";
import { type Passage, reach } from "./reach";
import { stateOf } from "./state";

/** A host's actual address; without url, the host does not exist. */
export interface Address {
  kind: "address";
  host: string;
  port: number;
  /** `http://127.0.0.1:port` */
  url?: string;
  /** The host's public address if it is unreachable. */
  unreachable?: string;
}

export interface Connecting {
  /** Its name in events. */
  from: string;
  /** None outside any VPC: everything is then reachable, through AWS's own network. */
  interfaces: NetworkInterface[];
  /** Context keys of requests to AWS. */
  context: Record<string, string>;
  /** Called for each unreachable host, as often as the event. */
  refused?(message: string): void;
}

/** The connections of a function's execution environment, or of a task. */
export interface Connections {
  /** The origin of requests to AWS. */
  readonly origin: Origin;
  /** Reports each host once more from now on. */
  begin(): void;
  resolve(host: string, port: number): Address;
}

/**
 * Connections may use any of several interfaces: a host is reachable only if it is from each, and the path from each is
 * reported.
 */
export function createConnections(cloud: Cloud, connecting: Connecting): Connections {
  const { from, interfaces, context } = connecting;
  const reported = new Set<string>();

  function connects(host: string, port: number): boolean {
    const passages = interfaces.map((it) => reach(cloud, stateOf(cloud), it, host, port));
    const closed = passages.find((it) => !it.open);
    if (!reported.has(`${host}:${port}`) && (closed || !isAws(cloud, host)))
      tell(host, port, closed ? [closed] : passages);
    reported.add(`${host}:${port}`);
    return closed === undefined;
  }

  function tell(host: string, port: number, passages: Passage[]): void {
    const event = { kind: "connection", from, host, port } as const;
    if (passages.length === 0) cloud.tell(event);
    for (const passage of passages) {
      if (passage.open) cloud.tell({ ...event, path: passage.path });
      else {
        cloud.tell({ ...event, reason: passage.reason });
        connecting.refused?.(`no connection to port ${port} of ${host}: ${passage.reason}`);
      }
    }
  }

  return {
    origin: { context, connects: (host) => connects(host, 443) },
    begin: () => reported.clear(),
    resolve(host, port) {
      const url = cloud.addresses.get(host);
      const address: Address = { kind: "address", host, port, url };
      // A name that does not exist does not exist anywhere.
      return url === undefined || connects(host, port) ? address : { ...address, unreachable: addressOf(cloud, host) };
    },
  };
}
