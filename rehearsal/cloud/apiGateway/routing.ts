export interface RouteMatch {
  routeKey: string;
  /** Absent where the route has none. */
  pathParameters?: Record<string, string>;
}

const DEFAULT_ROUTE = "$default";
const PARAMETER = /^\{([\w.-]+)\}$/;
/** Takes the rest of the path, one segment at least. */
const GREEDY = /^\{([\w.-]+)\+\}$/;

/** Whether a route key is one that `matchRoute` reads. A greedy parameter, `{proxy+}`, can only be the last segment. */
export const isRouteKey = (routeKey: string): boolean =>
  routeKey === DEFAULT_ROUTE ||
  /^(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\/([^{}/]*|\{[\w.-]+\}))*(\/\{[\w.-]+\+\})?$/.test(routeKey);

/** A route key without its parameters' names: two routes of the same shape take the same requests. */
export const shapeOf = (routeKey: string): string => routeKey.replace(/\{[^}+]*(\+?)\}/g, "{$1}");

/**
 * The most specific route for a request: a segment as it is written before a parameter, the method before ANY, any of these
 * before a route with a greedy parameter, and $default where nothing else matches ("Routing API requests" in the developer guide).
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

/** A path's segments, the last of `count` with the rest of the path. */
function withRest(requested: string[], count: number): string[] {
  const rest = requested.slice(count - 1);
  return rest.length === 0 ? requested : [...requested.slice(0, count - 1), rest.join("/")];
}

/** The values of a route's parameters in a path; undefined where the path is another. */
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
