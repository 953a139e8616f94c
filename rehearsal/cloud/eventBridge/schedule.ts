import type { Clock, Timer } from "../../clock";
import { awsError } from "../service";
import { nextOfCron, parseCron } from "./cron";

/** When a rule fires by itself. */
export interface Schedule {
  /** The first time after `after`, in milliseconds since the epoch; undefined if none remains. */
  next(after: number): number | undefined;
}

const UNITS: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * Parses `rate(5 minutes)`, counted from when the rule is put, or `cron(0 3 * * ? *)` in UTC.
 * @throws ValidationException with EventBridge's message, which gives no reason
 */
export function parseSchedule(expression: string): Schedule {
  const schedule = rate(expression) ?? cron(expression);
  if (schedule === undefined) throw awsError("ValidationException", "Parameter ScheduleExpression is not valid.");
  return schedule;
}

function rate(expression: string): Schedule | undefined {
  const [, digits = "", unit = "", plural = ""] = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(expression) ?? [];
  const count = Number(digits);
  // The unit is singular for one and plural otherwise.
  if (count < 1 || (count === 1) !== (plural === "")) return undefined;
  const interval = count * (UNITS[unit] ?? 0);
  return { next: (after) => after + interval };
}

function cron(expression: string): Schedule | undefined {
  const parsed = parseCron(/^cron\((.*)\)$/.exec(expression)?.[1] ?? "");
  return parsed && { next: (after) => nextOfCron(parsed, after) };
}

/** Calls `fire` whenever the schedule is due, from now until cancelled. */
export function follow(clock: Clock, schedule: Schedule, fire: (due: number) => void): Timer {
  let timer: Timer | undefined;
  const arm = (after: number) => {
    const due = schedule.next(after);
    if (due === undefined) return;
    timer = clock.after(due - clock.now(), () => {
      arm(due);
      fire(due);
    });
  };
  arm(clock.now());
  return { cancel: () => timer?.cancel() };
}
