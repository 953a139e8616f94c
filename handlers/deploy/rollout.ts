import type { DeploymentRolloutState } from "@aws-sdk/client-ecs";
import { countToRestore } from "./desiredCount";
import type { ServiceState } from "./state";

/** One of a service's deployments, as in DescribeServices. Task definitions are `family:revision`. */
export interface DeploymentObservation {
  id: string;
  primary: boolean;
  taskDefinition: string;
  /** Missing if ECS does not control the rollout itself. */
  rolloutState?: DeploymentRolloutState | undefined;
  reason?: string | undefined;
  desired: number;
  running: number;
  pending: number;
  failedTasks: number;
}

export interface ServiceObservation {
  /** ACTIVE, or being deleted: DRAINING, INACTIVE. */
  status: string;
  desired: number;
  deployments: DeploymentObservation[];
  /** The service's events, newest first. */
  events: string[];
  /** Whether ECS's circuit breaker rolls back failed deployments. */
  rollsBackItself: boolean;
}

/** Elapsed time of the phase and its limit, in seconds. */
export interface Patience {
  elapsed: number;
  deadline: number;
}

export type RolloutVerdict =
  /** @property unverified the desired count is 0: nothing ran, so nothing is proven */
  | { kind: "completed"; unverified: boolean }
  | { kind: "waiting"; progress: string }
  | { kind: "failed"; cause: string };

export type RollbackVerdict =
  /** @property desired the service's desired count */
  | { kind: "returned"; desired: number }
  | { kind: "waiting"; progress: string }
  /**
   * Call UpdateService.
   * @property desiredCount also set this desired count, if any
   * @property precaution the service seems to be back, but the read may be stale. If it is back, nothing changes.
   */
  | { kind: "update"; desiredCount?: number; precaution?: true }
  | { kind: "failed"; cause: string };

/** How long to wait for ECS to start its own rollback, in seconds. */
const GRACE = 60;

/**
 * How long DescribeServices may not show a deployment that UpdateService has just created, in seconds. ECS's reads are
 * eventually consistent: a missing deployment may just be new.
 */
const UNSEEN = 120;

/**
 * The task definition to roll back to: the last one known to work. While a deployment is in progress, this is not the
 * service's own.
 */
export function rollbackTarget({ deployments }: ServiceObservation): string | undefined {
  const primary = deployments.find((deployment) => deployment.primary);
  const completed = deployments.find(({ rolloutState }) => rolloutState === "COMPLETED");
  return (primary?.rolloutState === "COMPLETED" ? primary : (completed ?? primary))?.taskDefinition;
}

/**
 * Evaluates the rollout of a service.
 *
 * Follows the deployment by its id, because a service is also stable after a rollback. If it is gone or replaced by
 * another task definition's deployment, it has failed. But if the previous deployment is shown, the read may be stale.
 * @param observation `undefined` if ECS has no such service
 */
export function decideRollout(
  state: ServiceState,
  observation: ServiceObservation | undefined,
  patience: Patience,
): RolloutVerdict {
  if (observation?.status !== "ACTIVE") {
    return { kind: "failed", cause: missing(observation) };
  }
  const own = observation.deployments.find(({ id }) => id === state.deployment);
  if (own?.rolloutState === "FAILED") {
    return { kind: "failed", cause: reasonOf(own) };
  }
  const primary = observation.deployments.find((deployment) => deployment.primary);
  if (primary?.taskDefinition !== state.next) {
    const isUnchanged = own === undefined && primary?.taskDefinition === state.previous;
    if (isUnchanged && patience.elapsed < UNSEEN && failureEvent(state, observation) === undefined) {
      return { kind: "waiting", progress: `ECS does not show ${state.next} yet` };
    }
    return { kind: "failed", cause: replaced(state, primary, observation) };
  }
  if (primary.rolloutState === "FAILED") {
    return { kind: "failed", cause: reasonOf(primary) };
  }
  if (observation.desired === 0) {
    return { kind: "completed", unverified: true };
  }
  if (isFinished(primary, observation)) {
    return { kind: "completed", unverified: false };
  }
  if (patience.elapsed >= patience.deadline) {
    // The circuit breaker needs at least three failed tasks and an earlier completed deployment. Without them, a bad
    // deployment stays in progress forever.
    return { kind: "failed", cause: `not complete after ${minutes(patience)}: ${progressOf(primary, observation)}` };
  }
  return { kind: "waiting", progress: progressOf(primary, observation) };
}

/**
 * Whether the rollback of a service has verifiably started: ECS shows the failed deployment behind the previous one, or
 * reports its failure. A read that shows only the previous one may be older than the rollout.
 */
export function hasTurned(state: ServiceState, observation: ServiceObservation | undefined): boolean {
  const { deployments = [] } = observation ?? {};
  return (
    deployments.some(({ primary, taskDefinition }) => primary && taskDefinition === state.previous) &&
    (deployments.some(({ taskDefinition }) => taskDefinition === state.next) ||
      (observation !== undefined && failureEvent(state, observation) !== undefined))
  );
}

/** Evaluates the rollback of a service: ECS's own if there is one, otherwise an update to the previous revision. */
export function decideRollback(
  state: ServiceState,
  observation: ServiceObservation | undefined,
  patience: Patience,
): RollbackVerdict {
  if (observation?.status !== "ACTIVE") {
    return { kind: "failed", cause: missing(observation) };
  }
  const overdue = patience.elapsed >= patience.deadline;
  const primary = observation.deployments.find((deployment) => deployment.primary);
  const desiredCount = countToRestore(state, observation.desired);
  const update: RollbackVerdict = { kind: "update", ...(desiredCount !== undefined && { desiredCount }) };
  if (primary?.taskDefinition === state.next) {
    if (state.stuck) {
      return { kind: "failed", cause: `it still has ${state.next}` };
    }
    if (overdue) {
      return { kind: "failed", cause: `it still has ${state.next} after ${minutes(patience)}` };
    }
    if (primary.rolloutState === "FAILED" && observation.rollsBackItself && patience.elapsed < GRACE) {
      return { kind: "waiting", progress: "ECS's circuit breaker is about to roll it back" };
    }
    return update;
  }
  if (primary?.taskDefinition !== state.previous) {
    const what =
      primary === undefined
        ? "it has no ECS deployment"
        : `it was updated to ${primary.taskDefinition} in the meantime`;
    return { kind: "failed", cause: `${what}, and was left as it is` };
  }
  if (desiredCount !== undefined) {
    // ECS's own rollback changes only the task definition.
    const cause = `it has ${state.previous} again, but with a desired count of ${observation.desired} instead of ${desiredCount}`;
    return state.stuck || overdue ? { kind: "failed", cause } : update;
  }
  if (patience.elapsed < UNSEEN && !state.turned && !hasTurned(state, observation)) {
    return { ...update, precaution: true };
  }
  if (observation.desired === 0) {
    return { kind: "returned", desired: 0 };
  }
  if (primary.rolloutState === "FAILED") {
    return { kind: "failed", cause: `${state.previous} failed as well: ${reasonOf(primary)}` };
  }
  if (isFinished(primary, observation)) {
    return { kind: "returned", desired: observation.desired };
  }
  const progress = `${state.previous}: ${progressOf(primary, observation)}`;
  return overdue
    ? { kind: "failed", cause: `not complete after ${minutes(patience)}: ${progress}` }
    : { kind: "waiting", progress };
}

function isFinished(deployment: DeploymentObservation, { deployments }: ServiceObservation): boolean {
  switch (deployment.rolloutState) {
    case "COMPLETED":
      return true;
    case "FAILED":
    case "IN_PROGRESS":
      return false;
    case undefined:
      return deployments.length === 1 && deployment.running === deployment.desired && deployment.pending === 0;
  }
}

function replaced(
  state: ServiceState,
  primary: DeploymentObservation | undefined,
  observation: ServiceObservation,
): string {
  const event = failureEvent(state, observation);
  if (event !== undefined) {
    return event.replace(/\.$/, "");
  }
  const gone = state.deployment
    ? `ECS deployment ${state.deployment} no longer exists`
    : `${state.next} was not started`;
  return `${gone}; the service has ${primary?.taskDefinition ?? "no ECS deployment"}`;
}

/** ECS drops a failed deployment and its reason once its tasks are gone. The service's events keep the reason. */
function failureEvent({ deployment }: ServiceState, { events }: ServiceObservation): string | undefined {
  return events.find((text) => deployment !== undefined && text.includes(deployment) && text.includes("failed"));
}

function reasonOf({ reason }: DeploymentObservation): string {
  return reason?.replace(/\.$/, "") ?? "ECS gave no reason";
}

function missing(observation: ServiceObservation | undefined): string {
  return observation === undefined ? "the service does not exist in ECS" : `the service is ${observation.status}`;
}

function progressOf({ running, desired, pending, failedTasks }: DeploymentObservation, { events }: ServiceObservation) {
  const counts = `${running} of ${desired} tasks running, ${pending} pending, ${failedTasks} failed`;
  return events[0] === undefined ? counts : `${counts}; last event: ${events[0]}`;
}

function minutes({ deadline }: Patience): string {
  return `${Math.round(deadline / 60)} minutes`;
}
