import type { ScenarioContext } from "../scenarios/scenarioContext";
import type { OpenAccount } from "./accounts";
import type { DeliveryKind } from "./deliveries";
import { ATTEMPTS } from "./enumerate";
import { type Evidence, eventsOf, executionEnds, type Request } from "./evidence";
import type { Fault } from "./fault";
import type { CountedCall } from "./injector";
import { noteWrites, type Observer, observe } from "./observer";

const MINUTE = 60_000;

/** The rollout's deadline plus five minutes. */
const WITHIN = 35 * MINUTE;
/** A pull request may make no progress for an hour before it counts as failed. */
const PULL_REQUEST_WITHIN = 75 * MINUTE;
/** Extra time for repetitions: a killed function is invoked again after one and two minutes. */
const REPETITIONS = 4 * MINUTE;
const LOOK = 15_000;

/** A played delivery, with or without a fault. */
export interface Played {
  evidence: Evidence;
  outcome: string;
  calls: readonly CountedCall[];
  /** Whether the fault had an effect. */
  fired: boolean;
}

const positions = new WeakMap<ScenarioContext, number>();

/**
 * Plays a delivery in an account until everything has settled or time is up.
 * @param usual duration without a fault, in milliseconds
 */
export async function playUnder(account: OpenAccount, kind: DeliveryKind, faults: Fault[], usual = 0): Promise<Played> {
  const { context, faults: injector } = account;
  const position = (positions.get(context) ?? 0) + 1;
  if (position === 1) noteWrites(account);
  positions.set(context, position);
  const observer = observe(account);
  const { clock } = context;
  try {
    injector.arm(faults);
    const began = clock.now();
    const due = began + usual + (kind.name === "pull-request" ? PULL_REQUEST_WITHIN : WITHIN);
    const request = await kind.begin(context, position);
    const unrest = await comeToRest(context, kind, request, observer, due);
    const ended = clock.now();
    const calls = injector.calls;
    await waitOut(context, observer);
    const fired = injector.unfired().length === 0;
    injector.arm([]);
    const evidence: Evidence = {
      request,
      killedEachTime: faults.some(({ kind, from, to }) => kind.startsWith("kill-") && to - from + 1 >= ATTEMPTS),
      began,
      ended,
      due,
      unrest,
      happened: observer.happened,
      functionActions: observer.functionActions,
      stacks: await observer.stacks(),
      records: observer.records(),
      locks: observer.locks,
    };
    return { evidence, outcome: kind.outcome(evidence), calls, fired };
  } finally {
    injector.arm([]);
    observer.close();
  }
}

/** @returns what had not settled by then */
async function comeToRest(
  context: ScenarioContext,
  kind: DeliveryKind,
  request: Request,
  observer: Observer,
  due: number,
): Promise<string[]> {
  for (;;) {
    await context.clock.wait(LOOK);
    await kind.attend?.(context, request);
    await observer.look();
    const unrest = await unrestOf(context, kind, request, observer);
    if (unrest.length === 0 || context.clock.now() > due) return unrest;
  }
}

async function waitOut(context: ScenarioContext, observer: Observer): Promise<void> {
  const until = context.clock.now() + REPETITIONS;
  while (context.clock.now() < until) {
    await context.clock.wait(MINUTE / 2);
    await observer.look();
  }
}

/** What is still in progress or yet to come. */
async function unrestOf(
  _world: ScenarioContext,
  kind: DeliveryKind,
  request: Request,
  observer: Observer,
): Promise<string[]> {
  const begun = new Set(eventsOf(observer, "pipeline").map(({ executionId }) => executionId));
  const ends = executionEnds(observer);
  const messages = eventsOf(observer, "notice").map(({ message }) => message);
  const isReported = (id: string) => messages.some((it) => it.includes(id));
  return [
    ...[...begun].filter((id) => !ends.has(id)).map((id) => `execution ${id} has not ended`),
    ...[...ends.keys()].filter((id) => !isReported(id)).map((id) => `no notice of execution ${id}`),
    ...observer
      .records()
      .flatMap(({ id, state, endedAt }) => (endedAt === undefined ? `record ${id} is ${state}` : [])),
    ...heldLocks(observer),
    ...awaited(kind, request, observer, begun.size, isReported),
    ...(await rollouts(observer)),
  ];
}

function heldLocks({ locks }: Observer): string[] {
  const last = new Map(locks.map((it) => [`${it.name} lock of ${it.environment}`, it]));
  return [...last].flatMap(([name, { until, at, owner }]) => (until > at ? [`${owner} holds the ${name}`] : []));
}

function awaited(
  { name }: DeliveryKind,
  request: Request,
  observer: Observer,
  executions: number,
  isReported: (id: string) => boolean,
): string[] {
  const isDead = eventsOf(observer, "message-dead").length > 0;
  if (request.kind === "push" && executions === 0 && !isDead) return [`version ${request.version} was not delivered`];
  if (request.kind !== "deployment" || request.id === undefined) return [];
  if (!isReported(request.id)) return [`no notice of deployment ${request.id}`];
  const isAlarmed = eventsOf(observer, "alarm").some(
    ({ alarm, state }) => /-promotion-/.test(alarm) && state === "ALARM",
  );
  return name === "promotion" && executions === 0 && !isAlarmed ? ["prod's pipeline was not started"] : [];
}

async function rollouts(observer: Observer): Promise<string[]> {
  return (await observer.stacks()).flatMap(({ environment, services }) =>
    services
      .filter(({ rollouts, running, desired }) => rollouts.includes("IN_PROGRESS") || running !== desired)
      .map(({ name }) => `${name} of ${environment} is being rolled out`),
  );
}
