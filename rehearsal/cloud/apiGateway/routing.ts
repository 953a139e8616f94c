export interface RouteMatch {
  routeKey: string;
  /** Absent if the route has none. */
  pathParameters?: Record<string, string>;
}

const DEFAULT_ROUTE = "$default";
const PARAMETER = /^\{([\w.-]+)\}$/;
/** Matches the rest of the path, at least one segment. */
const GREEDY = /^\{([\w.-]+)\+\}$/;

/** Whether `matchRoute` understands a route key. A greedy parameter, `{proxy+}`, can only be the last segment. */
export const isRouteKey = (routeKey: string): boolean =>
  routeKey === DEFAULT_ROUTE ||
  /^(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\/([^{}/]*|\{[\w.-]+\}))*(\/\{[\w.-]+\+\})?$/.test(routeKey);

/** A route key without its parameter names: two routes of the same shape match the same requests. */
export const shapeOf = (routeKey: string): string => routeKey.replace(/\{[^}+]*(\+?)\}/g, "{$1}");

/**
 * The most specific route for a request. A literal segment precedes a parameter, a method precedes ANY, all of these
 * precede a greedy parameter, and $default comes last ("Routing API requests" in the developer guide).
 * @param path as in the request line, without the query
 */
export function matchRoute(routeKeys: Iterable<string>, method: string, path: string): RouteMatch | undefined {
  const requested = path.split("/");
  const matches: { match: RouteMatch; rank: string }[] = [];
  for (const routeKey of routeKeys) {
    if (routeKey === DEFAULT_ROUTE) {
      matches.push({ match: { routeKey }, rank: "z" });
      continue;
    }
    const [routeMethod, routePath = ""] = routeKey.split(" ");
    const segments = routePath.split("/");
    const isGreedy = GREEDY.test(segments.at(-1) ?? "");
    const given = isGreedy ? withRest(requested, segments.length) : requested;
    const pathParameters = segments.length === given.length ? parametersOf(segments, given) : undefined;
    if (pathParameters === undefined || (routeMethod !== "ANY" && routeMethod !== method)) continue;
    const specificity = segments.map((it) => (PARAMETER.test(it) ? "b" : "a")).join("");
    const match = Object.keys(pathParameters).length === 0 ? { routeKey } : { routeKey, pathParameters };
    matches.push({ match, rank: `${isGreedy ? "b" : "a"}${specificity}${routeMethod === "ANY" ? "b" : "a"}` });
  }
  return matches.sort((a, b) => (a.rank < b.rank ? -1 : 1))[0]?.match;
}

/** A path's segments; the last of `count` holds the rest of the path. */
function withRest(requested: string[], count: number): string[] {
  const rest = requested.slice(count - 1);
  return rest.length === 0 ? requested : [...requested.slice(0, count - 1), rest.join("/")];
}

/** The values of a route's parameters in a path; undefined if the path does not match. */
function parametersOf(segments: string[], requested: string[]): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const value = decoded(requested[index] ?? "");
    const parameter = (PARAMETER.exec(segment) ?? GREEDY.exec(segment))?.[1];
    if (parameter === undefined ? segment !== requested[index] : value === undefined || value === "") return undefined;
    if (parameter !== undefined && value !== undefined) found[parameter] = value;
  }
  return found;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
