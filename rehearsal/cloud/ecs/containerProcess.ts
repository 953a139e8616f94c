import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Clock } from "../../clock";
import { killGroup } from "../killGroup";
import type { ProcessCommand } from "./command";
import { eachLine } from "./lines";

export interface Exit {
  /** As in a shell: 128 plus the signal number if a signal ended the process. */
  exitCode: number;
}

export interface ContainerProcess {
  /** Resolves when the process and its children have ended, and the last line is read. */
  exited: Promise<Exit>;
  /** Sends the stop signal only to the process, as ECS does, and kills its whole group `timeout` milliseconds later. */
  stop(signal: NodeJS.Signals, timeout: number): void;
  /** Kills the process and its children at once. */
  kill(): void;
}

/**
 * Starts a container's process in its own process group, which is killed when the account closes. If the rehearsal
 * itself is killed, the preload ends Node.js processes; other programs without such a child survive.
 * @param onLine called for each line that it writes
 * @throws if the program cannot be started
 */
export async function startProcess(
  { command, directory, environment }: ProcessCommand,
  clock: Clock,
  onLine: (line: string) => void,
): Promise<ContainerProcess> {
  const [program = "", ...rest] = command;
  const child = spawn(program, rest, {
    cwd: directory,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) =>
      reject(
        new Error(
          `CannotStartContainerError: failed to create new container runtime task: exec: "${program}": ${error.message}`,
        ),
      ),
    );
  });
  for (const stream of [child.stdout, child.stderr]) eachLine(stream, onLine);
  const exited = new Promise<Exit>((resolve) => {
    // Processes that it left behind would keep its output open.
    child.once("exit", () => killGroup(child));
    child.once("close", (code, signal) => {
      resolve({ exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) });
    });
  });
  return {
    exited,
    kill: () => killGroup(child),
    stop(signal, timeout) {
      child.kill(signal);
      const timer = clock.after(timeout, () => killGroup(child));
      void exited.then(() => timer.cancel());
    },
  };
}
