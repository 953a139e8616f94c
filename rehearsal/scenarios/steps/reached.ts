import type { CloudEvent } from "../../cloud/events";
import { expectMatches, expectSame, type Step } from "../scenario";
import type { ScenarioContext } from "../scenarioContext";

export type Connection = Extract<CloudEvent, { kind: "connection" }>;

const isGitHub = (host: string): boolean => /(^|\.)github\.com$/.test(host);

const isConnection = (event: CloudEvent): event is Connection => event.kind === "connection" && isGitHub(event.host);

/** Connections of functions and tasks to GitHub since the mark, successful or not. */
export const connectionsToGitHub = (context: ScenarioContext): Connection[] => context.since().filter(isConnection);

/** The purpose in a function's name, `slipway-fetch-function-1234567` → `fetch`; a task family unchanged. */
const roleOf = (name: string): string => /(?:^|-)(fetch|poll)-/.exec(name)?.[1] ?? name;

const nameOf = ({ from, host }: Connection): string => `${roleOf(from)} ${host}`;

/** The connections since the mark. A warm function may still use an earlier one, which it made before the push. */
function usedConnections(context: ScenarioContext, expected: string[]): Connection[] {
  const made = connectionsToGitHub(context);
  const names = new Set(made.map(nameOf));
  const earlier = context.account.events.slice(0, context.mark).filter(isConnection);
  const kept = expected.flatMap((name) =>
    names.has(name) ? [] : (earlier.findLast((it) => nameOf(it) === name) ?? []),
  );
  return [...kept, ...made];
}

/** Format of a hop in a path. */
export const natInstance = /^NAT instance i-[0-9a-f]+ by eni-[0-9a-f]+$/;

/** Which routes lead there. */
export type Route = "selected" | "all";
const routes: Record<Route, RegExp> = {
  selected: /^20\.205\.243\.160\/28 of pl-[0-9a-f]+ in rtb-[0-9a-f]+$/,
  all: /^0\.0\.0\.0\/1 of pl-[0-9a-f]+ in rtb-[0-9a-f]+$/,
};

/**
 * Since the last push, GitHub was reached only through the NAT instance.
 * @param from the connections, `fetch github.com`, in alphabetical order
 * @param others connections to ignore, which may happen meanwhile
 */
export const reachedByInstance = (route: Route, from: string[], others?: RegExp): Step => ({
  title: "GitHub was reached only through the NAT instance",
  async run(context) {
    const connections = usedConnections(context, from).filter((it) => !others?.test(it.from));
    expectSame("who reached what", [...new Set(connections.map(nameOf))].sort(), from);
    for (const { from: name, host, path = ["AWS's own network"], reason } of connections) {
      const who = `${roleOf(name)} to ${host}`;
      expectSame(`${who}: the reason that it was not reached`, reason, undefined);
      const [subnet = "", by = "", hop = "", exit = "", ...rest] = path;
      expectMatches(`${who}: the subnet`, subnet, /^subnet-[0-9a-f]+ \([a-z0-9-]+\)$/);
      expectMatches(`${who} from ${subnet}: the route`, by, routes[route]);
      expectMatches(`${who} from ${subnet}: the hop`, hop, natInstance);
      expectMatches(`${who} from ${subnet}: the way out`, exit, /^igw-[0-9a-f]+$/);
      expectSame(`${who} from ${subnet}: what comes then`, rest, []);
    }
    const paths = connections.map(({ path = [] }) => path);
    const [subnets, hops] = [paths.map(([it]) => it), paths.map(([, , ...it]) => it.join(" → "))];
    return `from ${[...new Set(subnets)].join(" and ")} by ${[...new Set(hops)].join(" and ")}`;
  },
});
