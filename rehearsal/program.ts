import { type ChildProcess, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { createMonitor, type MonitorOptions, type Registration } from "./monitor";
import { readStack } from "./stackFile";

export interface ProgramOptions {
  /** The project's folder, where Pulumi.yaml and index.ts are. */
  root: string;
  stack: string;
  /** Instead of the stack file's values; for tests of the configuration. */
  values?: Record<string, string>;
  create: MonitorOptions["create"];
  invoke: MonitorOptions["invoke"];
  /** Ends the evaluation early, with the signal's reason. */
  signal?: AbortSignal;
  /** What runs the program. Default: a language host of its own. */
  host?: LanguageHost;
}

/** What a language host needs to run the program. */
export interface ProgramRun {
  root: string;
  stack: string;
  project: string;
  /** Path of the tsconfig that decides how the program is transpiled. */
  tsconfig: string;
  /** Configuration by full keys, `slipway:environment`. */
  config: Record<string, string>;
  /** Address of the resource monitor and the engine. */
  address: string;
  signal?: AbortSignal | undefined;
}

/** Runs the program to its end. `output` says why it failed, where the program did not log it. */
export type LanguageHost = (run: ProgramRun) => Promise<{ failed: boolean; output: string }>;

export interface Program {
  registrations: Registration[];
  outputs: Record<string, unknown>;
  /** Names of the outputs that `pulumi stack output` hides. */
  secretOutputs: string[];
  /** What the program warned of, a captured secret among others. */
  warnings: string[];
}

/**
 * Evaluates index.ts for a stack as Pulumi's language host does: the stack file's configuration, TypeScript transpiled by
 * ts-node under the tsconfig that Pulumi.yaml names.
 * @throws the first resource or data source that was refused, `name [type]: why`; else what the program logged as
 * errors; or the signal's reason
 */
export async function evaluate(options: ProgramOptions): Promise<Program> {
  const { root, stack, signal, host = runLanguageHost } = options;
  const { project, tsconfig, values } = await readStack(root, stack);
  const monitor = createMonitor({ ...options, project });
  const address = await monitor.listen();
  try {
    const config = qualify(options.values ?? values, project);
    const { failed, output } = await host({ root, stack, project, tsconfig, config, address, signal });
    if (failed || monitor.errors.length > 0) {
      const logged = monitor.errors.join("\n") || output || "The program failed without a message.";
      throw monitor.refusal() ?? new Error(stripVTControlCharacters(logged));
    }
    return { ...monitor.result(), warnings: monitor.warnings };
  } finally {
    monitor.close();
  }
}

/** `@pulumi/pulumi/cmd/run` in a process of its own. Nothing of it is left running, however it ends. */
async function runLanguageHost(run: ProgramRun): Promise<{ failed: boolean; output: string }> {
  const { root, stack, project, tsconfig, config, address, signal } = run;
  signal?.throwIfAborted();
  const host = spawn(
    process.execPath,
    [
      require.resolve("@pulumi/pulumi/cmd/run"),
      `--monitor=${address}`,
      `--engine=${address}`,
      `--project=${project}`,
      `--stack=${stack}`,
      "--organization=organization",
      "--parallel=16",
      `--root-directory=${root}`,
      `--pwd=${root}`,
      ".",
    ],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: a terminal sends Ctrl-C to every process of the group in the foreground.
      detached: true,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: "[]",
        PULUMI_NODEJS_TYPESCRIPT: "true",
        PULUMI_NODEJS_TSCONFIG_PATH: tsconfig,
      },
    },
  );
  const kill = () => killGroup(host);
  signal?.addEventListener("abort", kill);
  // A detached process outlives its parent.
  process.once("exit", kill);
  try {
    const exit = new Promise<number | null>((resolve, reject) => host.once("exit", resolve).once("error", reject));
    const [code, out, err] = await Promise.all([exit, text(host.stdout), text(host.stderr)]);
    signal?.throwIfAborted();
    return { failed: code !== 0, output: `${out}${err}`.trim() || `The program ended with exit code ${code}.` };
  } finally {
    kill();
    signal?.removeEventListener("abort", kill);
    process.removeListener("exit", kill);
  }
}

/** Ends the process, if it still runs, with all that it started. */
function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
}

/** A key without a namespace belongs to the project. */
function qualify(values: Record<string, string>, project: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key.includes(":") ? key : `${project}:${key}`, value]),
  );
}
