import { type ChildProcess, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { createMonitor, type MonitorOptions, type Registration } from "./monitor";
import { readProject, readValues } from "./stackFile";

export interface ProgramOptions {
  /** The project's folder, with Pulumi.yaml and index.ts. */
  root: string;
  stack: string;
  /** Replace the stack file's values; for tests of the configuration. */
  values?: Record<string, string>;
  create: MonitorOptions["create"];
  invoke: MonitorOptions["invoke"];
  /** Aborts the evaluation with the signal's reason. */
  signal?: AbortSignal;
  /** Runs the program. Default: a new language host. */
  host?: LanguageHost;
}

/** What a language host needs to run the program. */
export interface ProgramRun {
  root: string;
  stack: string;
  project: string;
  /** Path of the tsconfig used to transpile the program. */
  tsconfig: string;
  /** Configuration by full key, `slipway:environment`. */
  config: Record<string, string>;
  /** Address of the resource monitor and the engine. */
  address: string;
  signal?: AbortSignal | undefined;
}

/** Runs the program until it ends. If the program did not log why it failed, `output` does. */
export type LanguageHost = (run: ProgramRun) => Promise<{ failed: boolean; output: string }>;

export interface Program {
  registrations: Registration[];
  outputs: Record<string, unknown>;
  /** Names of outputs hidden by `pulumi stack output`. */
  secretOutputs: string[];
  /** The program's warnings, such as a captured secret. */
  warnings: string[];
}

/**
 * Evaluates index.ts for a stack as Pulumi's language host does: with the stack file's configuration, and TypeScript
 * transpiled by ts-node with the tsconfig in Pulumi.yaml.
 * @throws the first rejected resource or data source, `name [type]: why`; otherwise the program's logged errors; or the
 * signal's reason
 */
export async function evaluate(options: ProgramOptions): Promise<Program> {
  const { root, stack, signal, host = runLanguageHost } = options;
  const { project, tsconfig } = await readProject(root);
  const values = options.values ?? (await readValues(root, stack));
  const monitor = createMonitor({ ...options, project });
  const address = await monitor.listen();
  try {
    const config = qualify(values, project);
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

/** `@pulumi/pulumi/cmd/run` in a separate process. Leaves nothing running, however it ends. */
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
      // A separate process group: a terminal sends Ctrl-C to the whole foreground group.
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

/** Kills the process, if still running, and its children. */
function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
}

/** A key without a namespace belongs to the project. */
function qualify(values: Record<string, string>, project: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key.includes(":") ? key : `${project}:${key}`, value]),
  );
}
