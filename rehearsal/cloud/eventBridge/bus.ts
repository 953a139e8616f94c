import type { Rule as RuleShape, Tag, Target } from "@aws-sdk/client-eventbridge";
import type { Timer } from "../../clock";
import { awsError } from "../service";
import type { Matcher } from "./pattern";

/** A rule of the default bus, as last put. */
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

/** One page of a list sorted by key. The token is the key of the last entry, so that deletions do no harm. */
export function pageOf<T>(
  all: T[],
  keyOf: (entry: T) => string,
  { Limit = LARGEST_PAGE, NextToken }: { Limit?: number; NextToken?: string },
): { page: T[]; NextToken?: string } {
  const after = NextToken === undefined ? "" : Buffer.from(NextToken, "base64url").toString("utf8");
  const rest = all.filter((it) => keyOf(it) > after).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = rest.slice(0, Limit);
  const last = page.at(-1);
  return last === undefined || page.length === rest.length
    ? { page }
    : { page, NextToken: Buffer.from(keyOf(last)).toString("base64url") };
}

export const tagsOf = (rule: Rule): Tag[] => [...rule.tags].map(([Key, Value]) => ({ Key, Value }));

/** TagResource's error: of the operations with tags, only PutRule declares LimitExceededException. */
export const tooManyTags = () => invalid(`A rule has at most ${MAXIMUM_TAGS} tags.`);

/** @param exceeded creates the error for too many tags */
export function addTags(rule: Rule, tags: Tag[], exceeded = limitExceeded): void {
  const next = new Map([...rule.tags, ...tags.map((it) => [it.Key ?? "", it.Value ?? ""] as const)]);
  if (next.size > MAXIMUM_TAGS) throw exceeded();
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
