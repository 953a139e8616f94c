import type { DeploymentObservation, ServiceObservation } from "../../../handlers/deploy/rollout";
import type { ServiceState } from "../../../handlers/deploy/state";

export const early = { elapsed: 30, deadline: 1_800 };
export const afterGrace = { elapsed: 60, deadline: 1_800 };
/** When ECS's reads are not stale any more. */
export const settled = { elapsed: 120, deadline: 1_800 };
export const late = { elapsed: 1_800, deadline: 1_800 };

export const state: ServiceState = { service: "web", previous: "web:1", next: "web:2", deployment: "ecs-svc/2" };

export const deployment = (change: Partial<DeploymentObservation>): DeploymentObservation => ({
  id: "ecs-svc/2",
  primary: true,
  taskDefinition: "web:2",
  rolloutState: "IN_PROGRESS",
  desired: 2,
  running: 1,
  pending: 1,
  failedTasks: 0,
  ...change,
});
export const old = (change: Partial<DeploymentObservation> = {}) =>
  deployment({ id: "ecs-svc/1", primary: false, taskDefinition: "web:1", rolloutState: "COMPLETED", ...change });
export const observe = (deployments: DeploymentObservation[], change: Partial<ServiceObservation> = {}) => ({
  status: "ACTIVE",
  desired: 2,
  deployments,
  events: [],
  rollsBackItself: true,
  ...change,
});
export const reason = "ECS deployment circuit breaker: tasks failed to start.";
