export interface RouteMatch {
  routeKey: string;
  /** Absent where the route has none. */
  pathParameters?: Record<string, string>;
}

const DEFAULT_ROUTE = "$default";
const PARAMETER = /^\{([\w.-]+)\}$/;

/** Whether a route key is one that `matchRoute` reads: greedy parameters, `{proxy+}`, are not. */
export const isRouteKey = (routeKey: string): boolean =>
  routeKey === DEFAULT_ROUTE ||
  /^(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\/([^{}/]*|\{[\w.-]+\}))+$/.test(routeKey);

/** A route key without its parameters' names: two routes of the same shape take the same requests. */
export const shapeOf = (routeKey: string): string => routeKey.replace(/\{[^}]*\}/g, "{}");

/**
 * The most specific route for a request: a segment as it is written before a parameter, the method before ANY, and
 * $default where nothing else matches ("Routing API requests" in the developer guide).
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
    const pathParameters = segments.length === requested.length ? parametersOf(segments, requested) : undefined;
    if (pathParameters === undefined || (routeMethod !== "ANY" && routeMethod !== method)) continue;
    const specificity = segments.map((it) => (PARAMETER.test(it) ? "b" : "a")).join("");
    const match = Object.keys(pathParameters).length === 0 ? { routeKey } : { routeKey, pathParameters };
    matches.push({ match, rank: `${specificity}${routeMethod === "ANY" ? "b" : "a"}` });
  }
  return matches.sort((a, b) => (a.rank < b.rank ? -1 : 1))[0]?.match;
}

/** The values of a route's parameters in a path; undefined where the path is another. */
function parametersOf(segments: string[], requested: string[]): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const value = decoded(requested[index] ?? "");
    const parameter = PARAMETER.exec(segment)?.[1];
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
