import type { Cloud, Origin } from "../service";
import { addressOf, isAws } from "./hosts";
import type { NetworkInterface } from "./model";
import { type Passage, reach } from "./reach";
import { stateOf } from "./state";

/** Where a host answers; no url: there is no such host. */
export interface Address {
  kind: "address";
  host: string;
  port: number;
  /** `http://127.0.0.1:port` */
  url?: string;
  /** The host's public address, to which there is no way. */
  unreachable?: string;
}

export interface Connecting {
  /** As events name it. */
  from: string;
  /** None outside of any VPC: from there everything is within reach, by AWS's own network. */
  interfaces: NetworkInterface[];
  /** Context keys of what is asked of AWS. */
  context: Record<string, string>;
  /** Told of each host, as often as the event, to which there is no way. */
  refused?(message: string): void;
}

/** The connections of a function's execution environment, or of a task. */
export interface Connections {
  /** Of what it asks of AWS. */
  readonly origin: Origin;
  /** From now on each host is told once more. */
  begin(): void;
  resolve(host: string, port: number): Address;
}

/**
 * Whoever has several interfaces may use any of them: a host is within reach where it is so from each, and the way from
 * each is told.
 */
export function createConnections(cloud: Cloud, connecting: Connecting): Connections {
  const { from, interfaces, context } = connecting;
  const told = new Set<string>();

  function connects(host: string, port: number): boolean {
    const passages = interfaces.map((it) => reach(cloud, stateOf(cloud), it, host, port));
    const closed = passages.find((it) => !it.open);
    if (!told.has(`${host}:${port}`) && (closed || !isAws(cloud, host))) tell(host, port, closed ? [closed] : passages);
    told.add(`${host}:${port}`);
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
    begin: () => told.clear(),
    resolve(host, port) {
      const url = cloud.addresses.get(host);
      const address: Address = { kind: "address", host, port, url };
      // A name that does not exist does not exist anywhere.
      return url === undefined || connects(host, port) ? address : { ...address, unreachable: addressOf(cloud, host) };
    },
  };
}
