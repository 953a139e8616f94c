import { asList, type NamedPolicy, type PolicyDocument, type Statement } from "../policies";
import type { Permission, Principal } from "../service";
import { isLike } from "./patterns";

/** A request to IAM and its result. */
export interface Decision {
  principal: Principal;
  permission: Permission;
  resourcePolicy?: PolicyDocument;
  /** The denial, in AWS's form, with the nearest statement; absent if the call is allowed. */
  denial?: string;
}

export function principalName(principal: Principal): string {
  if (principal.kind === "role") return principal.arn;
  return principal.kind === "operator" ? "operator" : principal.service;
}

/** The context keys of a request. */
export const contextOf = (principal: Principal, permission: Permission): Record<string, string | string[]> => ({
  "aws:SecureTransport": "true",
  ...("context" in principal ? principal.context : {}),
  ...permission.context,
});

/** What to change: the role's statement closest to the denied permission. */
export function nearest(policies: NamedPolicy[], decision: Decision): string {
  const { action, resource } = decision.permission;
  const statements = policies.flatMap((it) => it.document.Statement).filter((it) => it.Effect === "Allow");
  const naming = statements.filter((it) => names(it, action));
  const same = naming.find((it) => asList(it.Resource).some((pattern) => isLike(pattern, resource))) ?? naming[0];
  if (same !== undefined)
    return `The nearest statement allows it on ${asList(same.Resource).join(", ")}${conditionOf(same, decision)}.`;
  const service = action.split(":")[0];
  const siblings = statements.flatMap((it) => asList(it.Action)).filter((it) => it.startsWith(`${service}:`));
  return siblings.length > 0
    ? `Of ${service}, its policies name only ${siblings.join(", ")}.`
    : `Its policies name nothing of ${service}.`;
}

/** What to change if a service calls, which has no policies of its own: the statement that admits callers. */
export function invited(decision: Decision): string {
  const policy = resourcePolicyName(decision);
  if (decision.resourcePolicy === undefined) return `${policy} is missing, and nothing else lets a service in.`;
  const statements = decision.resourcePolicy.Statement.filter((it) => it.Effect === "Allow");
  const same = statements.filter((it) => names(it, decision.permission.action));
  const caller = principalName(decision.principal);
  const [closest] = [...same.filter((it) => principalsOf(it).some((who) => isLike(who, caller))), ...same];
  if (closest === undefined)
    return `${policy} allows only ${statements.flatMap((it) => asList(it.Action)).join(", ")}.`;
  return saying(`${policy} allows it`, closest, decision);
}

/** Describes a statement and its name. */
export function saying(what: string, statement: Statement, decision: Decision): string {
  const { Sid, Resource } = statement;
  const who = principalsOf(statement).map((it) => (it === "*" ? "everybody" : it));
  const to = who.length === 0 ? "" : ` to ${who.join(", ")}`;
  const on = Resource === undefined ? "" : ` on ${asList(Resource).join(", ")}`;
  return `${what}${Sid === undefined ? "" : ` (${Sid})`}${to}${on}${conditionOf(statement, decision)}.`;
}

export const resourcePolicyName = ({ permission }: Decision): string =>
  permission.action === "sts:AssumeRole" ? "The role's trust policy" : "The resource's policy";

const names = (statement: Statement, action: string): boolean =>
  asList(statement.Action).some((it) => isLike(it, action));

const principalsOf = ({ Principal = {} }: Statement): string[] =>
  typeof Principal === "string" ? [Principal] : Object.values(Principal).flatMap(asList);

/**
 * A statement's condition, and the request's values for its keys, whose case IAM ignores. No quotation marks: API
 * Gateway copies the message unescaped into JSON access logs.
 */
function conditionOf({ Condition }: Statement, { principal, permission }: Decision): string {
  if (Condition === undefined) return "";
  const context = Object.entries(contextOf(principal, permission));
  const values = [...new Set(Object.values(Condition).flatMap(Object.keys))].map((key) => {
    const [, value] = context.find(([it]) => it.toLowerCase() === key.toLowerCase()) ?? [];
    return value === undefined ? `no ${key}` : `${key} ${asList(value).join(", ")}`;
  });
  const tests = Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]) => `${operator} ${key} ${asList(value).join(", ")}`),
  );
  return ` if ${tests.join(" and ")}; the request has ${values.join(" and ")}`;
}
