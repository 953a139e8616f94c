import type { ListenerRuleArgs } from "@pulumi/aws/lb/listenerRule";
import type { Unwrap } from "@pulumi/pulumi";

type DeclaredCondition = Unwrap<ListenerRuleArgs>["conditions"][number];
type DeclaredAction = Unwrap<ListenerRuleArgs>["actions"][number];

/** What a listener knows about a request before routing it. */
export interface RequestLine {
  host: string;
  path: string;
  query: string;
  method: string;
  headers: NodeJS.Dict<string | string[]>;
}

export type Action =
  | { type: "forward"; targetGroupArn: string }
  | { type: "redirect"; status: number; location(request: RequestLine): string }
  | { type: "fixed-response"; status: number; contentType: string; body: string };

export interface Rule {
  priority: number;
  conditions: ((request: RequestLine) => boolean)[];
  action: Action;
}

/** The action of the first rule, by priority, whose conditions all hold. */
export function route(rules: Rule[], request: RequestLine): Action | undefined {
  const ordered = [...rules].sort((a, b) => a.priority - b.priority);
  return ordered.find((rule) => rule.conditions.every((holds) => holds(request)))?.action;
}

/** @throws for a condition that is not simulated, naming it */
export function conditionOf(declared: DeclaredCondition): Rule["conditions"][number] {
  const { hostHeader, pathPattern, httpHeader, httpRequestMethod, ...others } = declared;
  const unknown = Object.keys(others).find((key) => others[key as keyof typeof others] !== undefined);
  if (unknown !== undefined) throw notSimulated(`the condition ${unknown}`);
  if ((hostHeader ?? pathPattern ?? httpHeader)?.values === undefined && httpRequestMethod === undefined)
    throw notSimulated("a condition without values");
  const hosts = patterns(hostHeader?.values, "i");
  // Paths are case-sensitive; host names and header values are not.
  const paths = patterns(pathPattern?.values, "");
  const values = patterns(httpHeader?.values, "i");
  const name = httpHeader?.httpHeaderName.toLowerCase() ?? "";
  return (request) =>
    hosts(request.host) &&
    paths(request.path) &&
    values(String(request.headers[name] ?? "")) &&
    (httpRequestMethod?.values.includes(request.method) ?? true);
}

/** Whether a host condition names this host. */
export const namesHost = (declared: DeclaredCondition[], host: string): boolean =>
  declared.some(({ hostHeader }) => hostHeader !== undefined && patterns(hostHeader.values, "i")(host));

function patterns(values: string[] | undefined, flags: string): (text: string) => boolean {
  if (values === undefined) return () => true;
  const matchers = values.map((value) => {
    const source = value
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return new RegExp(`^${source}$`, flags);
  });
  return (text) => matchers.some((matcher) => matcher.test(text));
}

/**
 * @param declared the actions of a listener or of a rule
 * @throws for an action that is not simulated, naming it
 */
export function actionOf(declared: DeclaredAction[], listener: { protocol: string; port: number }): Action {
  const [action, ...more] = declared;
  if (action === undefined || more.length > 0) throw notSimulated(`${declared.length} actions in one rule`);
  if (action.type === "forward") return { type: "forward", targetGroupArn: targetGroupOf(action) };
  if (action.type === "fixed-response" && action.fixedResponse !== undefined) {
    const { statusCode = "200", contentType, messageBody = "" } = action.fixedResponse;
    return { type: "fixed-response", status: Number(statusCode), contentType, body: messageBody };
  }
  if (action.type === "redirect" && action.redirect !== undefined) {
    const status = action.redirect.statusCode === "HTTP_301" ? 301 : 302;
    return { type: "redirect", status, location: redirectTo(action.redirect, listener) };
  }
  throw notSimulated(`the action ${action.type}`);
}

function targetGroupOf({ targetGroupArn, forward }: DeclaredAction): string {
  if (targetGroupArn !== undefined) return targetGroupArn;
  const [group, ...more] = forward?.targetGroups ?? [];
  if (group === undefined || more.length > 0) throw notSimulated("forwarding to several target groups");
  return group.arn;
}

function redirectTo(
  declared: NonNullable<DeclaredAction["redirect"]>,
  listener: { protocol: string; port: number },
): (request: RequestLine) => string {
  const {
    protocol = "#{protocol}",
    host = "#{host}",
    port = "#{port}",
    path = "/#{path}",
    query = "#{query}",
  } = declared;
  return (request) => {
    const values: Record<string, string> = {
      protocol: listener.protocol.toLowerCase(),
      host: request.host,
      port: String(listener.port),
      path: request.path.slice(1),
      query: request.query,
    };
    const fill = (text: string) => text.replace(/#\{(\w+)\}/g, (_, name) => values[name] ?? "");
    const asked = fill(query);
    return `${fill(protocol).toLowerCase()}://${fill(host)}:${fill(port)}${fill(path)}${asked === "" ? "" : `?${asked}`}`;
  };
}

function notSimulated(what: string): Error {
  return new Error(`${what} is not simulated: add it in rehearsal/cloud/loadBalancer/routing.ts.`);
}
