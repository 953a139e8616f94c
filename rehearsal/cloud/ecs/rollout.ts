// The decisions of a rolling update, separate from their execution.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html

/** A task as the scheduler sees it. */
export interface TaskObservation {
  id: string;
  /** Whether it belongs to the PRIMARY deployment. */
  primary: boolean;
  /** Pending and unhealthy tasks serve no requests. Tasks being stopped count as stopping. */
  condition: "pending" | "healthy" | "unhealthy" | "stopping";
}

export interface RolloutObservation {
  desiredCount: number;
  minimumHealthyPercent: number;
  maximumPercent: number;
  /** Failed deployments, and those waiting for a retry, start no tasks. */
  mayStart: boolean;
  tasks: TaskObservation[];
}

export interface RolloutDecision {
  /** How many tasks of the PRIMARY deployment to start. */
  start: number;
  /** Ids of the tasks to stop. */
  stop: string[];
  /** Whether the PRIMARY deployment has all its tasks, healthy, and no others remain. */
  steady: boolean;
}

export function decideRollout(observation: RolloutObservation): RolloutDecision {
  const { desiredCount, minimumHealthyPercent, maximumPercent, mayStart, tasks } = observation;
  const active = tasks.filter(({ condition }) => condition !== "stopping");
  const primary = active.filter((task) => task.primary);
  const older = active.filter((task) => !task.primary);
  const minimum = Math.ceil((desiredCount * minimumHealthyPercent) / 100);
  const maximum = Math.floor((desiredCount * maximumPercent) / 100);

  const surplus = leastUseful(primary).slice(0, Math.max(0, primary.length - desiredCount));
  const spare = active.filter(({ condition }) => condition === "healthy").length - healthy(surplus) - minimum;
  const outdated = [
    ...older.filter(({ condition }) => condition !== "healthy"),
    ...older.filter(({ condition }) => condition === "healthy").slice(0, Math.max(0, spare)),
  ];
  // A deployment that starts no tasks does not replace those still serving.
  const stop = mayStart || primary.length >= desiredCount ? [...surplus, ...outdated] : surplus;

  // Stopping tasks still count.
  const room = maximum - tasks.length;
  const start = mayStart ? Math.max(0, Math.min(desiredCount - primary.length, room)) : 0;
  const steady = tasks.every((task) => task.primary && task.condition === "healthy") && tasks.length === desiredCount;
  return { start, stop: stop.map(({ id }) => id), steady };
}

const healthy = (tasks: TaskObservation[]): number => tasks.filter(({ condition }) => condition === "healthy").length;

/** Pending and unhealthy ones first, then the newest. */
function leastUseful(tasks: TaskObservation[]): TaskObservation[] {
  return [
    ...tasks.filter((it) => it.condition !== "healthy"),
    ...tasks.filter((it) => it.condition === "healthy").reverse(),
  ];
}

/**
 * Consecutive failed tasks that open the circuit breaker: half of the desired count, at least 3, at most 200.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
 */
export function failureThreshold(desiredCount: number): number {
  return Math.min(200, Math.max(3, Math.ceil(desiredCount * 0.5)));
}

/** The scheduler's retry delay after this many consecutive failures, in milliseconds; at most 27 minutes. */
export function retryDelay(failures: number): number {
  return failures === 0 ? 0 : Math.min(27 * 60_000, 10_000 * 2 ** (failures - 1));
}

export type BreakerVerdict = "closed" | "roll back" | "fail" | "stall";

/**
 * What the circuit breaker does. Without a completed deployment to roll back to, the deployment launches no more tasks
 * and stays IN_PROGRESS forever.
 */
export function decideBreaker(observation: {
  enabled: boolean;
  rollback: boolean;
  desiredCount: number;
  failedTasks: number;
  hasCompleted: boolean;
}): BreakerVerdict {
  const { enabled, rollback, desiredCount, failedTasks, hasCompleted } = observation;
  if (!enabled || failedTasks < failureThreshold(desiredCount)) return "closed";
  if (!rollback) return "fail";
  return hasCompleted ? "roll back" : "stall";
}
