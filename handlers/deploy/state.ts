import { parseToken, shorten, TOKEN } from "../codePipelineJob";
import { failure } from "../failure";

/** Kept for the causes of a failure and of a failed rollback, together. */
const CAUSES = 400;

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
  /** ECS refused to take the service back: it is not tried again. */
  stuck?: true | undefined;
}

/** What a deployment remembers from one invocation to the next, in the continuation token. */
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
  /** Why a service cannot be taken back. */
  obstacle?: string | undefined;
}

/** The state as a continuation token. Causes are shortened to the room that there is. */
export function encodeState(state: DeploymentState): string {
  const { cause, obstacle, ...rest } = state;
  const room = TOKEN - JSON.stringify({ ...rest, cause: "", obstacle: "" }).length;
  const share = Math.floor(obstacle === undefined ? room : room / 2);
  return JSON.stringify({ ...rest, cause: flat(cause, share), obstacle: flat(obstacle, share) });
}

/**
 * Makes sure, before anything is changed, that the token will have room to the end.
 * @throws Failure that says how many services there are
 */
export function reserveRoom(state: DeploymentState): void {
  const services = state.services.map((each) => ({
    ...each,
    deployment: `ecs-svc/${"0".repeat(19)}`,
    turned: true,
    stuck: true,
  }));
  if (JSON.stringify({ ...state, services, cause: "", obstacle: "" }).length + CAUSES > TOKEN) {
    const what = `${services.length} services do not fit CodePipeline's continuation token of ${TOKEN} characters`;
    throw failure("ConfigurationError", `${what}: divide the application, or shorten the names of its services`);
  }
}

/** Without what JSON would write as more than one character. */
function flat(text: string | undefined, length: number): string | undefined {
  return text === undefined ? undefined : shorten(text.replace(/["\\]/g, "'").replace(/\p{Cc}/gu, " "), length);
}

/** @throws Failure for a token that is not of {@link encodeState}'s making */
export function decodeState(token: string): DeploymentState {
  return parseToken<DeploymentState>(
    token,
    ({ services, since, phase }) => Array.isArray(services) && typeof since === "number" && phase !== undefined,
  );
}
