import type {
  DeleteRuleRequest,
  DescribeRuleRequest,
  DescribeRuleResponse,
  ListRulesRequest,
  ListRulesResponse,
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  ListTargetsByRuleRequest,
  ListTargetsByRuleResponse,
  PutEventsRequest,
  PutEventsResponse,
  PutRuleRequest,
  PutRuleResponse,
  PutTargetsRequest,
  PutTargetsResponse,
  RemoveTargetsRequest,
  RemoveTargetsResponse,
  TagResourceRequest,
  Target,
  UntagResourceRequest,
} from "@aws-sdk/client-eventbridge";
import { checkRequest } from "./constraints";
import {
  addTags,
  DEFAULT_BUS,
  invalid,
  limitExceeded,
  MAXIMUM_RULES,
  missing,
  pageOf,
  type Rule,
  ruleShape,
  tagsOf,
  tooManyTags,
} from "./eventBridge/bus";
import { ruleRequest, targetRequest } from "./eventBridge/declare";
import { type BusEvent, readEntry, scheduledEvent } from "./eventBridge/events";
import { invokeTarget } from "./eventBridge/invoke";
import { parsePattern } from "./eventBridge/pattern";
import { createPermissions } from "./eventBridge/permissions";
import { follow, parseSchedule } from "./eventBridge/schedule";
import { listTargets, putTargets, removeTargets } from "./eventBridge/targets";
import {
  awsError,
  type Call,
  type Cloud,
  type Created,
  type Declaration,
  isAwsError,
  operation,
  type Service,
} from "./service";

/**
 * How long EventBridge retries a target after a transient error. AWS documents 24 hours with exponential backoff, but
 * not the delays. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
 */
const RETRIED = 24 * 60 * 60_000;
const FIRST_DELAY = 15_000;
const LONGEST_DELAY = 15 * 60_000;

/** Amazon EventBridge: the default bus's rules, by event pattern and schedule, and the calls to their targets. */
export function createEventBridge(cloud: Cloud): Service {
  const rules = new Map<string, Rule>();
  let stopped = false;

  const arnOf = (name: string) => cloud.arn("events", `rule/${name}`);
  const permissions = createPermissions(cloud, arnOf, (arn) => rules.get(arn)?.tags);

  function find(name: string | undefined): Rule {
    const rule = rules.get(arnOf(name ?? ""));
    if (rule === undefined) throw missing(String(name));
    return rule;
  }

  function findByArn(arn = ""): Rule {
    const rule = rules.get(arn);
    if (rule === undefined) throw missing(arn.split("rule/").at(-1) ?? arn);
    return rule;
  }

  function putRule(request: PutRuleRequest): PutRuleResponse {
    const { Name: name = "" } = request;
    const { EventPattern, ScheduleExpression, State = "ENABLED", Description, RoleArn } = request;
    if (EventPattern === undefined && ScheduleExpression === undefined)
      throw invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
    if (State !== "ENABLED" && State !== "DISABLED")
      throw awsError("NotSimulated", `events:PutRule: the state ${State} is not simulated.`, 501);
    const matches = EventPattern === undefined ? undefined : parsePattern(EventPattern);
    const schedule = ScheduleExpression === undefined ? undefined : parseSchedule(ScheduleExpression);
    const arn = arnOf(name);
    const former = rules.get(arn);
    if (former === undefined && rules.size >= MAXIMUM_RULES) throw limitExceeded();
    const rule: Rule = {
      name,
      arn,
      state: State,
      eventPattern: EventPattern,
      scheduleExpression: ScheduleExpression,
      description: Description,
      roleArn: RoleArn,
      tags: former?.tags ?? new Map(),
      targets: former?.targets ?? new Map(),
      matches,
    };
    // "If you are updating an existing rule, any tags you specify in the PutRule operation are ignored."
    if (former === undefined) addTags(rule, request.Tags ?? []);
    former?.timer?.cancel();
    rules.set(arn, rule);
    if (schedule !== undefined && State === "ENABLED")
      rule.timer = follow(cloud.clock, schedule, (due) => fire(rule, scheduledEvent(cloud, arn, due)));
    cloud.tell({ kind: "rule-changed", rule: name, change: "put", schedule: ScheduleExpression });
    return { RuleArn: arn };
  }

  function deleteRule(request: DeleteRuleRequest): object {
    const rule = rules.get(arnOf(request.Name ?? ""));
    if (rule === undefined) return {};
    if (rule.targets.size > 0) throw invalid("Rule can't be deleted since it has targets.");
    rule.timer?.cancel();
    rules.delete(rule.arn);
    cloud.tell({ kind: "rule-changed", rule: rule.name, change: "deleted" });
    return {};
  }

  function listRules(request: ListRulesRequest): ListRulesResponse {
    const { NamePrefix = "" } = request;
    const named = [...rules.values()].filter((it) => it.name.startsWith(NamePrefix));
    const { page, NextToken } = pageOf(named, (it) => it.name, request);
    return { Rules: page.map(ruleShape), NextToken };
  }

  /** Reports that a rule's targets changed, unless every entry failed. */
  function tellTargets<O extends { FailedEntryCount?: number }>(rule: Rule, entries: number, response: O): O {
    if (response.FailedEntryCount !== entries) cloud.tell({ kind: "rule-changed", rule: rule.name, change: "targets" });
    return response;
  }

  function addTargets(request: PutTargetsRequest): PutTargetsResponse {
    const rule = find(request.Rule);
    return tellTargets(rule, request.Targets?.length ?? 0, putTargets(rule, request));
  }

  function dropTargets(request: RemoveTargetsRequest): RemoveTargetsResponse {
    const rule = find(request.Rule);
    return tellTargets(rule, request.Ids?.length ?? 0, removeTargets(rule, request));
  }

  function putEvents(request: PutEventsRequest, call: Pick<Call<object>, "caller">): PutEventsResponse {
    const { Entries = [] } = request;
    for (const entry of Entries) onlyDefaultBus(entry.EventBusName);
    const answers = Entries.map((entry) => {
      const read = readEntry(cloud, entry, call);
      if ("refused" in read) return read.refused;
      for (const rule of rules.values())
        if (rule.state === "ENABLED" && rule.matches?.(read.event) === true) fire(rule, read.event);
      return { EventId: read.event.id };
    });
    return { FailedEntryCount: answers.filter((it) => "ErrorCode" in it).length, Entries: answers };
  }

  /** Calls every target of the rule without waiting for them. */
  function fire(rule: Rule, event: BusEvent): void {
    cloud.tell({ kind: "rule-triggered", rule: rule.name });
    for (const target of rule.targets.values()) void deliver(rule, target, event);
  }

  /** Calls a target until it succeeds, or fails with an error that retrying cannot fix, and reports the result. */
  async function deliver(rule: Rule, target: Target, event: BusEvent): Promise<void> {
    const result = { kind: "rule", rule: rule.name, target: target.Arn ?? "" } as const;
    const until = cloud.clock.now() + RETRIED;
    for (let delay = FIRST_DELAY; !stopped; delay = Math.min(2 * delay, LONGEST_DELAY)) {
      const error = await invokeTarget(cloud, rule, target, event).then(
        () => undefined,
        (reason: Error) => reason,
      );
      if (error === undefined) {
        cloud.tell(result);
        return;
      }
      if (stopped) return;
      if (!isRetried(error) || cloud.clock.now() > until) {
        cloud.tell({ ...result, error: error.message });
        return;
      }
      await cloud.clock.wait(delay);
    }
  }

  function declareRule(declaration: Declaration): Created {
    const request = ruleRequest(cloud, declaration);
    checkRequest("events", "PutRule", request);
    // The provider lets PutRule replace an existing rule; here, two declarations with one name are a mistake.
    if (rules.has(arnOf(request.Name ?? "")))
      throw new Error(`${declaration.urn}: there is a rule named ${request.Name} already.`);
    const { RuleArn } = putRule(request);
    return {
      id: String(request.Name),
      outputs: { arn: RuleArn, name: request.Name, eventBusName: DEFAULT_BUS, tagsAll: declaration.inputs.tags ?? {} },
    };
  }

  function declareTarget(declaration: Declaration): Created {
    const { rule, target } = targetRequest(cloud, declaration);
    const request = { Rule: rule, Targets: [target] };
    checkRequest("events", "PutTargets", request);
    const { FailedEntries = [] } = addTargets(request);
    const [failed] = FailedEntries;
    if (failed !== undefined) throw awsError(String(failed.ErrorCode), String(failed.ErrorMessage));
    return { id: `${rule}-${target.Id}`, outputs: { targetId: target.Id, eventBusName: DEFAULT_BUS } };
  }

  return {
    name: "events",
    resources: {
      "aws:cloudwatch/eventRule:EventRule": declareRule,
      "aws:cloudwatch/eventTarget:EventTarget": declareTarget,
    },
    operations: {
      PutRule: operation<PutRuleRequest, PutRuleResponse>({
        permissions: permissions.putRule,
        perform: onDefaultBus(putRule),
      }),
      DescribeRule: operation<DescribeRuleRequest, DescribeRuleResponse>({
        permissions: ({ Name }) => permissions.ofRule("DescribeRule", Name),
        perform: onDefaultBus(({ Name }) => ({ ...ruleShape(find(Name)), CreatedBy: cloud.accountId })),
      }),
      DeleteRule: operation<DeleteRuleRequest, object>({
        permissions: ({ Name }) => permissions.ofRule("DeleteRule", Name),
        perform: onDefaultBus(deleteRule),
      }),
      ListRules: operation<ListRulesRequest, ListRulesResponse>({
        permissions: permissions.listRules,
        perform: onDefaultBus(listRules),
      }),
      PutTargets: operation<PutTargetsRequest, PutTargetsResponse>({
        permissions: permissions.putTargets,
        perform: onDefaultBus(addTargets),
      }),
      RemoveTargets: operation<RemoveTargetsRequest, RemoveTargetsResponse>({
        permissions: ({ Rule }) => permissions.ofRule("RemoveTargets", Rule),
        perform: onDefaultBus(dropTargets),
      }),
      ListTargetsByRule: operation<ListTargetsByRuleRequest, ListTargetsByRuleResponse>({
        permissions: ({ Rule }) => permissions.ofRule("ListTargetsByRule", Rule),
        perform: onDefaultBus((request) => listTargets(find(request.Rule), request)),
      }),
      TagResource: operation<TagResourceRequest, object>({
        permissions: permissions.tagResource,
        perform({ ResourceARN, Tags = [] }) {
          addTags(findByArn(ResourceARN), Tags, tooManyTags);
          return {};
        },
      }),
      UntagResource: operation<UntagResourceRequest, object>({
        permissions: permissions.untagResource,
        perform({ ResourceARN, TagKeys = [] }) {
          const { tags } = findByArn(ResourceARN);
          for (const key of TagKeys) tags.delete(key);
          return {};
        },
      }),
      ListTagsForResource: operation<ListTagsForResourceRequest, ListTagsForResourceResponse>({
        permissions: ({ ResourceARN }) => permissions.ofArn("ListTagsForResource", ResourceARN),
        perform: ({ ResourceARN }) => ({ Tags: tagsOf(findByArn(ResourceARN)) }),
      }),
      PutEvents: operation<PutEventsRequest, PutEventsResponse>({
        permissions: permissions.putEvents,
        perform: putEvents,
      }),
    },
    stop() {
      stopped = true;
      for (const rule of rules.values()) rule.timer?.cancel();
    },
  };
}

/** EventBridge retries neither denied calls nor missing targets. */
const isRetried = (error: unknown): boolean =>
  isAwsError(error) &&
  // A failure of the rehearsal, not of the service.
  error.status !== 501 &&
  (error.status >= 500 || /Throttl|TooManyRequests/.test(error.code));

function onlyDefaultBus(name: string | undefined): void {
  if (name !== undefined && name !== DEFAULT_BUS)
    throw awsError("NotSimulated", `The event bus ${name} is not simulated: only ${DEFAULT_BUS} is.`, 501);
}

function onDefaultBus<I extends { EventBusName?: string }, O>(perform: (request: I) => O) {
  return (request: I): O => {
    onlyDefaultBus(request.EventBusName);
    return perform(request);
  };
}
