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
  /** The project's folder; the one that holds this file's folder when not told. */
  root?: string;
  stack: string;
  /** Simulated milliseconds for each real one. */
  speed: number;
  /** Settings laid over the stack file's, by their full keys: `slipway:deploymentApi`. */
  overrides?: Record<string, unknown> | undefined;
  /** Names of secrets that somebody has made before, without a value yet. */
  secrets?: string[] | undefined;
  /** Whether every asynchronous invocation of a function is delivered twice. */
  repeats?: boolean | undefined;
  /** The seed of stale reads of ECS and of empty pages of logs; none without it. */
  staleReads?: number | undefined;
  /** Decides which calls meet a fault; none does without one. */
  injector?: Injector | undefined;
  /** Whether pollers, rollouts and schedules begin once the program is evaluated; by default, they do. */
  starts?: boolean | undefined;
  /** A mistake to make on purpose. */
  breaking?: FaultInjection | undefined;
  listener?: (event: CloudEvent) => void;
  /** Ends the evaluation early, with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** What runs the program. Default: a language host of its own for each stack. */
  host?: LanguageHost;
}

/** A stack that stands in the account, and the environment that it is. */
export interface EvaluatedStack {
  name: string;
  environment: string;
  program: Program;
}

export interface Rehearsal {
  account: Account;
  /** The stack that was asked for last, before it those whose images it takes. */
  stacks: EvaluatedStack[];
  /** It was there before the account's first stack: schedules may fall due while the program is evaluated. */
  external: ExternalServices;
  close(): Promise<void>;
}

/**
 * Opens an account, evaluates the program into it for the stack, and before that for each stack whose images it takes,
 * and lets it run.
 * @throws where the program fails, a resource type is not simulated, or a service refuses a resource; nothing is left
 * running then
 */
export async function open(options: RehearsalOptions): Promise<Rehearsal> {
  const { stack, overrides = {}, breaking, repeats } = options;
  const root = options.root ?? path.resolve(__dirname, "..");
  const chain = await chainOf({ root, stack, overrides });
  const directory = await createRun(path.join(root, RUNS), stack);
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
      // Stacks upstream are rehearsed on their own: whatever is broken on purpose is broken here.
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

/** Who sets the quota in a stack file has asked AWS for it before; undefined where none does. */
function routesPerTable(chain: Stack[]): number | undefined {
  const quotas = chain.flatMap(({ values }) => {
    const quota: unknown = parsedJson(values["slipway:network"] ?? "{}")?.routesPerTable;
    return typeof quota === "number" ? [quota] : [];
  });
  return quotas.length === 0 ? undefined : Math.max(...quotas);
}

/** What the program will find wrong with the text, it says itself. */
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
