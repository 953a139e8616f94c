import { asList, type PolicyDocument, type Statement } from "../policies";
import { conditionsHold } from "./conditions";
import { isLike } from "./patterns";

/** A request that policies decide. */
export interface IamRequest {
  /** `sqs:SendMessage` */
  action: string;
  /** An ARN, or `*` for an action that AWS cannot restrict to a resource. */
  resource: string;
  caller: { kind: "service"; name: string } | { kind: "role"; arn: string; sessionArn: string };
  /** Context keys, in any case. */
  context: Record<string, string | string[]>;
}

export type Verdict = "allowed" | "denied" | "explicitly denied";

/**
 * Decides a request within one account. An explicit deny wins. Otherwise one allowing statement is enough, in the
 * caller's policies or the resource's. Services that call have no policies of their own.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 * @param own checked by `readPolicy`, as is `ofResource`
 */
export function evaluate(request: IamRequest, own: PolicyDocument[], ofResource?: PolicyDocument): Verdict {
  const statements = [
    ...own.flatMap((it) => it.Statement),
    ...(ofResource?.Statement ?? []).filter((it) => isNamed(request, it.Principal)),
  ].filter((it) => applies(request, it));
  if (statements.some(({ Effect }) => Effect === "Deny")) return "explicitly denied";
  return statements.some(({ Effect }) => Effect === "Allow") ? "allowed" : "denied";
}

const applies = ({ action, resource, context }: IamRequest, statement: Statement): boolean =>
  asList(statement.Action).some((pattern) => isLike(pattern.toLowerCase(), action.toLowerCase())) &&
  // Trust policies have no Resource: they apply to their role.
  (statement.Resource === undefined || asList(statement.Resource).some((pattern) => isLike(pattern, resource))) &&
  conditionsHold(statement.Condition ?? {}, context);

/** Whether a statement of a resource's policy names the caller. */
function isNamed({ caller }: IamRequest, principal: Statement["Principal"] = {}): boolean {
  if (typeof principal === "string") return principal === "*";
  const [roles, services] = [asList(principal.AWS), asList(principal.Service)];
  // "Principal element": an AWS principal of `*` is equivalent to `*`.
  if (roles.includes("*")) return true;
  if (caller.kind === "service") return services.includes(caller.name);
  return roles.includes(caller.arn) || roles.includes(caller.sessionArn);
}
