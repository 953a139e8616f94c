import type { CloudEvent } from "../../rehearsal/cloud/events";
import type { TestCloud } from "./support";

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
