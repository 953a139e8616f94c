import path from "node:path";
import { withoutAction } from "./breaking";
import type { CloudEvent } from "./cloud/events";
import type { Grant } from "./cloud/policies";
import { open, type Rehearsal, RUNS } from "./rehearsal";
import { describe } from "./report/describe";
import type { Progress } from "./report/progress";
import { reasonFor } from "./report/reasons";
import type { Findings } from "./report/summary";
import { count } from "./report/table";
import { removeFormerRuns } from "./runs";
import { play } from "./scenarios/play";
import type { Scenario } from "./scenarios/scenario";
import { createWorld, type World } from "./scenarios/world";

export interface RehearseOptions {
  stack: string;
  /** Simulated milliseconds for each real one. */
  speed: number;
  /** Scenarios by account, as `plan` puts them. */
  accounts: Scenario[][];
  /** Whether these are only some of the usual scenarios. */
  partial: boolean;
  progress: Progress;
  /** Whether somebody will push by hand. */
  keep: boolean;
  /** An IAM action that every role loses. */
  without?: string | undefined;
  /** Tells every request, invocation and log line too. */
  verbose: boolean;
  /** Ends the rehearsal early, with the signal's reason. */
  signal: AbortSignal;
  /** Called when all is played; the first account is open until it resolves. */
  finished(findings: Findings, world: World): Promise<void>;
}

/**
 * Plays scenarios in accounts of their own, and leaves nothing running.
 * @throws Failure of the first step that does not come out as it should, or the signal's reason
 */
export async function rehearse(options: RehearseOptions): Promise<void> {
  const began = performance.now();
  const { signal } = options;
  const worlds: World[] = [];
  let closing = false;
  await removeFormerRuns(path.resolve(__dirname, "..", RUNS));
  try {
    for (const scenarios of options.accounts) {
      const world = await setUp(options, () => closing);
      worlds.push(world);
      for (const scenario of scenarios) {
        signal.throwIfAborted();
        await play(scenario, world, options.progress, { signal });
      }
    }
    const [first] = worlds;
    if (first !== undefined) {
      await options.finished(await findingsOf(worlds, options.partial, performance.now() - began), first);
    }
  } finally {
    closing = true;
    for (const world of worlds) await world.close();
  }
}

/** @param closing whether what happens is no news any more: tasks stop because the account is closed */
async function setUp(
  { stack, speed, progress, verbose, keep, without, signal }: RehearseOptions,
  closing: () => boolean,
): Promise<World> {
  const tell = (event: CloudEvent) => {
    if (closing()) return;
    const { as, text } = describe(event);
    if (as === "activity") progress.activity(text);
    else if (as === "note" || verbose) progress.note(text);
  };
  progress.heading("Setting up");
  progress.begin(`the program is evaluated for stack ${stack}`);
  let rehearsal: Rehearsal;
  try {
    const breaking = without === undefined ? undefined : withoutAction(without);
    rehearsal = await open({ stack, speed, listener: tell, breaking, signal });
  } catch (error) {
    progress.failed();
    throw error;
  }
  progress.done(count(rehearsal.program.registrations.length, "resource"));
  for (const warning of rehearsal.program.warnings) progress.say(`warning: ${warning}`);
  return createWorld(rehearsal, {
    onDelivery: ({ event, answer, error }) => {
      if (verbose || keep) progress.note(`GitHub delivered ${event}: ${answer?.status ?? error}`);
    },
    onFault: (error) => progress.note(`GitHub broke off: ${error.message}`),
  });
}

/** What the accounts leave to tell. */
export async function findingsOf(worlds: World[], partial: boolean, took: number): Promise<Findings> {
  const grants = worlds[0]?.account.iam.grants() ?? [];
  const unused: Grant[] = [];
  for (const grant of grants) if (!(await isNeeded(grant, worlds))) unused.push(grant);
  return {
    resources: (worlds[0]?.registrations ?? []).map((it) => it.type),
    events: worlds.flatMap((world) => world.account.events),
    decisions: worlds.flatMap((world) => world.account.iam.decisions),
    granted: grants.length,
    partial,
    unused: unused.map((grant) => ({ grant, reason: reasonFor(grant) })),
    deliveries: worlds.flatMap((world) => world.github.deliveries),
    seen: worlds.flatMap((world) => world.seen),
    took,
  };
}

async function isNeeded(grant: Grant, worlds: World[]): Promise<boolean> {
  for (const world of worlds) if ((await world.account.iam.neededBy(grant)) !== undefined) return true;
  return false;
}
