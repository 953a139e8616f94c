import { networkOf } from "../network";
import { addressOf, isAws } from "../network/hosts";
import type { Passage } from "../network/reach";
import type { Cloud, Origin } from "../service";
import type { FunctionConfiguration } from "./configuration";
import type { FunctionLog } from "./functionLog";
import type { Address } from "./messages";

/** The connections of an execution environment. */
export interface Connections {
  /** Of what the function asks of AWS. */
  readonly origin: Origin;
  /** An invocation begins: what it connects to is told once. */
  begin(): void;
  resolve(host: string, port: number): Address;
}

/**
 * Lambda picks the subnet of an execution environment: a host is within reach where it is so from each of them, and the
 * way from each is told. A function outside of any VPC reaches everything, by AWS's own network.
 */
export function createConnections(
  cloud: Cloud,
  { name, arn, interfaces }: FunctionConfiguration,
  log: FunctionLog,
): Connections {
  const told = new Set<string>();

  function connects(host: string, port: number): boolean {
    const passages = interfaces.map((it) => networkOf(cloud).reach(it, host, port));
    const closed = passages.find((it) => !it.open);
    if (!told.has(`${host}:${port}`) && (closed || !isAws(cloud, host))) tell(host, port, closed ? [closed] : passages);
    told.add(`${host}:${port}`);
    return closed === undefined;
  }

  function tell(host: string, port: number, passages: Passage[]): void {
    const event = { kind: "connection", from: name, host, port } as const;
    if (passages.length === 0) cloud.tell(event);
    for (const passage of passages) {
      if (passage.open) cloud.tell({ ...event, path: passage.path });
      else {
        cloud.tell({ ...event, reason: passage.reason });
        log.write(`PROBLEM: no connection to port ${port} of ${host}: ${passage.reason}`);
      }
    }
  }

  return {
    origin: { context: { "lambda:SourceFunctionArn": arn }, connects: (host) => connects(host, 443) },
    begin: () => told.clear(),
    resolve(host, port) {
      const url = cloud.addresses.get(host);
      const address: Address = { kind: "address", host, port, url };
      // A name that does not exist does not exist anywhere.
      return url === undefined || connects(host, port) ? address : { ...address, unreachable: addressOf(cloud, host) };
    },
  };
}
