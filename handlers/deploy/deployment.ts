import { TagResourceCommand } from "@aws-sdk/client-ecs";
import { explain, failure } from "../shared/failure";
import { readImage, referenceOf } from "../shared/image";
import { log } from "../shared/log";
import type { DeploymentContext, DeploymentRequest, Outcome } from "./context";
import { abandonRest, otherHolder, STARTED, takeDeploymentLock, waitFor } from "./deploymentLock";
import { decideCount } from "./desiredCount";
import type { DeployService } from "./options";
import { goBack } from "./rollback";
import { decideRollout, rollbackTarget, type ServiceObservation } from "./rollout";
import { withEvent } from "./rolloutEvent";
import {
  describeTaskDefinition,
  observeServices,
  registerTaskDefinition,
  stoppedTasks,
  updateService,
} from "./services";
import type { DeploymentState, ServiceState } from "./state";
import { isDelivered, registrationOf } from "./taskDefinition";

/**
 * Advances a deployment by one step: an observation and the resulting action. A step may be repeated, or come late:
 *
 * 1. The first registers the new revisions and changes nothing. Its record decides: of several concurrent rounds only
 *    one is recorded, so only one set of revisions is used.
 * 2. The second takes the application's lock and updates the services, unless it is too late. Each revision is tagged
 *    first, so that a repeated step sees that it was started, and neither updates twice nor undoes a rollback.
 * 3. All others observe, and roll back if necessary.
 *
 * @param state the previous step's result; absent at the start
 */
export async function advance(
  context: DeploymentContext,
  request: DeploymentRequest,
  state: DeploymentState | undefined,
): Promise<Outcome> {
  switch (state?.phase) {
    case undefined:
    case "waiting": {
      const holder = await otherHolder(context, request);
      return holder === undefined ? prepare(context, request) : waitFor(context, request, holder, state);
    }
    case "registered":
      return start(context, request, state);
    case "rollout":
      return follow(context, request, state);
    case "rollback":
      return goBack(context, request, state, await observe(context, state));
  }
}

async function observe({ ecs, options, event }: DeploymentContext, { services }: DeploymentState) {
  const names = services.map(({ service }) => service);
  return withEvent(await observeServices(ecs, options.cluster, names), event);
}

/** Checks everything before it registers anything. */
async function prepare(context: DeploymentContext, { image, version }: DeploymentRequest): Promise<Outcome> {
  const { ecs, ecr, options } = context;
  // Without this, ECS would detect a missing image only task by task, as CannotPullContainerError.
  await readImage(ecr, referenceOf(image));
  const names = options.services.map(({ service }) => service);
  const observations = await observeServices(ecs, options.cluster, names);
  const plans: Awaited<ReturnType<typeof plan>>[] = [];
  for (const service of options.services) {
    plans.push(await plan(context, service, observations.get(service.service), image));
  }
  const since = Math.floor(context.now() / 1_000);
  const services: ServiceState[] = [];
  for (const { registration, state } of plans) {
    services.push({ ...state, next: await registerTaskDefinition(ecs, registration) });
  }
  const summary = `registered ${services.map(({ next }) => next).join(", ")} for ${options.application} ${version}`;
  return { kind: "underWay", state: { phase: "registered", since, services }, summary };
}

async function plan(
  { ecs, options }: DeploymentContext,
  { service, container, taskDefinition, count }: DeployService,
  observation: ServiceObservation | undefined,
  image: string,
) {
  const previous = observation?.status === "ACTIVE" ? rollbackTarget(observation) : undefined;
  if (observation === undefined || previous === undefined) {
    const found = observation === undefined ? "does not exist" : `is ${observation.status}`;
    throw failure("ConfigurationError", `service ${service} in cluster ${options.cluster} ${found}`);
  }
  const described = await describeTaskDefinition(ecs, taskDefinition);
  const registration = registrationOf(described, container, image, count);
  const { definition, tags } = await describeTaskDefinition(ecs, previous);
  const delivered = isDelivered(definition, container);
  const state: ServiceState = {
    service,
    previous,
    // Placeholder until the revision's name is known.
    next: `${registration.family}:000000`,
    ...decideCount({ wanted: count, current: observation.desired, delivered, tags }),
  };
  return { registration, state };
}

async function start(context: DeploymentContext, request: DeploymentRequest, state: DeploymentState): Promise<Outcome> {
  const hindrance = await takeDeploymentLock(context, request, state);
  if (hindrance !== undefined) {
    return hindrance;
  }
  const services = [...state.services];
  const since = Math.floor(context.now() / 1_000);
  for (const [index, each] of services.entries()) {
    const isFree = await markStarted(context, request, each);
    try {
      services[index] = { ...each, deployment: isFree ? await startService(context, each) : undefined };
    } catch (error) {
      // All or nothing: roll back the services already started.
      const cause = `${each.service} was not updated: ${explain(error)}`;
      log("error", "rollout not started", { service: each.service, cause });
      await abandonRest(context, state);
      const summary = `rolling back: ${cause}`;
      return { kind: "underWay", state: { phase: "rollback", since, services, cause }, summary };
    }
  }
  const summary = `rolling out ${services.map(({ next }) => next).join(", ")}`;
  return { kind: "underWay", state: { phase: "rollout", since, services }, summary };
}

/**
 * Tags a service's revision before the service is updated to it.
 * @returns whether this call may update the service; false if an earlier invocation has started it, or was about to
 * @throws ECS's error: the service was not updated, and the step may be repeated
 */
async function markStarted(
  { ecs }: DeploymentContext,
  { id }: DeploymentRequest,
  { service, next }: ServiceState,
): Promise<boolean> {
  const { definition, tags } = await describeTaskDefinition(ecs, next);
  if (tags.some(({ key }) => key === STARTED)) {
    log("info", "rollout already started", { service, taskDefinition: next });
    return false;
  }
  const tag = { resourceArn: definition.taskDefinitionArn, tags: [{ key: STARTED, value: id }] };
  await ecs.send(new TagResourceCommand(tag));
  return true;
}

/** @returns the deployment's id */
async function startService(
  { ecs, options }: DeploymentContext,
  { service, next, count }: ServiceState,
): Promise<string | undefined> {
  const desiredCount = count === undefined ? {} : { desiredCount: count };
  const input = { cluster: options.cluster, service, taskDefinition: next, ...desiredCount };
  const deployment = await updateService(ecs, input);
  log("info", "rollout started", { service, taskDefinition: next, deployment });
  return deployment;
}

async function follow(
  context: DeploymentContext,
  request: DeploymentRequest,
  state: DeploymentState,
): Promise<Outcome> {
  const { ecs, options } = context;
  const observations = await observe(context, state);
  const patience = { elapsed: context.now() / 1_000 - state.since, deadline: options.deadlineMinutes * 60 };
  const progress: string[] = [];
  const results: string[] = [];
  const causes: string[] = [];
  for (const each of state.services) {
    const verdict = decideRollout(each, observations.get(each.service), patience);
    switch (verdict.kind) {
      case "waiting":
        progress.push(`${each.service}: ${verdict.progress}`);
        break;
      case "completed":
        results.push(
          `${each.service} runs ${each.next}${verdict.unverified ? " (unverified: the desired count is 0)" : ""}`,
        );
        break;
      case "failed": {
        const stopped = await stoppedTasks(ecs, options.cluster, each.service, each.next);
        causes.push([`${each.service}: ${verdict.cause}`, ...(stopped === undefined ? [] : [stopped])].join("; "));
        break;
      }
    }
  }
  if (causes.length > 0) {
    const cause = causes.join(". ");
    log("error", "rollout failed", { application: options.application, version: request.version, cause });
    const since = Math.floor(context.now() / 1_000);
    return goBack(context, request, { ...state, phase: "rollback", since, cause }, observations, true);
  }
  return progress.length > 0
    ? { kind: "underWay", state, summary: [...progress, ...results].join(". ") }
    : { kind: "done", summary: `${options.application} ${request.version}: ${results.join(", ")}` };
}
