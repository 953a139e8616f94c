import { asList } from "../policies";
import { isLike, matchesArn } from "./patterns";

type Test = (expected: string, value: string) => boolean;

/**
 * Tests of the operators that are not negated.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
const OPERATORS: Record<string, Test> = {
  StringEquals: (expected, value) => expected === value,
  StringEqualsIgnoreCase: (expected, value) => expected.toLowerCase() === value.toLowerCase(),
  StringLike: isLike,
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
  Bool: (expected, value) => expected.toLowerCase() === value.toLowerCase(),
};

const POSITIVE = new Map([
  ["StringNotEquals", "StringEquals"],
  ["StringNotEqualsIgnoreCase", "StringEqualsIgnoreCase"],
  ["StringNotLike", "StringLike"],
  ["ArnNotEquals", "ArnEquals"],
  ["ArnNotLike", "ArnLike"],
]);

/** Whether an operator is simulated, with its prefix and suffix: `ForAllValues:StringLike`, `BoolIfExists`. */
export function isOperator(operator: string): boolean {
  const { set, name, ifExists } = parse(operator);
  return name === "Null" ? set === undefined && !ifExists : Object.hasOwn(OPERATORS, POSITIVE.get(name) ?? name);
}

function parse(operator: string) {
  const [, set, name = "", ifExists] = /^(ForAnyValue:|ForAllValues:)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  return { set, name, ifExists: ifExists !== undefined };
}

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
  const { set, name, ifExists } = parse(operator);
  if (name === "Null") return expected.some((it) => it.toLowerCase() === String(values === undefined));
  const positive = POSITIVE.get(name);
  const test = OPERATORS[positive ?? name];
  if (test === undefined) throw new Error(`The condition operator ${operator} was not checked.`);
  const isNegated = positive !== undefined;
  // A missing key satisfies IfExists, ForAllValues, and negated operators without ForAnyValue.
  if (values === undefined) return ifExists || set === "ForAllValues:" || (isNegated && set === undefined);
  const matches = (value: string) => expected.some((it) => test(it, value)) !== isNegated;
  return set === "ForAllValues:" || (isNegated && set === undefined) ? values.every(matches) : values.some(matches);
}
