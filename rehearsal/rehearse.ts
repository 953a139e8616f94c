import path from "node:path";
import type { CloudEvent } from "./cloud/events";
import type { Grant } from "./cloud/policies";
import type { ExternalServicesOptions } from "./externalServices";
import { withoutAction } from "./faultInjection";
import type { Fault } from "./faults/fault";
import { createFaults, type Faults } from "./faults/injector";
import { open, type Rehearsal } from "./rehearsal";
import { describe } from "./report/describe";
import { type PipelineNames, pipelineNames } from "./report/pipelines";
import type { Progress } from "./report/progress";
import { reasonFor } from "./report/reasons";
import type { Findings } from "./report/summary";
import { count } from "./report/table";
import { RUNS, removeFormerRuns } from "./runs";
import type { PlannedAccount } from "./scenarios/plan";
import { runScenario } from "./scenarios/runScenario";
import { createScenarioContext, type ScenarioContext } from "./scenarios/scenarioContext";
import { readOutputs } from "./scenarios/steps/outputs";

export interface RehearseOptions {
  stack: string;
  /** The folder of the stack files. Default: the project's folder. */
  stackFiles?: string | undefined;
  /** Simulated milliseconds per real one. */
  speed: number;
  /** Scenarios by account, from `plan`. */
  accounts: PlannedAccount[];
  /** Whether these are only some of the usual scenarios. */
  partial: boolean;
  progress: Progress;
  /** Whether somebody will push manually. */
  keep: boolean;
  /** An IAM action removed from every role. */
  without?: string | undefined;
  /** The seed of stale reads; none without it. */
  staleReads?: number | undefined;
  /** Faults to inject in each account. Functions may then fail. */
  faults?: Fault[] | undefined;
  /** Also shows every request, invocation and log line. */
  verbose: boolean;
  /** Aborts the rehearsal with the signal's reason. */
  signal: AbortSignal;
  /**
   * Called after the last scenario; the first account stays open until it resolves.
   * @param unfired the faults that had no effect in any account
   */
  finished(findings: Findings, context: ScenarioContext, unfired: Fault[]): Promise<void>;
}

/**
 * Plays scenarios in their accounts and leaves nothing running.
 * @throws Failure of the first step that fails, or the signal's reason
 */
export async function rehearse(options: RehearseOptions): Promise<void> {
  const began = performance.now();
  const { signal, faults = [] } = options;
  const worlds: ScenarioContext[] = [];
  const injectors: Faults[] = [];
  let closing = false;
  await removeFormerRuns(path.resolve(__dirname, "..", RUNS));
  try {
    for (const account of options.accounts) {
      const injector = createFaults(faults);
      injectors.push(injector);
      const context = await setUp(options, account, injector, () => closing);
      worlds.push(context);
      for (const scenario of account.scenarios) {
        signal.throwIfAborted();
        const troubled = scenario.troubled === true || faults.length > 0;
        await runScenario({ ...scenario, troubled }, context, options.progress, { signal });
      }
    }
    const [first] = worlds;
    if (first !== undefined) {
      const unfired = faults.filter((it) => injectors.every((injector) => injector.unfired().includes(it)));
      await options.finished(await findingsOf(worlds, options.partial, performance.now() - began), first, unfired);
    }
  } finally {
    closing = true;
    for (const context of worlds) await context.close();
  }
}

/** @param closing whether to ignore events: tasks stop because the account is closing */
async function setUp(
  { stack, stackFiles, speed, progress, verbose, keep, without, staleReads, signal }: RehearseOptions,
  { settings, secrets, repeats }: PlannedAccount,
  injector: Faults,
  closing: () => boolean,
): Promise<ScenarioContext> {
  let names: PipelineNames | undefined;
  const tell = (event: CloudEvent) => {
    if (closing()) return;
    const { as, text } = describe(event, names);
    if (as === "activity") progress.activity(text);
    // Services without a task are normal at this point.
    else if ((as === "note" && names !== undefined) || verbose) progress.note(text);
  };
  progress.heading("Setting up");
  const changed = Object.keys(settings ?? {}).map((key) => `another ${key}`);
  const variant = [...changed, ...(repeats ? ["every event of a function twice"] : [])];
  progress.begin(
    `the program is evaluated for stack ${stack}${variant.length === 0 ? "" : ` (${variant.join(", ")})`}`,
  );
  let rehearsal: Rehearsal;
  try {
    const breaking = without === undefined ? undefined : withoutAction(without);
    const external = externalServicesOptions(progress, verbose || keep);
    rehearsal = await open({
      ...external,
      stack,
      stackFiles,
      speed,
      overrides: settings,
      secrets,
      repeats,
      staleReads,
      injector,
      listener: tell,
      breaking,
      signal,
    });
  } catch (error) {
    progress.failed();
    throw error;
  }
  names = pipelineNames(
    rehearsal.stacks.map(({ environment, program }) => ({ environment, outputs: readOutputs(program.outputs) })),
  );
  progress.done(
    rehearsal.stacks
      .map(({ name, program }) => `${count(program.registrations.length, "resource")} of ${name}`)
      .join(", "),
  );
  for (const { program } of rehearsal.stacks)
    for (const warning of program.warnings) progress.say(`warning: ${warning}`);
  return createScenarioContext(rehearsal);
}

/** @param deliveries whether to report each delivery */
const externalServicesOptions = (progress: Progress, deliveries: boolean): ExternalServicesOptions => ({
  onDelivery: ({ site, event, answer, error }) => {
    if (deliveries) progress.note(`${site} delivered ${event}: ${answer?.status ?? error}`);
  },
  onFault: (error) => progress.note(`a forge broke off: ${error.message}`),
});

/** The findings of the accounts. */
export async function findingsOf(worlds: ScenarioContext[], partial: boolean, took: number): Promise<Findings> {
  const grants = grantsOf(worlds);
  const unused: Grant[] = [];
  for (const it of grants) if (!(await isNeeded(it, worlds))) unused.push(it.grant);
  return {
    resources: (worlds[0]?.stacks ?? []).flatMap(({ registrations }) => registrations.map((it) => it.type)),
    events: worlds.flatMap((context) => context.account.events),
    pipelines: new Map(worlds.flatMap(({ stacks }) => [...pipelineNames(stacks)])),
    decisions: worlds.flatMap((context) => context.account.iam.decisions),
    granted: grants.length,
    partial,
    unused: unused.map((grant) => ({ grant, reason: reasonFor(grant, worlds[0]?.stack ?? "") })),
    deliveries: worlds.flatMap((context) => context.forges.deliveries),
    pullRequests: worlds.flatMap((context) => context.forges.pullRequests()),
    seen: worlds.flatMap((context) => context.seen),
    took,
  };
}

const ROLE = "aws:iam/role:Role";

interface Granted {
  grant: Grant;
  /** Equal in all accounts, where resources have different ids. */
  key: string;
}

/** Grants of the rehearsed stack's roles in an account. Other stacks are rehearsed separately. */
function grantedIn({ account, registrations }: ScenarioContext): Granted[] {
  const roles = new Set(registrations.filter(({ type }) => type === ROLE).map(({ outputs }) => String(outputs.name)));
  const counts = new Map<string, number>();
  return account.iam
    .grants()
    .filter(({ role }) => roles.has(role))
    .map((grant) => {
      const cell = [grant.role, grant.policy, grant.statement, grant.action].join(" ");
      const position = counts.get(cell) ?? 0;
      counts.set(cell, position + 1);
      return { grant, key: `${cell} ${position}` };
    });
}

/** The distinct grants of all accounts: a scenario's own settings may grant more. */
function grantsOf(worlds: ScenarioContext[]): Granted[] {
  const grants = new Map<string, Granted>();
  for (const it of worlds.flatMap(grantedIn)) if (!grants.has(it.key)) grants.set(it.key, it);
  return [...grants.values()];
}

async function isNeeded({ key }: Granted, worlds: ScenarioContext[]): Promise<boolean> {
  for (const context of worlds) {
    const here = grantedIn(context).find((it) => it.key === key);
    if (here !== undefined && (await context.account.iam.neededBy(here.grant)) !== undefined) return true;
  }
  return false;
}
