import type { Cloud, Principal } from "../service";
import type { PublishRequest } from "../sns";
import type { Alarm, AlarmState } from "./alarm";

/** SNS takes fewer than 100 characters. */
const LONGEST_SUBJECT = 99;

/** Publishes a change to the topics of the new state, as CloudWatch words it; what a topic's policy forbids is told. */
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
  const Message = JSON.stringify({
    AlarmName: alarm.name,
    AlarmDescription: alarm.description,
    AWSAccountId: cloud.accountId,
    AlarmArn: alarm.arn,
    NewStateValue: change.state,
    OldStateValue: change.before,
    NewStateReason: change.reason,
    StateChangeTime: new Date(cloud.clock.now()).toISOString(),
    Region: cloud.region,
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

function subjectOf(cloud: Cloud, name: string, state: AlarmState): string {
  const subject = (shown: string) => `${state}: "${shown}" in ${cloud.region}`;
  const excess = subject(name).length - LONGEST_SUBJECT;
  return excess <= 0 ? subject(name) : subject(`${name.slice(0, name.length - excess - 3)}...`);
}
