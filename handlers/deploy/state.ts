import { parseToken, shorten } from "../shared/codePipelineJob";

/** How far one service is. Task definitions are `family:revision`. */
export interface ServiceState {
  service: string;
  /** What ran before: to this the service goes back. Not revision − 1, and never deregistered. */
  previous: string;
  next: string;
  /** No delivered image ran before: there is nothing to go back to but no tasks at all. */
  first?: true | undefined;
  /** The desired count to set, where it differs. */
  count?: number | undefined;
  /** The desired count that `count` replaces: a rollback restores it. A first delivery goes back to 0 instead. */
  before?: number | undefined;
  /** The deployment's id, once it has started. */
  deployment?: string | undefined;
  /** The service is known to be on its way back: ECS has shown that, or has accepted the update. */
  turned?: true | undefined;
  /** ECS refuses to take the service back: since when, in epoch seconds, and with which error now. */
  refusal?: { since: number; error: string } | undefined;
  /** ECS has refused that for too long: it is not tried again. */
  stuck?: true | undefined;
}

/** What a deployment remembers from one round to the next, in its record. */
export interface DeploymentState {
  /**
   * - waiting: another deployment of the application is under way; there are no services yet
   * - registered: the new revisions exist, nothing is changed
   * - rollout: the services have been updated, or are being updated
   * - rollback: something failed, and all go back
   */
  phase: "waiting" | "registered" | "rollout" | "rollback";
  /** When this phase began, in epoch seconds. */
  since: number;
  services: ServiceState[];
  /** Why it goes back. */
  cause?: string | undefined;
}

/** Longest cause that is kept, in characters: CodePipeline takes messages of 5,000. */
const CAUSE = 2_000;

/** The state as its record keeps it. */
export function encodeState({ cause, ...rest }: DeploymentState): string {
  return JSON.stringify({ ...rest, cause: cause && shorten(cause, CAUSE) });
}

/** @throws Failure for a token that is not of {@link encodeState}'s making */
export function decodeState(token: string): DeploymentState {
  return parseToken<DeploymentState>(
    token,
    ({ services, since, phase }) => Array.isArray(services) && typeof since === "number" && phase !== undefined,
  );
}
