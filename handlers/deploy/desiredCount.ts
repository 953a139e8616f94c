import type { Tag } from "@aws-sdk/client-ecs";
import type { ServiceState } from "./state";

/** The tag of a delivered revision that records the count which the configuration wanted of that delivery. */
export const COUNT = "slipway:count";

export interface CountObservation {
  /** What the configuration wants. */
  wanted: number;
  /** The service's desired count. */
  current: number;
  /** Whether a delivered image ran before. */
  delivered: boolean;
  /** The tags of the revision that ran before. */
  tags: Tag[];
}

/**
 * What a delivery does about the desired count. It sets what the configuration wants. But who has scaled a service to 0 has
 * stopped it, and means it; unless it was the configuration that wanted 0, which the last delivery has recorded.
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
 * The desired count that a rollback has to set; `undefined` if there is none.
 * @param desired the desired count that the service has
 */
export function countToRestore({ first, count, before }: ServiceState, desired: number): number | undefined {
  if (first) {
    // Before its first delivery a service has no image that it could run.
    return desired === 0 ? undefined : 0;
  }
  // Any other count than the failed delivery's was set by somebody since, or has been restored already.
  return desired === count ? before : undefined;
}
