import {
  DeleteRuleCommand,
  type EventBridgeClient,
  ListRulesCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  type Rule,
  type RuleState,
  type Target,
} from "@aws-sdk/client-eventbridge";
import { explain, failure, isException } from "../shared/failure";
import type { DesiredRule, ObservedRule } from "./rule";

/** Limit of RemoveTargets per call. */
const TARGETS = 10;

/** All rules with this name prefix, with their tags and targets. */
export async function observeRules(events: EventBridgeClient, prefix: string): Promise<ObservedRule[]> {
  const rules: Rule[] = [];
  let NextToken: string | undefined;
  do {
    const page = await events.send(new ListRulesCommand({ NamePrefix: prefix, NextToken }));
    rules.push(...(page.Rules ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  const observed: ObservedRule[] = [];
  for (const rule of rules) {
    observed.push(...(await observeRule(events, rule)));
  }
  return observed;
}

/** @returns nothing if another invocation has removed the rule since it was listed */
async function observeRule(events: EventBridgeClient, rule: Rule): Promise<ObservedRule[]> {
  const { Name = "", Arn, ScheduleExpression, EventPattern, Description, State } = rule;
  try {
    return [
      {
        name: Name,
        expression: ScheduleExpression,
        eventPattern: EventPattern,
        description: Description,
        state: State,
        tags: await tagsOf(events, Arn),
        targets: await targetsOf(events, Name),
      },
    ];
  } catch (error) {
    if (isException(error, "ResourceNotFoundException")) {
      return [];
    }
    throw error;
  }
}

async function tagsOf(events: EventBridgeClient, ResourceARN: string | undefined): Promise<Record<string, string>> {
  const { Tags } = await events.send(new ListTagsForResourceCommand({ ResourceARN }));
  return Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
}

async function targetsOf(events: EventBridgeClient, rule: string | undefined): Promise<Target[]> {
  const targets: Target[] = [];
  let NextToken: string | undefined;
  do {
    const page = await events.send(new ListTargetsByRuleCommand({ Rule: rule, NextToken }));
    targets.push(...(page.Targets ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return targets;
}

/** Creates the rule, or replaces all of it. EventBridge accepts tags only for new rules. */
export async function putRule(
  events: EventBridgeClient,
  { name, expression, description, state }: DesiredRule,
  tags: Record<string, string>,
): Promise<void> {
  const rule = { Name: name, ScheduleExpression: expression, Description: description, State: state };
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  try {
    await events.send(new PutRuleCommand({ ...rule, Tags }));
  } catch (error) {
    if (isException(error, "LimitExceededException")) {
      const hint = "ask AWS for more rules on the event bus (Service Quotas, EventBridge), or remove some";
      throw failure("ConfigurationError", `${explain(error)}: ${hint}`, error);
    }
    throw error;
  }
}

/** @throws the entry's error if EventBridge rejects it, although it answers 200 */
export async function putTarget(events: EventBridgeClient, rule: string, target: Target): Promise<void> {
  const { FailedEntries } = await events.send(new PutTargetsCommand({ Rule: rule, Targets: [target] }));
  refuse(FailedEntries);
}

/**
 * Removes targets. Ignores missing ones: the answer to an earlier call may have been lost.
 * @throws the error of the first entry that EventBridge does not remove, although it answers 200
 */
export async function removeTargets(events: EventBridgeClient, rule: string, ids: string[]): Promise<void> {
  for (let start = 0; start < ids.length; start += TARGETS) {
    const Ids = ids.slice(start, start + TARGETS);
    const { FailedEntries } = await events.send(new RemoveTargetsCommand({ Rule: rule, Ids }));
    refuse(FailedEntries?.filter(({ ErrorCode }) => ErrorCode !== "ResourceNotFoundException"));
  }
}

/** Restores an observed rule with all its targets. @param absent targets that it did not have */
export async function restoreRule(events: EventBridgeClient, rule: ObservedRule, absent: string[]): Promise<void> {
  const { name, expression, eventPattern, description, state, tags, targets } = rule;
  await events.send(
    new PutRuleCommand({
      Name: name,
      ScheduleExpression: expression,
      EventPattern: eventPattern,
      Description: description,
      State: state as RuleState | undefined,
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    }),
  );
  for (const target of targets) {
    await putTarget(events, name, target);
  }
  await removeTargets(events, name, absent);
}

/** Removes the rule, and first its targets, as EventBridge requires. Another invocation may have done so already. */
export async function removeRule(events: EventBridgeClient, rule: string, targets: string[]): Promise<void> {
  try {
    await removeTargets(events, rule, targets);
    await events.send(new DeleteRuleCommand({ Name: rule }));
  } catch (error) {
    if (!isException(error, "ResourceNotFoundException")) {
      throw error;
    }
  }
}

interface FailedEntry {
  TargetId?: string | undefined;
  ErrorCode?: string | undefined;
  ErrorMessage?: string | undefined;
}

function refuse(entries: FailedEntry[] | undefined): void {
  const [entry] = entries ?? [];
  if (entry !== undefined) {
    const { TargetId, ErrorCode, ErrorMessage } = entry;
    const message = `target ${TargetId}: ${ErrorMessage ?? "no reason given"}`;
    // Named by its code, like an error of the whole request.
    throw Object.assign(new Error(message), { name: ErrorCode ?? "Error" });
  }
}
