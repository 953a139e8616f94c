import { asList, type Statement } from "../policies";
import { awsError, type PolicyDocument } from "../service";
import { conditionsHold } from "./conditions";
import { isLike, matchesArn } from "./patterns";

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

type PrincipalElement = string | Record<string, string | string[]>;
type AnyStatement = Statement & { Principal?: PrincipalElement };

const ELEMENTS = new Set(["Sid", "Effect", "Action", "Resource", "Principal", "Condition"]);

/**
 * Decides a request within one account: an explicit denial wins, then any allowing statement, of the caller's policies or of the
 * resource's. Everything else is denied. A service that calls has no policies of its own.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 * @throws AwsError RehearsalFault for an element or a condition operator that is not simulated
 */
export function evaluate(request: IamRequest, own: PolicyDocument[], ofResource?: PolicyDocument): Verdict {
  const statements = [
    ...own.flatMap((it) => it.Statement as AnyStatement[]),
    ...((ofResource?.Statement ?? []) as AnyStatement[]).filter((it) => isNamed(request, checked(it).Principal)),
  ].filter((it) => applies(request, checked(it)));
  if (statements.some(({ Effect }) => Effect === "Deny")) return "explicitly denied";
  return statements.some(({ Effect }) => Effect === "Allow") ? "allowed" : "denied";
}

const seen = new WeakSet<AnyStatement>();

function checked(statement: AnyStatement): AnyStatement {
  if (seen.has(statement)) return statement;
  seen.add(statement);
  const unknown = Object.keys(statement).find((key) => !ELEMENTS.has(key));
  if (unknown !== undefined || JSON.stringify(statement).includes("${"))
    throw awsError("RehearsalFault", `IAM: ${unknown ?? "policy variables"} in statements: not simulated.`, 501);
  return statement;
}

const applies = ({ action, resource, context }: IamRequest, statement: AnyStatement): boolean =>
  asList(statement.Action).some((pattern) => isLike(pattern.toLowerCase(), action.toLowerCase())) &&
  // A trust policy names no resource: it is its role's.
  (statement.Resource === undefined || asList(statement.Resource).some((pattern) => matchesArn(pattern, resource))) &&
  conditionsHold(statement.Condition ?? {}, context);

/** Whether the caller is among those that a statement of a resource's policy names. */
function isNamed({ caller }: IamRequest, principal: PrincipalElement = {}): boolean {
  if (principal === "*") return true;
  if (typeof principal === "string") return false;
  if (caller.kind === "service") return asList(principal.Service).includes(caller.name);
  return asList(principal.AWS).some((it) => it === "*" || it === caller.arn || it === caller.sessionArn);
}
