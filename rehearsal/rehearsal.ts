import path from "node:path";
import type { Breaking } from "./breaking";
import { createClock } from "./clock";
import { type Account, createCloud } from "./cloud/cloud";
import type { CloudEvent } from "./cloud/events";
import { services } from "./cloud/services";
import { evaluate, type Program } from "./program";
import { createRun } from "./runs";
import { readStack } from "./stackFile";

export interface RehearsalOptions {
  /** The project's folder; the one that holds this file's folder when not told. */
  root?: string;
  stack: string;
  /** Simulated milliseconds for each real one. */
  speed: number;
  /** Instead of the stack file's values. */
  values?: Record<string, string>;
  /** A mistake to make on purpose. */
  breaking?: Breaking | undefined;
  listener?: (event: CloudEvent) => void;
  /** Ends the evaluation early, with the signal's reason. */
  signal?: AbortSignal | undefined;
}

export interface Rehearsal {
  account: Account;
  program: Program;
  close(): Promise<void>;
}

/** The ignored folder that all runs write to, and nothing else is written. */
export const RUNS = ".rehearsal";

/**
 * Opens an account, evaluates the program into it, and lets it run.
 * @throws where the program fails, a resource type is not simulated, or a service refuses a resource; nothing is left
 * running then
 */
export async function open(options: RehearsalOptions): Promise<Rehearsal> {
  const root = options.root ?? path.resolve(__dirname, "..");
  const values = options.values ?? (await readStack(root, options.stack)).values;
  const region = values["aws:region"];
  if (region === undefined) throw new Error(`Pulumi.${options.stack}.yaml: aws:region is missing: name the region.`);
  const directory = await createRun(path.join(root, RUNS), options.stack);
  const account = createCloud({ region, clock: createClock(options.speed), directory, services });
  if (options.listener !== undefined) account.onEvent(options.listener);
  try {
    await account.open();
    const { breaking } = options;
    const create: Account["create"] = (declared) => account.create(breaking?.alter(declared) ?? declared);
    const { stack, signal } = options;
    const program = await evaluate({ root, stack, values, create, invoke: account.invoke, signal });
    breaking?.check();
    await account.start();
    return { account, program, close: account.close };
  } catch (error) {
    await account.close();
    throw error;
  }
}
