import { shorten } from "../shared/codePipelineJob";
import { explain, isTransient } from "../shared/failure";
import { log } from "../shared/log";
import type { DeploymentContext, DeploymentRequest, Outcome } from "./context";
import { decideRollback, hasTurned, type ServiceObservation } from "./rollout";
import { updateService } from "./services";
import type { DeploymentState, ServiceState } from "./state";

/** How long a rejected update is retried, in seconds: a denial may be temporary. */
const REFUSED = 5 * 60;

/** Longest error that is stored, in characters. */
const ERROR = 500;

/**
 * Rolls back every service of a failed deployment, including those that succeeded, and follows until all are done. Each
 * action depends only on observations, so a repeated step does nothing twice.
 * @param detecting whether the observations are those that showed the failure: the rollback cannot be complete in them
 */
export async function goBack(
  context: DeploymentContext,
  { version }: DeploymentRequest,
  state: DeploymentState,
  observations: Map<string, ServiceObservation>,
  detecting = false,
): Promise<Outcome> {
  const { application, deadlineMinutes } = context.options;
  const patience = { elapsed: context.now() / 1_000 - state.since, deadline: deadlineMinutes * 60 };
  const services: ServiceState[] = [];
  const waiting: string[] = [];
  const ends: string[] = [];
  for (const each of state.services) {
    const { service, previous } = each;
    const observation = observations.get(service);
    let after: ServiceState = hasTurned(each, observation) ? { ...each, turned: true } : each;
    const verdict = decideRollback(each, observation, patience);
    switch (verdict.kind) {
      case "update": {
        const { accepted, error } = await update(context, each, verdict.desiredCount);
        after = accepted
          ? { ...after, turned: true, refusal: undefined }
          : refused(after, error, context.now() / 1_000);
        waiting.push(`${service}: rolling back to ${previous}${error === undefined ? "" : ` (${error})`}`);
        break;
      }
      case "waiting":
        after = { ...after, refusal: undefined };
        waiting.push(`${service}: ${verdict.progress}`);
        break;
      case "returned":
        ends.push(`${service} is back at ${previous}${countOf(each, verdict.desired)}`);
        break;
      case "failed":
        ends.push(`${service} is not back at ${previous}: ${verdict.cause}${refusalOf(each)}`);
        break;
    }
    services.push(after);
  }
  if (waiting.length > 0 || detecting) {
    const summary = `rolling back. ${[...waiting, ...(detecting ? ends : [])].join(". ")}`;
    return { kind: "underWay", state: { ...state, services }, summary };
  }
  const message = `${application} ${version} was not deployed. ${state.cause}. Rollback: ${ends.join("; ")}.`;
  return { kind: "failed", message };
}

/** @param error why ECS rejected the update; absent if the error was transient, which is not a rejection */
function refused(service: ServiceState, error: string | undefined, now: number): ServiceState {
  if (error === undefined) {
    return { ...service, refusal: undefined };
  }
  const since = service.refusal?.since ?? Math.floor(now);
  const refusal = { since, error: shorten(error, ERROR) };
  return { ...service, refusal, ...(now - since >= REFUSED && { stuck: true }) };
}

const refusalOf = ({ refusal }: ServiceState): string => (refusal === undefined ? "" : ` (${refusal.error})`);

function countOf({ first, before }: ServiceState, desired: number): string {
  if (first) {
    return ", without tasks: it never had any";
  }
  return before === undefined ? "" : `, with a desired count of ${desired}`;
}

/** @returns whether ECS accepted the update, and the error of a rejection, unless it is transient */
async function update(
  { ecs, options }: DeploymentContext,
  { service, previous }: ServiceState,
  desiredCount: number | undefined,
): Promise<{ accepted: boolean; error?: string }> {
  try {
    const count = desiredCount === undefined ? {} : { desiredCount };
    await updateService(ecs, { cluster: options.cluster, service, taskDefinition: previous, ...count });
    log("info", "rollback started", { service, taskDefinition: previous, ...count });
    return { accepted: true };
  } catch (error) {
    log("error", "rollback not started", { service, taskDefinition: previous, cause: explain(error) });
    return { accepted: false, ...(!isTransient(error) && { error: explain(error) }) };
  }
}
