import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Clock } from "../../clock";
import { killGroup } from "../killGroup";
import type { ProcessCommand } from "./command";
import { eachLine } from "./lines";

export interface Exit {
  /** As a shell counts it: 128 and the signal's number for a process that a signal ended. */
  exitCode: number;
}

export interface ContainerProcess {
  /** Resolves when the process and all that it started have ended, and its last line is read. */
  exited: Promise<Exit>;
  /** Sends the stop signal to the process alone, as ECS does, and ends its whole group `timeout` milliseconds later. */
  stop(signal: NodeJS.Signals, timeout: number): void;
  /** Ends the process and all that it started at once. */
  kill(): void;
}

/**
 * Starts a container's process, in a process group of its own, which is ended with the account. Should the rehearsal
 * itself be killed, Node.js processes end too, by their preload; a program that is none, and holds none, outlives it.
 * @param onLine called for each line that it writes
 * @throws where the program cannot be started
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
    // What the process started and left behind would keep its output open.
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
