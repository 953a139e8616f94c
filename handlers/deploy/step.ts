import { explain, failure, failureType, isTransient } from "../failure";
import { log } from "../log";
import { advance, type DeploymentContext, type DeploymentRequest, type Outcome } from "./deployment";
import { lockSeconds } from "./lock";
import type { DeploymentState } from "./state";

/**
 * Takes a deployment one step further. One that has begun is not given up because AWS cannot be asked for a while: until the
 * deadline it is asked again.
 * @param state absent at the start
 * @throws what keeps it from going on; a Failure that names the services to look after if they have been touched
 */
export async function takeStep(
  context: DeploymentContext,
  request: DeploymentRequest,
  state: DeploymentState | undefined,
): Promise<Outcome> {
  try {
    return await advance(context, request, state);
  } catch (error) {
    if (state === undefined) {
      throw error;
    }
    const { application, deadlineMinutes } = context.options;
    const patience = state.phase === "waiting" ? lockSeconds(deadlineMinutes) : deadlineMinutes * 60;
    const late = context.now() / 1_000 - state.since >= patience;
    if (isTransient(error) && !late) {
      log("warn", "deployment not observed", { application, cause: explain(error) });
      return { kind: "underWay", state, summary: `asking again: ${explain(error)}` };
    }
    throw state.phase === "waiting" ? error : lost(application, request, state, error);
  }
}

function lost(application: string, { version }: DeploymentRequest, state: DeploymentState, error: unknown) {
  const services = state.services.map(({ service, previous }) => `${service} (${previous} before)`).join(", ");
  const what = `the ${state.phase === "registered" ? "start" : state.phase} of ${application} ${version} is not followed any further`;
  const before = state.cause === undefined ? "" : ` It went back because of ${state.cause}.`;
  return failure(failureType(error), `${what}: ${explain(error)}.${before} Look after ${services}`, error);
}
