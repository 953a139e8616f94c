import type { Tag } from "@aws-sdk/client-ecs";
import type { ServiceState } from "./state";

/** The tag of a delivered revision with the desired count configured for that delivery. */
export const COUNT = "slipway:count";

export interface CountObservation {
  /** The configured count. */
  wanted: number;
  /** The service's desired count. */
  current: number;
  /** Whether a delivered image was running before. */
  delivered: boolean;
  /** The tags of the previous revision. */
  tags: Tag[];
}

/**
 * Decides how a delivery changes the desired count. It sets the configured count. But a service that was scaled to 0 by
 * hand stays stopped; the last delivery has recorded whether 0 was configured.
 */
export function decideCount({
  wanted,
  current,
  delivered,
  tags,
}: CountObservation): Pick<ServiceState, "first" | "count" | "before"> {
  if (!delivered) {
    return { first: true, count: wanted };
  }
  const configured = tags.some(({ key, value }) => key === COUNT && value === "0");
  const stopped = current === 0 && !configured;
  return stopped || current === wanted ? {} : { count: wanted, before: current };
}

/**
 * The desired count that a rollback must set; `undefined` if none.
 * @param desired the service's current desired count
 */
export function countToRestore({ first, count, before }: ServiceState, desired: number): number | undefined {
  if (first) {
    // Before its first delivery, a service has no image that it could run.
    return desired === 0 ? undefined : 0;
  }
  // Any other count was set by somebody since the failed delivery, or has already been restored.
  return desired === count ? before : undefined;
}
