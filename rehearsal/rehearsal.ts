import path from "node:path";
import { mirrorBaseImages } from "./baseImages";
import { createClock } from "./clock";
import { type Account, createCloud } from "./cloud/cloud";
import type { CloudEvent } from "./cloud/events";
import type { Injector } from "./cloud/injection";
import { services } from "./cloud/services";
import { type ExternalServices, type ExternalServicesOptions, startExternalServices } from "./externalServices";
import type { FaultInjection } from "./faultInjection";
import { evaluate, type LanguageHost, type Program } from "./program";
import { createRun, RUNS } from "./runs";
import { chainOf, type Stack } from "./stacks";

export interface RehearsalOptions extends ExternalServicesOptions {
  /** The project's folder. Default: the parent of this file's folder. */
  root?: string;
  /** The folder of the stack files. Default: the project's folder. */
  stackFiles?: string | undefined;
  /** The folder for the run's files, which get a folder of their own in it. Default: `.rehearsal` in the project's folder. */
  runs?: string;
  stack: string;
  /** Simulated milliseconds per real one. */
  speed: number;
  /** Override the stack file's settings, by full key: `slipway:deploymentApi`. */
  overrides?: Record<string, unknown> | undefined;
  /** Names of secrets that exist beforehand, without a value. */
  secrets?: string[] | undefined;
  /** Whether every asynchronous invocation of a function is delivered twice. */
  repeats?: boolean | undefined;
  /** The seed of stale ECS reads and empty log pages; none without it. */
  staleReads?: number | undefined;
  /** Decides which calls get a fault; no call does without it. */
  injector?: Injector | undefined;
  /** Whether pollers, rollouts and schedules start once the program is evaluated (default). */
  starts?: boolean | undefined;
  /** A mistake to make on purpose. */
  breaking?: FaultInjection | undefined;
  listener?: (event: CloudEvent) => void;
  /** Aborts the evaluation with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Runs the program. Default: a new language host for each stack. */
  host?: LanguageHost;
}

/** A stack in the account, with its environment. */
export interface EvaluatedStack {
  name: string;
  environment: string;
  program: Program;
}

export interface Rehearsal {
  account: Account;
  /** The requested stack, preceded by those that supply its images. */
  stacks: EvaluatedStack[];
  /** Existed before the account's first stack: schedules may fire while the program is evaluated. */
  external: ExternalServices;
  close(): Promise<void>;
}

/**
 * Opens an account, evaluates the program in it for each stack that supplies images and then for the stack, and starts
 * it.
 * @throws if the program fails, a resource type is not simulated, or a service rejects a resource; nothing is left
 * running then
 */
export async function open(options: RehearsalOptions): Promise<Rehearsal> {
  const { stack, overrides = {}, breaking, repeats } = options;
  const root = options.root ?? path.resolve(__dirname, "..");
  const chain = await chainOf({ folder: options.stackFiles ?? root, stack, overrides });
  const directory = await createRun(options.runs ?? path.join(root, RUNS), stack);
  const account = createCloud({
    region: chain[0]?.values["aws:region"] ?? "",
    routesPerTable: routesPerTable(chain),
    clock: createClock(options.speed),
    directory,
    repeatsInvocations: repeats,
    staleReads: options.staleReads,
    injector: options.injector,
    services,
  });
  if (options.listener !== undefined) account.onEvent(options.listener);
  const external = await startExternalServices(account, options);
  const close = async () => {
    await external.close();
    await account.close();
  };
  try {
    await account.open();
    for (const Name of options.secrets ?? [])
      await account.call({ kind: "operator" }, "secretsmanager", "CreateSecret", { Name });
    await mirrorBaseImages(account, chain);
    const stacks: EvaluatedStack[] = [];
    for (const it of chain) {
      // Upstream stacks are rehearsed separately: mistakes are made only in this one.
      const create = it === chain.at(-1) && breaking ? altering(account, breaking) : account.create;
      stacks.push(await evaluateInto(account, root, it, create, options));
    }
    breaking?.check();
    if (options.starts !== false) await account.start();
    return { account, stacks, external, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A stack file with this quota implies that AWS has granted it; undefined if none sets it. */
function routesPerTable(chain: Stack[]): number | undefined {
  const quotas = chain.flatMap(({ values }) => {
    const quota: unknown = parsedJson(values["slipway:network"] ?? "{}")?.routesPerTable;
    return typeof quota === "number" ? [quota] : [];
  });
  return quotas.length === 0 ? undefined : Math.max(...quotas);
}

/** The program itself reports errors in the text. */
function parsedJson(text: string): { routesPerTable?: unknown } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const altering =
  ({ create }: Account, { alter }: FaultInjection): Account["create"] =>
  (declared) =>
    create(alter(declared));

async function evaluateInto(
  account: Account,
  root: string,
  { name, environment, values }: Stack,
  create: Account["create"],
  { signal, host }: Pick<RehearsalOptions, "signal" | "host">,
): Promise<EvaluatedStack> {
  const { invoke } = account;
  return { name, environment, program: await evaluate({ root, stack: name, values, create, invoke, signal, host }) };
}
