import type { Rule as RuleShape, Tag, Target } from "@aws-sdk/client-eventbridge";
import type { Timer } from "../../clock";
import { awsError } from "../service";
import type { Matcher } from "./pattern";

/** A rule of the default bus, as it was put last. */
export interface Rule {
  name: string;
  arn: string;
  state: "ENABLED" | "DISABLED";
  eventPattern?: string;
  scheduleExpression?: string;
  description?: string;
  roleArn?: string;
  tags: Map<string, string>;
  targets: Map<string, Target>;
  matches?: Matcher;
  timer?: Timer;
}

export const DEFAULT_BUS = "default";

// "Amazon EventBridge quotas"
export const MAXIMUM_RULES = 300;
export const MAXIMUM_TARGETS = 5;
export const MAXIMUM_TAGS = 50;

const LARGEST_PAGE = 100;

export const invalid = (message: string) => awsError("ValidationException", message);

export const limitExceeded = () =>
  awsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.");

export const missing = (ruleName: string) =>
  awsError("ResourceNotFoundException", `Rule ${ruleName} does not exist on EventBus ${DEFAULT_BUS}.`);

/**
 * The name of a rule or id of a target, as EventBridge takes it.
 * @param field where it stands in the request: `name`, `targets.1.member.id`
 */
export function checkedId(field: string, value: string | undefined): string {
  const constraint =
    value === undefined
      ? "Member must not be null"
      : value.length < 1
        ? "Member must have length greater than or equal to 1"
        : value.length > 64
          ? "Member must have length less than or equal to 64"
          : /^[.\-_A-Za-z0-9]+$/.test(value)
            ? undefined
            : "Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+";
  if (value === undefined || constraint !== undefined)
    throw invalid(
      `1 validation error detected: Value ${value === undefined ? "null" : `'${value}'`} at '${field}' failed to ` +
        `satisfy constraint: ${constraint}`,
    );
  return value;
}

/** One page of what is sorted by its key. The token is the key of the last entry, so that deletions meanwhile do no harm. */
export function pageOf<T>(
  all: T[],
  keyOf: (entry: T) => string,
  { Limit = LARGEST_PAGE, NextToken }: { Limit?: number; NextToken?: string },
): { page: T[]; NextToken?: string } {
  if (!Number.isInteger(Limit) || Limit < 1 || Limit > LARGEST_PAGE)
    throw invalid(
      `1 validation error detected: Value '${Limit}' at 'limit' failed to satisfy constraint: Member must have value ` +
        (Limit < 1 ? "greater than or equal to 1" : `less than or equal to ${LARGEST_PAGE}`),
    );
  const after = NextToken === undefined ? "" : Buffer.from(NextToken, "base64url").toString("utf8");
  const rest = all.filter((it) => keyOf(it) > after).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = rest.slice(0, Limit);
  const last = page.at(-1);
  return last === undefined || page.length === rest.length
    ? { page }
    : { page, NextToken: Buffer.from(keyOf(last)).toString("base64url") };
}

export const tagsOf = (rule: Rule): Tag[] => [...rule.tags].map(([Key, Value]) => ({ Key, Value }));

export function addTags(rule: Rule, tags: Tag[]): void {
  const next = new Map([...rule.tags, ...tags.map((it) => [it.Key ?? "", it.Value ?? ""] as const)]);
  if (next.size > MAXIMUM_TAGS) throw limitExceeded();
  rule.tags = next;
}

export const ruleShape = (rule: Rule): RuleShape => ({
  Name: rule.name,
  Arn: rule.arn,
  EventPattern: rule.eventPattern,
  State: rule.state,
  Description: rule.description,
  ScheduleExpression: rule.scheduleExpression,
  RoleArn: rule.roleArn,
  EventBusName: DEFAULT_BUS,
});
