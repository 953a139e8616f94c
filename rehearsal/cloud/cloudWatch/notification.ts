import type { Cloud, Principal } from "../service";
import type { PublishRequest } from "../sns";
import type { Alarm, AlarmState } from "./alarm";
import type { Term } from "./metricMath";
import { regionName } from "./regions";

/** SNS accepts fewer than 100 characters. */
const LONGEST_SUBJECT = 99;

/** Publishes a change to the topics of the new state, in CloudWatch's format; reports what a topic's policy forbids. */
export async function publish(
  cloud: Cloud,
  alarm: Alarm,
  change: { before: AlarmState; state: AlarmState; reason: string },
): Promise<void> {
  if (!alarm.actionsEnabled) return;
  const caller: Principal = {
    kind: "service",
    service: "cloudwatch.amazonaws.com",
    context: { "aws:SourceArn": alarm.arn, "aws:SourceAccount": cloud.accountId },
  };
  // AWS documents no schema: these are the fields of its messages, in order.
  const Message = JSON.stringify({
    AlarmName: alarm.name,
    AlarmDescription: alarm.description ?? null,
    AWSAccountId: cloud.accountId,
    AlarmConfigurationUpdatedTimestamp: timestamp(alarm.updatedAt),
    NewStateValue: change.state,
    NewStateReason: change.reason,
    StateChangeTime: timestamp(cloud.clock.now()),
    Region: regionName(cloud.region),
    AlarmArn: alarm.arn,
    OldStateValue: change.before,
    OKActions: alarm.actions.OK,
    AlarmActions: alarm.actions.ALARM,
    InsufficientDataActions: alarm.actions.INSUFFICIENT_DATA,
    Trigger: triggerOf(alarm),
  });
  const Subject = subjectOf(cloud, alarm.name, change.state);
  for (const TopicArn of alarm.actions[change.state])
    try {
      await cloud.call<PublishRequest, object>(caller, "sns", "Publish", { TopicArn, Subject, Message });
    } catch (error) {
      if (change.state === "INSUFFICIENT_DATA") throw error;
      const reason = `Failed to execute action ${TopicArn}: ${(error as Error).message}`;
      cloud.tell({ kind: "alarm", alarm: alarm.name, state: change.state, reason });
    }
}

/** `2026-01-05T09:00:00.000+0000` */
const timestamp = (at: number): string => new Date(at).toISOString().replace("Z", "+0000");

/** What the alarm watches: one metric, or the metrics of an expression. */
function triggerOf(alarm: Alarm): object {
  const { terms, expression, period, threshold } = alarm;
  const comparison = {
    EvaluationPeriods: alarm.evaluationPeriods,
    DatapointsToAlarm: alarm.datapointsToAlarm,
    ComparisonOperator: alarm.comparisonOperator,
    Threshold: threshold,
    TreatMissingData: alarm.treatMissingData,
    EvaluateLowSampleCountPercentile: "",
  };
  const [only] = terms;
  if (expression === undefined && only !== undefined)
    return {
      MetricName: only.metricName,
      Namespace: only.namespace,
      StatisticType: "Statistic",
      Statistic: only.statistic.toUpperCase(),
      Unit: null,
      Dimensions: dimensionsOf(only),
      Period: period,
      ...comparison,
    };
  const metrics = terms.map((term) => ({
    Id: term.id,
    MetricStat: {
      Metric: { Dimensions: dimensionsOf(term), MetricName: term.metricName, Namespace: term.namespace },
      Period: term.period,
      Stat: term.statistic,
    },
    ReturnData: false,
  }));
  return { Period: period, ...comparison, Metrics: [{ ...expression, ReturnData: true }, ...metrics] };
}

const dimensionsOf = ({ dimensions }: Term) => Object.entries(dimensions).map(([name, value]) => ({ value, name }));

function subjectOf(cloud: Cloud, name: string, state: AlarmState): string {
  const subject = (shown: string) => `${state}: "${shown}" in ${regionName(cloud.region)}`;
  const excess = subject(name).length - LONGEST_SUBJECT;
  return excess <= 0 ? subject(name) : subject(`${name.slice(0, name.length - excess - 3)}...`);
}
