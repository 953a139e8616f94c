import type { LifecyclePolicyArgs } from "@pulumi/aws/ecr/lifecyclePolicy";
import type { Unwrap } from "@pulumi/pulumi";
import { awsError } from "../service";

interface Rule {
  rulePriority?: unknown;
  description?: unknown;
  selection?: Selection;
  action?: { type?: unknown };
}

interface Selection {
  tagStatus?: unknown;
  tagPrefixList?: unknown;
  tagPatternList?: unknown;
  countType?: unknown;
  countUnit?: unknown;
  countNumber?: unknown;
}

const RULE_KEYS = ["rulePriority", "description", "selection", "action"];
const SELECTION_KEYS = ["tagStatus", "tagPrefixList", "tagPatternList", "countType", "countUnit", "countNumber"];
const MOST_RULES = 50;
const MOST_WILDCARDS = 4;

/**
 * Checks a lifecycle policy as PutLifecyclePolicy does.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
 * @throws AwsError InvalidParameterException naming the rule
 */
export function checkLifecyclePolicy(policy: Unwrap<LifecyclePolicyArgs>["policy"]): void {
  const { rules } = (typeof policy === "string" ? parse(policy) : policy) as { rules?: unknown };
  if (!Array.isArray(rules) || rules.length === 0) throw fault("rules must not be empty");
  if (rules.length > MOST_RULES) throw fault(`${rules.length} rules are given; ${MOST_RULES} are allowed`);
  for (const [index, rule] of rules.entries()) {
    const wrong = wrongRule(rule) ?? wrongSelection(rule.selection ?? {});
    if (wrong !== undefined) throw fault(`rules[${index}]: ${wrong}`);
  }
  checkOrder(rules);
}

/** Rules are applied by ascending priority. An image selected by one rule is out of reach for later rules. */
function checkOrder(rules: { rulePriority: number; selection: Selection }[]): void {
  const priorities = rules.map((it) => it.rulePriority);
  const twice = priorities.find((it, index) => priorities.indexOf(it) !== index);
  if (twice !== undefined) throw fault(`the rulePriority ${twice} is given more than once`);
  for (const status of ["any", "untagged"]) {
    const found = rules.filter((it) => it.selection.tagStatus === status);
    if (found.length > 1) throw fault(`only one rule may have the tagStatus ${status}`);
    if (status === "any" && found[0] !== undefined && found[0].rulePriority !== Math.max(...priorities))
      throw fault("the rule with the tagStatus any must have the highest rulePriority");
  }
}

function wrongRule(rule: Rule): string | undefined {
  const unknown = Object.keys(rule).find((it) => !RULE_KEYS.includes(it));
  if (unknown !== undefined) return `${unknown} is unknown`;
  if (!isCount(rule.rulePriority)) return `rulePriority must be a whole number from 1 on, not ${rule.rulePriority}`;
  if (rule.action?.type !== "expire") return `action.type must be expire here, not ${rule.action?.type}`;
  return undefined;
}

function wrongSelection(selection: Selection): string | undefined {
  const unknown = Object.keys(selection).find((it) => !SELECTION_KEYS.includes(it));
  if (unknown !== undefined) return `selection.${unknown} is unknown`;
  const { countType, countUnit, countNumber } = selection;
  if (countType !== "imageCountMoreThan" && countType !== "sinceImagePushed")
    return `selection.countType must be imageCountMoreThan or sinceImagePushed here, not ${countType}`;
  if (countType === "sinceImagePushed" && countUnit !== "days")
    return `selection.countUnit must be days with sinceImagePushed, not ${countUnit}`;
  if (countType === "imageCountMoreThan" && countUnit !== undefined)
    return "selection.countUnit is only for sinceImagePushed";
  if (!isCount(countNumber)) return `selection.countNumber must be a whole number from 1 on, not ${countNumber}`;
  return wrongTags(selection);
}

function wrongTags({ tagStatus, tagPrefixList, tagPatternList }: Selection): string | undefined {
  if (tagStatus !== "tagged" && tagStatus !== "untagged" && tagStatus !== "any")
    return `selection.tagStatus must be tagged, untagged or any, not ${tagStatus}`;
  const lists = [tagPrefixList, tagPatternList].filter((it) => it !== undefined);
  if (tagStatus !== "tagged")
    return lists.length === 0 ? undefined : `selection has tags, which go with tagStatus tagged, not ${tagStatus}`;
  const [list, other] = lists;
  if (!isTexts(list) || other !== undefined)
    return "selection must have either tagPrefixList or tagPatternList, of one tag at the least, with tagStatus tagged";
  const wild = tagPatternList === undefined ? undefined : list.find((it) => it.split("*").length - 1 > MOST_WILDCARDS);
  return wild === undefined ? undefined : `the pattern ${wild} has more than ${MOST_WILDCARDS} wildcards`;
}

const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 1;

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((it) => typeof it === "string" && it !== "");

function parse(policy: string): unknown {
  try {
    return JSON.parse(policy);
  } catch (error) {
    throw fault(`it is not JSON: ${(error as Error).message}`);
  }
}

function fault(why: string) {
  return awsError(
    "InvalidParameterException",
    `Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: ${why}'`,
  );
}
