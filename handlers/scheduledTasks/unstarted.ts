import { GetMetricDataCommand, type MetricDataResult } from "@aws-sdk/client-cloudwatch";
import { DescribeTasksCommand, paginateListTasks } from "@aws-sdk/client-ecs";
import { ListRulesCommand } from "@aws-sdk/client-eventbridge";
import { type Notice, subjectOf } from "../shared/notice";
import { headlineOf, type ScheduleName } from "./ended";
import { type ScheduledTasksContext, type ScheduledTasksOptions, STARTED_BY_RULE } from "./options";

/** A schedule that was due but started no task. */
export interface Unstarted extends ScheduleName {
  rule: string;
  /** The minute in which its rule was triggered, in milliseconds since the epoch. */
  due: number;
}

interface ScheduleRule extends ScheduleName {
  rule: string;
}

const MINUTE = 60_000;
/** Minutes between two checks. */
export const CHECK_MINUTES = 10;
/** The next check handles triggers that are newer than this, because EventBridge may still retry. */
const GRACE = 10 * MINUTE;
/** The window ends this long before the check, because metrics of later minutes may be missing. */
const LAG = 3 * MINUTE;
/** Clock tolerance: a task may seem this much older than its trigger. */
const SKEW = 5_000;

/** Limits of GetMetricData and DescribeTasks per call. */
const QUERIES = 500;
const TASKS = 100;

/** The schedules that were due 20 to 10 minutes before the check, and have started no task since. */
export async function findUnstarted(context: ScheduledTasksContext, check: Date): Promise<Unstarted[]> {
  // Aligned, so that the windows of consecutive checks have no gaps or overlaps.
  const now = Math.floor(check.getTime() / (CHECK_MINUTES * MINUTE)) * CHECK_MINUTES * MINUTE;
  const end = now - GRACE;
  const begin = end - CHECK_MINUTES * MINUTE;
  const known = now - LAG;
  const rules = await listRules(context);
  const found: Unstarted[] = [];
  for (const [rule, triggered] of await triggersOf(context, rules, begin, known)) {
    if (triggered.some((due) => due < end)) {
      const created = await creationsOf(context, rule.rule);
      const unmatched = unmatchedTriggers(
        triggered,
        created.filter((at) => at < known),
      );
      found.push(...unmatched.filter((due) => due < end).map((due) => ({ ...rule, due })));
    }
  }
  return found;
}

export function noticeOfUnstarted(options: ScheduledTasksOptions, unstarted: Unstarted): Notice {
  const headline = headlineOf(options, unstarted, "did not start");
  const lines = [
    headline,
    "",
    `It was due at ${new Date(unstarted.due).toISOString().slice(0, 16)}Z, but ECS started no task for it.`,
    "EventBridge does not say why. Run the task by hand to see ECS's answer: there may be no capacity, no address left in a subnet, or no permission.",
    "",
    `Rule: ${unstarted.rule}`,
  ];
  return { subject: subjectOf(headline), message: lines.join("\n") };
}

/**
 * The triggers without a task. Each task is assigned to the latest trigger before its creation that has none yet, so
 * that a task of the next trigger cannot hide that this one's is missing.
 * @param triggered minutes, ascending
 * @param created when tasks were created, ascending
 */
export function unmatchedTriggers(triggered: number[], created: number[]): number[] {
  const unmatched = [...triggered];
  for (const at of created) {
    const index = unmatched.findLastIndex((due) => due - SKEW <= at && at < due + GRACE);
    if (index >= 0) {
      unmatched.splice(index, 1);
    }
  }
  return unmatched;
}

async function listRules({ events, options }: ScheduledTasksContext): Promise<ScheduleRule[]> {
  const rules: ScheduleRule[] = [];
  for (const { application, prefix } of options.applications) {
    let NextToken: string | undefined;
    do {
      const page = await events.send(new ListRulesCommand({ NamePrefix: prefix, NextToken }));
      const names = (page.Rules ?? []).map(({ Name = "" }) => Name);
      rules.push(...names.map((rule) => ({ rule, application, schedule: rule.slice(prefix.length) })));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
  }
  return rules;
}

/** Each rule's trigger minutes, ascending, one entry for each trigger. Rules that were not triggered are omitted. */
async function triggersOf(
  context: ScheduledTasksContext,
  rules: ScheduleRule[],
  begin: number,
  end: number,
): Promise<[ScheduleRule, number[]][]> {
  const found: [ScheduleRule, number[]][] = [];
  for (let start = 0; start < rules.length; start += QUERIES) {
    const asked = rules.slice(start, start + QUERIES);
    const results = await readTriggers(context, asked, begin, end);
    for (const [index, rule] of asked.entries()) {
      const triggered = results.filter(({ Id }) => Id === idOf(index)).flatMap(minutesOf);
      if (triggered.length > 0) {
        found.push([rule, triggered.sort((a, b) => a - b)]);
      }
    }
  }
  return found;
}

const idOf = (index: number) => `rule${index}`;

function minutesOf({ Timestamps = [], Values = [] }: MetricDataResult): number[] {
  return Timestamps.flatMap((minute, index) => Array<number>(Math.round(Values[index] ?? 0)).fill(minute.getTime()));
}

async function readTriggers(
  { cloudWatch }: ScheduledTasksContext,
  rules: ScheduleRule[],
  begin: number,
  end: number,
): Promise<MetricDataResult[]> {
  const MetricDataQueries = rules.map(({ rule }, index) => ({
    Id: idOf(index),
    MetricStat: {
      Metric: {
        Namespace: "AWS/Events",
        MetricName: "TriggeredRules",
        Dimensions: [{ Name: "RuleName", Value: rule }],
      },
      Period: 60,
      Stat: "Sum",
    },
  }));
  const window = { StartTime: new Date(begin), EndTime: new Date(end) };
  const results: MetricDataResult[] = [];
  let NextToken: string | undefined;
  do {
    const page = await cloudWatch.send(new GetMetricDataCommand({ MetricDataQueries, ...window, NextToken }));
    results.push(...(page.MetricDataResults ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return results;
}

/** AWS documents both 36 and 128 characters as the limit of `startedBy`: a longer name may be truncated. */
const namesOf = (startedBy: string): string[] =>
  startedBy.length > 36 ? [startedBy, startedBy.slice(0, 36)] : [startedBy];

/** When a rule's tasks were created, ascending. ECS shows tasks for an hour after their end. */
async function creationsOf({ ecs, options }: ScheduledTasksContext, rule: string): Promise<number[]> {
  const { cluster } = options;
  const arns: string[] = [];
  for (const startedBy of namesOf(`${STARTED_BY_RULE}${rule}`)) {
    for (const desiredStatus of ["RUNNING", "STOPPED"] as const) {
      for await (const { taskArns } of paginateListTasks({ client: ecs }, { cluster, startedBy, desiredStatus })) {
        arns.push(...(taskArns ?? []));
      }
    }
  }
  const created: number[] = [];
  for (let start = 0; start < arns.length; start += TASKS) {
    const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: arns.slice(start, start + TASKS) }));
    created.push(...(tasks ?? []).flatMap(({ createdAt }) => createdAt?.getTime() ?? []));
  }
  return created.sort((a, b) => a - b);
}
