import { asList, type PolicyDocument, type Statement } from "../policies";
import { awsError } from "../service";
import { isOperator } from "./conditions";

/** What a policy is attached to: a role's identity, a role as what may be assumed, or any other resource. */
type Kind = "identity" | "trust" | "resource";

/** Elements that a statement must have, depending on its policy's kind. It must not have those of the other kinds. */
const REQUIRED: Record<Kind, (keyof Statement)[]> = {
  identity: ["Resource"],
  trust: ["Principal"],
  resource: ["Principal", "Resource"],
};
const ELEMENTS = new Set(["Sid", "Effect", "Action", "Resource", "Principal", "Condition"]);
const NEGATIONS = new Set(["NotAction", "NotResource", "NotPrincipal"]);
const ROLE = /^arn:[\w-]+:(iam::\d{12}:role|sts::\d{12}:assumed-role)\/[^*?]+$/;

/**
 * Reads and checks a policy when it is declared, so that no statement is ignored later.
 * @param name for messages: `The policy x of the role y`
 * @throws AwsError MalformedPolicyDocument, as AWS does; RehearsalFault, naming what is not simulated
 */
export function readPolicy(policy: string | object, kind: Kind, name: string): PolicyDocument {
  const { Version = "2008-10-17", Statement } = typeof policy === "string" ? JSON.parse(policy) : policy;
  const statements: Statement[] = [Statement ?? []].flat();
  for (const statement of statements) checkStatement(statement, kind, name);
  return { Version, Statement: statements.map(withTexts) };
}

function checkStatement(statement: Statement, kind: Kind, name: string): void {
  const malformed = (what: string) => {
    const of = statement.Sid === undefined ? "a statement" : `the statement ${statement.Sid}`;
    return awsError("MalformedPolicyDocument", `${name}: ${of} ${what}.`);
  };
  const { Effect, Action, Resource, Principal, Condition = {} } = statement;
  for (const element of Object.keys(statement)) {
    if (NEGATIONS.has(element)) throw notSimulated(name, element);
    if (!ELEMENTS.has(element)) throw malformed(`has the unknown element ${element}`);
  }
  if (Effect !== "Allow" && Effect !== "Deny") throw malformed(`has the Effect ${Effect}: it must be Allow or Deny`);
  if (asList(Action).length === 0) throw malformed("has no Action");
  for (const element of ["Principal", "Resource"] as const) {
    const isRequired = REQUIRED[kind].includes(element);
    const value = statement[element];
    if (isRequired && (value === undefined || Object.keys(value).length === 0)) throw malformed(`has no ${element}`);
    if (!isRequired && value !== undefined) throw malformed(`has a ${element}, which policies of its kind do not have`);
  }
  for (const resource of asList(Resource))
    if (resource !== "*" && !resource.startsWith("arn:")) throw malformed(`has a Resource that is no ARN: ${resource}`);
  checkPrincipal(Principal, name);
  for (const operator of Object.keys(Condition))
    if (!isOperator(operator)) throw notSimulated(name, `the operator ${operator}`);
  if (JSON.stringify(statement).includes("${")) throw notSimulated(name, "a policy variable");
}

function checkPrincipal(principal: Statement["Principal"], name: string): void {
  if (typeof principal === "string" && principal !== "*") throw notSimulated(name, `the principal ${principal}`);
  if (principal === undefined || typeof principal === "string") return;
  const { Service: _, AWS, ...others } = principal;
  const [other] = Object.keys(others);
  if (other !== undefined) throw notSimulated(name, `a ${other} principal`);
  const unknown = asList(AWS).find((it) => it !== "*" && !ROLE.test(it));
  if (unknown !== undefined) throw notSimulated(name, `the principal ${unknown}`);
}

const notSimulated = (name: string, what: string) =>
  awsError("RehearsalFault", `${name}: ${what} is not simulated; rehearsal/cloud/iam/evaluate.ts decides.`, 501);

/** JSON has booleans and numbers as well; IAM compares texts. */
function withTexts(statement: Statement): Statement {
  if (statement.Condition === undefined) return statement;
  const conditions = Object.entries(statement.Condition).map(([operator, keys]) => [
    operator,
    Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, [value].flat().map(String)])),
  ]);
  return { ...statement, Condition: Object.fromEntries(conditions) };
}
