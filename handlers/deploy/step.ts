import { explain, failure, failureType, isTransient } from "../shared/failure";
import { log } from "../shared/log";
import type { DeploymentContext, DeploymentRequest, Outcome } from "./context";
import { advance } from "./deployment";
import type { DeploymentState } from "./state";

/** How long a start is retried after an error that seems permanent, in seconds: a denial may be temporary. */
const START = 5 * 60;
/** The same for transient errors. */
const TRANSIENT = 30 * 60;

/**
 * Advances a deployment by one step. An error does not end a deployment that has started: it is observed again until
 * the deadline, and then rolled back.
 * @param state absent at the start
 * @throws what prevents the start; a Failure that names the services to check if they cannot be rolled back
 */
export async function takeStep(
  context: DeploymentContext,
  request: DeploymentRequest,
  state: DeploymentState | undefined,
): Promise<Outcome> {
  try {
    return await advance(context, request, state);
  } catch (error) {
    if (state === undefined || state.phase === "waiting") {
      throw error;
    }
    const { application, deadlineMinutes } = context.options;
    const now = Math.floor(context.now() / 1_000);
    const starting = isTransient(error) ? TRANSIENT : START;
    const patience = state.phase === "registered" ? starting : deadlineMinutes * 60;
    log("warn", "deploy progress not read", { application, phase: state.phase, cause: explain(error) });
    if (now - state.since < patience) {
      return { kind: "underWay", state, summary: `retrying: ${explain(error)}` };
    }
    if (state.phase === "rollback") {
      throw lost(application, request, state, error);
    }
    const what = state.phase === "registered" ? "started" : "observed";
    const cause = `the rollout could not be ${what} for ${Math.floor(patience / 60)} minutes: ${explain(error)}`;
    return {
      kind: "underWay",
      state: { ...state, phase: "rollback", since: now, cause },
      summary: `rolling back: ${cause}`,
    };
  }
}

function lost(application: string, { version }: DeploymentRequest, state: DeploymentState, error: unknown) {
  const services = state.services.map(({ service, previous }) => `${service} (previously ${previous})`).join(", ");
  const what = `the rollback of ${application} ${version} is no longer observed`;
  return failure(
    failureType(error),
    `${what}: ${explain(error)}. The cause of the rollback: ${state.cause}. Check ${services}`,
    error,
  );
}
