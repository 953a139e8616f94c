import type { CloudEvent } from "../cloud/events";
import { count } from "./table";

type Connection = Extract<CloudEvent, { kind: "connection" }>;

interface Way {
  hosts: Set<string>;
  times: number;
}

/** By which hops functions reached hosts outside of AWS, then what they did not reach and why: each way once. */
export function reachedLines(events: CloudEvent[]): string[] {
  const connections = events.filter((event): event is Connection => event.kind === "connection");
  const reached = waysOf(
    connections.filter(({ reason }) => reason === undefined),
    ({ from, path = ["AWS's own network"] }) => `from ${from}: ${path.join(" → ")}`,
  );
  const refused = waysOf(
    connections.filter(({ reason }) => reason !== undefined),
    ({ from, port, reason }) => `port ${port} not reached from ${from}: ${reason}`,
  );
  return [...reached, ...refused].map(
    ([way, { hosts, times }]) => `${[...hosts].join(", ")} ${way} (${count(times, "time")})`,
  );
}

/** In the order of the first connection. */
function waysOf(connections: Connection[], wayOf: (connection: Connection) => string): [string, Way][] {
  const ways = new Map<string, Way>();
  for (const connection of connections) {
    const way = wayOf(connection);
    const { hosts, times } = ways.get(way) ?? { hosts: new Set<string>(), times: 0 };
    ways.set(way, { hosts: hosts.add(connection.host), times: times + 1 });
  }
  return [...ways];
}
