import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { killGroup } from "../killGroup";

export interface ShellOptions {
  shell: "sh" | "bash";
  /** Where the first command runs. */
  directory: string;
  /** For the shell's own files. */
  scratch: string;
  /** The whole environment; nothing is inherited. */
  environment: Record<string, string>;
  /** Called with each line of both output streams, in order. */
  line(text: string): void;
}

/** A shell that keeps its state from one command to the next. */
export interface Shell {
  /** Runs one command at a time and resolves with its exit status, 137 if the shell was killed. */
  run(command: string): Promise<number>;
  /** The values of the named variables that are currently exported. */
  exported(names: string[]): Promise<Record<string, string>>;
  /** Kills the shell and everything that it started. */
  kill(): void;
}

/**
 * Since version 0.2 of the buildspec, all commands run in one shell: variables, functions and the directory pass from
 * one command to the next, and between phases. `exit` ends only its own command. The next command keeps the exported
 * variables and the directory, but background processes have ended.
 */
export function openShell(options: ShellOptions): Shell {
  const marker = randomUUID();
  const driver = driverOf(marker, path.join(options.scratch, "state"));
  let running: ChildProcess | undefined;
  let killed = false;
  let answer: ((status: number) => void) | undefined;

  function settle(status: number): void {
    const resolve = answer;
    answer = undefined;
    resolve?.(status);
  }

  function start(): ChildProcess {
    const started = spawn(options.shell, ["-c", driver], {
      cwd: options.directory,
      env: options.environment,
      // Commands get no input; the driver reads the names of their files from descriptor 3.
      stdio: ["ignore", "pipe", "inherit", "pipe"],
      detached: true,
    });
    followOutput(started.stdout as Readable, marker, options.line, settle);
    // The shell may be gone when its next command is written. Its close event then reports how the command ended.
    started.stdio[3]?.on("error", () => undefined);
    // Background processes would keep the output open.
    started.on("exit", () => killGroup(started));
    started.on("close", (code) => {
      running = undefined;
      settle(code ?? 137);
    });
    started.on("error", (error) => {
      running = undefined;
      options.line(`The shell ${options.shell} does not start: ${error.message}`);
      settle(127);
    });
    return started;
  }

  async function run(command: string): Promise<number> {
    const file = path.join(options.scratch, randomUUID());
    await writeFile(file, command);
    if (killed) return 137;
    running ??= start();
    const control = running.stdio[3] as Writable;
    return new Promise((resolve) => {
      answer = resolve;
      control.write(`${file}\n`);
    });
  }

  return {
    run,
    async exported(names) {
      const values: [string, string][] = [];
      for (const name of names) {
        const file = path.join(options.scratch, randomUUID());
        if ((await run(`printenv ${quote(name)} > ${quote(file)}`)) === 0)
          values.push([name, (await readFile(file, "utf8")).replace(/\n$/, "")]);
      }
      return Object.fromEntries(values);
    },
    kill() {
      killed = true;
      if (running !== undefined) killGroup(running);
    },
  };
}

/** Evaluates one file after another in one shell, and prints a line with the status of each. */
function driverOf(marker: string, state: string): string {
  const [variables, directory] = [quote(state), quote(`${state}.directory`)];
  return `exec 2>&1
if [ -f ${variables} ]; then . ${variables}; cd "$(cat ${directory})"; fi
trap ${quote(`export -p > ${variables}; pwd > ${directory}`)} EXIT
while IFS= read -r slipway_command <&3; do
  eval "$(cat "$slipway_command")" 3<&-
  printf '\\n%s %d\\n' ${marker} "$?"
done`;
}

function followOutput(
  output: Readable,
  marker: string,
  line: (text: string) => void,
  ended: (status: number) => void,
): void {
  // The marker's own newline ends a line that the command left open; otherwise it adds an empty line.
  let blank = false;
  let rest = "";
  const take = (text: string) => {
    const isMarker = text.startsWith(marker);
    if (blank && !isMarker) line("");
    blank = text === "";
    if (isMarker) ended(Number(text.slice(marker.length)));
    else if (!blank) line(text);
  };
  output.setEncoding("utf8");
  output.on("data", (piece: string) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) take(text);
  });
  output.on("end", () => {
    if (rest !== "") take(rest);
  });
}

export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
