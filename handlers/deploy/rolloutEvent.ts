import type { EventBridgeEvent } from "aws-lambda";
import type { ServiceObservation } from "./rollout";

/**
 * The fields used from an event "ECS Deployment State Change".
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
 */
export interface RolloutEvent {
  eventName: string;
  deploymentId: string;
  reason?: string;
}

export type RolloutStateChange = EventBridgeEvent<"ECS Deployment State Change", RolloutEvent>;

const ENDS: Record<string, "COMPLETED" | "FAILED"> = {
  SERVICE_DEPLOYMENT_COMPLETED: "COMPLETED",
  SERVICE_DEPLOYMENT_FAILED: "FAILED",
};

/** The observations, updated with the event: a read may be older than the event. */
export function withEvent(
  observations: Map<string, ServiceObservation>,
  event: RolloutEvent | undefined,
): Map<string, ServiceObservation> {
  const end = ENDS[event?.eventName ?? ""];
  if (event === undefined || end === undefined) {
    return observations;
  }
  const changed = [...observations].map(([service, observation]): [string, ServiceObservation] => [
    service,
    {
      ...observation,
      deployments: observation.deployments.map((deployment) =>
        deployment.id === event.deploymentId && deployment.rolloutState !== "FAILED"
          ? { ...deployment, rolloutState: end, reason: event.reason ?? deployment.reason }
          : deployment,
      ),
    },
  ]);
  return new Map(changed);
}
