import type { Cloud } from "../service";
import { type ServiceEvent as SentEvent, sendServiceEvent } from "../serviceEvent";
import { type BreakerVerdict, decideBreaker, retryDelay } from "./rollout";
import { addEvent, type EcsService, primaryOf, type ServiceDeployment } from "./service";
import type { Revision } from "./taskDefinition";

/**
 * The deployments of services: started, completed, failed and rolled back.
 * @param onChange called when a service has a new PRIMARY deployment, or may start tasks again
 */
export function createDeployments(cloud: Cloud, onChange: (service: EcsService) => void) {
  /**
   * Gives the service a new PRIMARY deployment, replacing one in progress.
   * @param rollbackReason if the circuit breaker creates it
   */
  function deploy(service: EcsService, revision: Revision, rollbackReason?: string): void {
    const now = cloud.clock.now();
    const id = `ecs-svc/${BigInt(`0x${cloud.id(15)}`)
      .toString()
      .padStart(19, "0")}`;
    makePrimary(service, {
      id,
      status: "PRIMARY",
      revision,
      rolloutState: "IN_PROGRESS",
      rolloutStateReason: rollbackReason ?? `ECS deployment ${id} in progress.`,
      failedTasks: 0,
      retryAt: now,
      createdAt: now,
      updatedAt: now,
    });
  }

  function makePrimary(service: EcsService, deployment: ServiceDeployment): void {
    const others = service.deployments.filter((it) => it !== deployment);
    for (const other of others) other.status = "ACTIVE";
    deployment.status = "PRIMARY";
    service.deployments = [deployment, ...others];
    tell(service, deployment);
    onChange(service);
  }

  function tell({ settings }: EcsService, deployment: ServiceDeployment): void {
    deployment.updatedAt = cloud.clock.now();
    cloud.tell({
      kind: "deployment",
      service: settings.name,
      deploymentId: deployment.id,
      taskDefinition: deployment.revision.definition.taskDefinitionArn,
      rolloutState: deployment.rolloutState,
      reason: deployment.rolloutStateReason,
    });
    sendServiceEvent(cloud, stateChange(settings.arn, deployment));
  }

  /** The PRIMARY deployment has all its tasks, and no other has any. */
  function complete(service: EcsService): void {
    const primary = primaryOf(service);
    if (primary.rolloutState !== "IN_PROGRESS") return;
    primary.rolloutState = "COMPLETED";
    primary.rolloutStateReason = `ECS deployment ${primary.id} completed.`;
    service.completed = primary;
    service.deployments = [primary];
    addEvent(cloud, service, `(deployment ${primary.id}) deployment completed.`);
    addEvent(cloud, service, "has reached a steady state.");
    tell(service, primary);
  }

  /** A task of the deployment ended before it became healthy. */
  function countFailure(service: EcsService, deployment: ServiceDeployment): void {
    deployment.failedTasks += 1;
    const delay = retryDelay(deployment.failedTasks);
    deployment.retryAt = cloud.clock.now() + delay;
    cloud.clock.after(delay, () => onChange(service));
    if (deployment !== primaryOf(service) || deployment.rolloutState !== "IN_PROGRESS") return;
    const verdict = verdictOn(service);
    if (verdict === "closed" || verdict === "stall") return;
    deployment.rolloutState = "FAILED";
    deployment.rolloutStateReason = "ECS deployment circuit breaker: tasks failed to start.";
    addEvent(cloud, service, `(deployment ${deployment.id}) deployment failed: tasks failed to start.`);
    tell(service, deployment);
    if (verdict === "roll back") rollBack(service);
  }

  /**
   * Returns to the last completed deployment. If it still has tasks, it becomes PRIMARY again with them. It is then in
   * progress, and no further rollback is possible.
   */
  function rollBack(service: EcsService): void {
    const { completed } = service;
    if (completed === undefined) return;
    service.completed = undefined;
    const reason = `ECS deployment circuit breaker: rolling back to deploymentId ${completed.id}.`;
    addEvent(cloud, service, `rolling back to deployment ${completed.id}.`);
    if (service.deployments.includes(completed)) {
      completed.rolloutState = "IN_PROGRESS";
      completed.rolloutStateReason = reason;
      completed.failedTasks = 0;
      makePrimary(service, completed);
    } else deploy(service, completed.revision, reason);
  }

  function verdictOn({ settings, desiredCount, deployments, completed }: EcsService): BreakerVerdict {
    const { enable: enabled, rollback } = settings.circuitBreaker;
    const failedTasks = deployments[0]?.failedTasks ?? 0;
    return decideBreaker({ enabled, rollback, desiredCount, failedTasks, hasCompleted: completed !== undefined });
  }

  /** Whether the PRIMARY deployment may start tasks: not if it has failed, nor right after a task has. */
  function mayStart(service: EcsService): boolean {
    const { rolloutState, retryAt } = primaryOf(service);
    if (rolloutState === "FAILED" || cloud.clock.now() < retryAt) return false;
    return rolloutState === "COMPLETED" || verdictOn(service) === "closed";
  }

  return { deploy, complete, countFailure, mayStart };
}

const EVENTS = {
  IN_PROGRESS: ["INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS"],
  COMPLETED: ["INFO", "SERVICE_DEPLOYMENT_COMPLETED"],
  FAILED: ["ERROR", "SERVICE_DEPLOYMENT_FAILED"],
} as const;

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html */
function stateChange(
  serviceArn: string,
  { id, rolloutState, rolloutStateReason, updatedAt }: ServiceDeployment,
): SentEvent {
  const [eventType, eventName] = EVENTS[rolloutState];
  return {
    source: "aws.ecs",
    detailType: "ECS Deployment State Change",
    resources: [serviceArn],
    detail: {
      eventType,
      eventName,
      deploymentId: id,
      updatedAt: new Date(updatedAt).toISOString(),
      reason: rolloutStateReason,
    },
  };
}
