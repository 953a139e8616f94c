import { type Notice, subjectOf } from "../shared/notice";
import { explainTaskEnd, type TaskEnd } from "../shared/taskEnd";
import { type ScheduledTasksOptions, STARTED_BY_RULE } from "./options";

/** A task as in ECS's events. */
export interface EndedTask extends TaskEnd {
  taskArn: string;
  lastStatus: string;
  /** `events-rule/<rule>` */
  startedBy?: string;
  /** ISO 8601. */
  createdAt?: string;
}

/** The notice of a failed scheduled task. @returns undefined if the task succeeded, or no schedule started it */
export function noticeOfEnd(options: ScheduledTasksOptions, task: EndedTask): Notice | undefined {
  const schedule = scheduleOf(options, task.startedBy);
  if (schedule === undefined || task.lastStatus !== "STOPPED" || hasSucceeded(task)) {
    return undefined;
  }
  const headline = headlineOf(options, schedule, "failed");
  const lines = [headline, "", explainTaskEnd(task), "", `Started: ${task.createdAt ?? "unknown"}`, task.taskArn];
  return { subject: subjectOf(headline), message: lines.join("\n") };
}

/** A container that never ran has no exit code. */
function hasSucceeded({ containers }: EndedTask): boolean {
  return containers.length > 0 && containers.every(({ exitCode }) => exitCode === 0);
}

/** A schedule and its application, as named in schedules.yaml. */
export interface ScheduleName {
  application: string;
  schedule: string;
}

function scheduleOf({ applications }: ScheduledTasksOptions, startedBy = ""): ScheduleName | undefined {
  const rule = startedBy.startsWith(STARTED_BY_RULE) ? startedBy.slice(STARTED_BY_RULE.length) : "";
  const owner = applications.find(({ prefix }) => rule.startsWith(prefix));
  return owner && { application: owner.application, schedule: rule.slice(owner.prefix.length) };
}

/** `storefront in dev: scheduled task stock failed` */
export function headlineOf(
  { environment }: ScheduledTasksOptions,
  { application, schedule }: ScheduleName,
  what: string,
): string {
  return `${application} in ${environment}: scheduled task ${schedule} ${what}`;
}
