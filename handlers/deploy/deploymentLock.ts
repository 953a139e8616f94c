import { type ECSClient, TagResourceCommand } from "@aws-sdk/client-ecs";
import { ANSWER_WITHIN } from "../shared/codePipelineJob";
import { explain } from "../shared/failure";
import { acquireLock, describeHolder, type LockHolder, lockSeconds, readLock, releaseLock } from "../shared/lock";
import { log } from "../shared/log";
import type { DeploymentContext, DeploymentRequest, Outcome } from "./context";
import { rollbackTarget } from "./rollout";
import { describeTaskDefinition, observeServices } from "./services";
import type { DeploymentState } from "./state";

/** A revision's tag, set before a service is updated to it. The value is the request's id. */
export const STARTED = "slipway:deployed-by";
/** The value for a discarded revision, which no service will use. */
const NOBODY = "nobody";

/** The other holder of the application's lock. */
export async function otherHolder(
  context: DeploymentContext,
  { lock }: DeploymentRequest,
): Promise<LockHolder | undefined> {
  if (lock === undefined) {
    return undefined;
  }
  const holder = await readLock(lock.table, context.options.application, seconds(context));
  return holder?.owner === lock.execution ? undefined : holder;
}

/** Waits for the lock until the next round; fails after the lock's duration. */
export function waitFor(
  context: DeploymentContext,
  { version }: DeploymentRequest,
  holder: LockHolder,
  state: DeploymentState | undefined,
): Outcome {
  const { application, deadlineMinutes } = context.options;
  const now = seconds(context);
  const since = state?.phase === "waiting" ? state.since : now;
  if (now - since >= lockSeconds(deadlineMinutes)) {
    const minutes = Math.floor((now - since) / 60);
    const message = `${application} ${version} was not deployed: it is still waiting after ${minutes} minutes for ${describeHolder(holder)}`;
    return { kind: "failed", message };
  }
  return {
    kind: "underWay",
    state: { phase: "waiting", since, services: [] },
    summary: `waiting for ${describeHolder(holder)}`,
  };
}

/**
 * Takes the application's lock, if there is one. This happens just before the first change, so that a repeated or late
 * invocation takes nothing that it would have to release.
 *
 * The registered revisions are discarded, and marked so that no repeated step uses them, if CodePipeline no longer
 * waits, if another deployment has the lock, or if the services have changed since they were observed.
 * @returns what to do instead of starting
 */
export async function takeDeploymentLock(
  context: DeploymentContext,
  request: DeploymentRequest,
  state: DeploymentState,
): Promise<Outcome | undefined> {
  const revisions = await describeRevisions(context.ecs, state);
  if (revisions.some(({ mark }) => mark === NOBODY)) {
    return beginAnew(context, revisions, "its task definitions were discarded earlier");
  }
  if (revisions.some(({ mark }) => mark !== undefined)) {
    return undefined;
  }
  const age = seconds(context) - state.since;
  if (age > ANSWER_WITHIN) {
    return beginAnew(context, revisions, `its task definitions were registered ${Math.floor(age / 60)} minutes ago`);
  }
  const other = await acquire(context, request);
  if (other !== undefined) {
    await abandon(context.ecs, revisions);
    return waitFor(context, request, other, undefined);
  }
  const moved = await movedServices(context, state);
  if (moved.length === 0) {
    return undefined;
  }
  if (request.lock !== undefined) {
    await releaseLock(request.lock.table, context.options.application, request.lock.execution);
  }
  return beginAnew(context, revisions, moved.join(", "));
}

/** @returns the other holder, if the lock is taken */
async function acquire(
  context: DeploymentContext,
  { lock, version }: DeploymentRequest,
): Promise<LockHolder | undefined> {
  if (lock === undefined) {
    return undefined;
  }
  const { application, deadlineMinutes } = context.options;
  const now = seconds(context);
  const until = now + lockSeconds(deadlineMinutes);
  return acquireLock(lock.table, application, { owner: lock.execution, by: "execution", version, until }, now);
}

/** Whether a service was updated to one of the registered revisions, or was about to be. */
export async function hasStarted({ ecs }: DeploymentContext, state: DeploymentState): Promise<boolean> {
  return (await describeRevisions(ecs, state)).some(({ mark }) => mark !== undefined && mark !== NOBODY);
}

/** During a rollback, prevents a repeated invocation from updating services that had not been updated yet. */
export async function abandonRest({ ecs }: DeploymentContext, state: DeploymentState): Promise<void> {
  try {
    const revisions = await describeRevisions(ecs, state);
    await abandon(
      ecs,
      revisions.filter(({ mark }) => mark === undefined),
    );
  } catch (error) {
    log("warn", "task definition revisions not marked as discarded", { cause: explain(error) });
  }
}

interface Revision {
  arn: string | undefined;
  /** The request that updated a service to it, if any. */
  mark: string | undefined;
}

async function describeRevisions(ecs: ECSClient, { services }: DeploymentState): Promise<Revision[]> {
  const revisions: Revision[] = [];
  for (const { next } of services) {
    const { definition, tags } = await describeTaskDefinition(ecs, next);
    revisions.push({ arn: definition.taskDefinitionArn, mark: tags.find(({ key }) => key === STARTED)?.value });
  }
  return revisions;
}

/** The services that were deployed to since they were observed. */
async function movedServices({ ecs, options }: DeploymentContext, { services }: DeploymentState): Promise<string[]> {
  const names = services.map(({ service }) => service);
  const observations = await observeServices(ecs, options.cluster, names);
  return services.flatMap(({ service, previous, next }) => {
    const observation = observations.get(service);
    const current = observation && rollbackTarget(observation);
    // A concurrent invocation of the same job may have just started it.
    return current === previous || current === next
      ? []
      : [`${service} now has ${current ?? "no task definition"} instead of ${previous}`];
  });
}

async function beginAnew(context: DeploymentContext, revisions: Revision[], why: string): Promise<Outcome> {
  await abandon(context.ecs, revisions);
  log("info", "deploy restarted", { application: context.options.application, reason: why });
  const state: DeploymentState = { phase: "waiting", since: seconds(context), services: [] };
  return { kind: "underWay", state, summary: `starting over: ${why}` };
}

async function abandon(ecs: ECSClient, revisions: Revision[]): Promise<void> {
  for (const { arn } of revisions) {
    await ecs.send(new TagResourceCommand({ resourceArn: arn, tags: [{ key: STARTED, value: NOBODY }] }));
  }
}

function seconds({ now }: DeploymentContext): number {
  return Math.floor(now() / 1_000);
}
