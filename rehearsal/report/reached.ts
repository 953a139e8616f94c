import type { CloudEvent } from "../cloud/events";
import { count } from "./table";

type Connection = Extract<CloudEvent, { kind: "connection" }>;

/** A function's connections by one path. */
interface Use {
  hosts: Set<string>;
  times: number;
}

/** The hops by which functions reached hosts outside AWS, then the hosts not reached and why: each path once. */
export function reachedLines(events: CloudEvent[]): string[] {
  const connections = events.filter((event): event is Connection => event.kind === "connection");
  const [reached, refused] = [true, false].map((open) =>
    connections.filter(({ reason }) => (reason === undefined) === open),
  );
  return [
    ...linesOf(reached, ({ path = ["AWS's own network"] }) => path.join(" → ")),
    ...linesOf(refused, ({ port, reason }) => `NOT REACHED on port ${port}: ${reason}`),
  ];
}

/** In the order of the first connection. */
function linesOf(connections: Connection[] = [], wayOf: (connection: Connection) => string): string[] {
  const ways = new Map<string, Map<string, Use>>();
  for (const connection of connections) {
    const { from, host } = connection;
    const uses = ways.get(wayOf(connection)) ?? new Map<string, Use>();
    const { hosts, times } = uses.get(from) ?? { hosts: new Set<string>(), times: 0 };
    ways.set(wayOf(connection), uses.set(from, { hosts: hosts.add(host), times: times + 1 }));
  }
  return [...ways].map(([way, uses]) => `${[...uses].map(useLine).join("; ")}: ${way}`);
}

const useLine = ([from, { hosts, times }]: [string, Use]): string =>
  `${[...hosts].join(", ")} from ${from} (${count(times, "time")})`;
