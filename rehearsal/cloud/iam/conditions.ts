import { asList } from "../policies";
import { awsError } from "../service";
import { isLike, matchesArn } from "./patterns";

type Test = (expected: string, value: string) => boolean;

/** The operators, each by its positive form. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const OPERATORS: Record<string, Test> = {
  StringEquals: (expected, value) => expected === value,
  StringEqualsIgnoreCase: (expected, value) => expected.toLowerCase() === value.toLowerCase(),
  StringLike: isLike,
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
  Bool: (expected, value) => expected.toLowerCase() === value.toLowerCase(),
};

const POSITIVE: Record<string, string> = {
  StringNotEquals: "StringEquals",
  StringNotEqualsIgnoreCase: "StringEqualsIgnoreCase",
  StringNotLike: "StringLike",
  ArnNotEquals: "ArnEquals",
  ArnNotLike: "ArnLike",
};

/** Whether all conditions of a statement hold for the request's context keys, whose case IAM ignores. */
export function conditionsHold(
  conditions: Record<string, Record<string, string | string[]>>,
  context: Record<string, string | string[]>,
): boolean {
  const values = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), asList(value)]));
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, expected]) => holds(operator, asList(expected), values.get(key.toLowerCase()))),
  );
}

function holds(operator: string, expected: string[], values: string[] | undefined): boolean {
  const [, set, name = "", ifExists] = /^(ForAnyValue:|ForAllValues:)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  if (name === "Null") return expected.includes(String(values === undefined));
  const negated = name in POSITIVE;
  const test = OPERATORS[POSITIVE[name] ?? name];
  if (test === undefined) throw awsError("RehearsalFault", `IAM: the operator ${operator} is not simulated.`, 501);
  // A key that is missing differs from every value, and all of no values match.
  if (values === undefined) return negated || ifExists !== undefined || set === "ForAllValues:";
  const matches = (value: string) => expected.some((it) => test(it, value)) !== negated;
  return set === "ForAllValues:" || (negated && set === undefined) ? values.every(matches) : values.some(matches);
}
