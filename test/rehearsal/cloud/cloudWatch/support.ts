import { createCloudWatch } from "../../../../rehearsal/cloud/cloudWatch";
import type { CloudEvent } from "../../../../rehearsal/cloud/events";
import type { Cloud, Service } from "../../../../rehearsal/cloud/service";
import { createSns, type Sns } from "../../../../rehearsal/cloud/sns";
import { createTestCloud, type TestCloud } from "../../support";

export type AlarmEvent = Extract<CloudEvent, { kind: "alarm" }>;

export const MINUTE = 60_000;

/** What an alarm needs beside its metric. */
export const ALARM = {
  comparisonOperator: "GreaterThanThreshold",
  threshold: 0,
  period: 300,
  evaluationPeriods: 1,
  treatMissingData: "notBreaching",
};

/**
 * Call before the account starts.
 * @returns turns the clock minute by minute, each until CloudWatch has evaluated and waits for the next; resolves with the
 *   first change of an alarm, or undefined where there is none within `minutes`
 */
export function alarmChanges(cloud: TestCloud): (minutes?: number) => Promise<AlarmEvent | undefined> {
  let evaluations = -1;
  const { wait } = cloud.clock;
  cloud.clock.wait = (milliseconds) => {
    if (milliseconds === MINUTE) evaluations += 1;
    return wait(milliseconds);
  };
  return async (minutes = 60) => {
    let change: AlarmEvent | undefined;
    const forget = cloud.onEvent((event) => {
      if (event.kind === "alarm") change ??= event;
    });
    for (let minute = 0; change === undefined && minute < minutes; minute++) {
      const before = evaluations;
      await cloud.clock.turn(MINUTE);
      while (evaluations === before) await new Promise(setImmediate);
    }
    forget();
    return change;
  };
}

/** An account with CloudWatch and a topic that mails alarms. */
export interface AlarmCloud {
  cloud: TestCloud;
  sns: Sns;
  topic: string;
  changed: ReturnType<typeof alarmChanges>;
}

/** @param others services beside CloudWatch and SNS */
export async function createAlarmCloud(others: ((cloud: Cloud) => Service)[]): Promise<AlarmCloud> {
  let sns: Sns | undefined;
  const topics = (account: Cloud) => {
    sns = createSns(account);
    return sns;
  };
  const cloud = await createTestCloud([createCloudWatch, ...others, topics]);
  if (sns === undefined) throw new Error("The account has no SNS.");
  const changed = alarmChanges(cloud);
  const topic = String((await cloud.declare("aws:sns/topic:Topic", "alerts", { name: "alerts" })).outputs.arn);
  const mail = { topic, protocol: "email", endpoint: "platform@example.com" };
  await cloud.declare("aws:sns/topicSubscription:TopicSubscription", "mail", mail);
  return { cloud, sns, topic, changed };
}
