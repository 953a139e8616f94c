import { parseToken, shorten } from "../shared/codePipelineJob";

/** The progress of one service. Task definitions are `family:revision`. */
export interface ServiceState {
  service: string;
  /** What ran before, the target of a rollback. Not revision − 1, and never deregistered. */
  previous: string;
  next: string;
  /** No delivered image ran before: a rollback can only stop all tasks. */
  first?: true | undefined;
  /** The desired count to set, if it differs. */
  count?: number | undefined;
  /** The desired count that `count` replaces: a rollback restores it. After a first delivery, it sets 0 instead. */
  before?: number | undefined;
  /** The deployment's id, once it has started. */
  deployment?: string | undefined;
  /** The service's rollback has started: ECS has shown it, or accepted the update. */
  turned?: true | undefined;
  /** ECS rejects the rollback: since when, in epoch seconds, and the latest error. */
  refusal?: { since: number; error: string } | undefined;
  /** ECS has rejected the rollback for too long: no more retries. */
  stuck?: true | undefined;
}

/** A deployment's state between rounds, stored in its record. */
export interface DeploymentState {
  /**
   * - waiting: another deployment of the application is in progress; there are no services yet
   * - registered: the new revisions exist, nothing is changed
   * - rollout: the services have been updated, or are being updated
   * - rollback: something failed, and all services are rolled back
   */
  phase: "waiting" | "registered" | "rollout" | "rollback";
  /** When this phase began, in epoch seconds. */
  since: number;
  services: ServiceState[];
  /** Why it is rolled back. */
  cause?: string | undefined;
}

/** Longest cause that is stored, in characters: CodePipeline accepts messages of 5,000. */
const CAUSE = 2_000;

/** The state as stored in its record. */
export function encodeState({ cause, ...rest }: DeploymentState): string {
  return JSON.stringify({ ...rest, cause: cause && shorten(cause, CAUSE) });
}

/** @throws Failure if {@link encodeState} did not create the token */
export function decodeState(token: string): DeploymentState {
  return parseToken<DeploymentState>(
    token,
    ({ services, since, phase }) => Array.isArray(services) && typeof since === "number" && phase !== undefined,
  );
}
