import type { HealthCheck } from "@aws-sdk/client-ecs";
import type { Clock, Timer } from "../../clock";
import type { ProcessCommand } from "./command";
import { type ContainerProcess, startProcess } from "./containerProcess";

export type HealthStatus = "UNKNOWN" | "HEALTHY" | "UNHEALTHY";

/**
 * A container that starts takes real time, and on a clock that runs a hundred times as fast its first second would be a
 * hundred of failed checks: for so many real milliseconds failures do not count, unless it listens already.
 */
const STARTING = 5000;

/**
 * Runs a container's health check at its interval, and tells when its status changes, and at each check while it is
 * unhealthy.
 * @param check as the task definition has it; seconds
 * @param ports where the ports really are that the task's processes listen on
 * @returns what ends the checks
 */
export function watchHealth(
  clock: Clock,
  check: HealthCheck,
  process: Omit<ProcessCommand, "command">,
  ports: Record<string, number>,
  onStatus: (status: HealthStatus) => void,
): () => void {
  const { interval = 30, timeout = 5, retries = 3, startPeriod = 0 } = check;
  const begun = { clock: clock.now(), real: performance.now() };
  let status: HealthStatus = "UNKNOWN";
  let failures = 0;
  let timer: Timer | undefined;
  let running: ContainerProcess | undefined;
  let ended = false;

  function starting(): boolean {
    if (clock.now() - begun.clock < startPeriod * 1000) return true;
    const listens = Object.keys(ports).length > 0;
    return status === "UNKNOWN" && !listens && performance.now() - begun.real < STARTING;
  }

  async function runCheck(): Promise<void> {
    const command = commandOf(check.command ?? []).map((it) => located(it, ports));
    const passed = await exitsWell({ ...process, command });
    if (ended) return;
    failures = passed ? 0 : starting() ? failures : failures + 1;
    const next = passed ? "HEALTHY" : failures >= retries ? "UNHEALTHY" : status;
    const changed = next !== status;
    status = next;
    // What turned unhealthy in a service's grace period is replaced when that is over, though its status is the same.
    if (changed || status === "UNHEALTHY") onStatus(status);
    schedule();
  }

  async function exitsWell(command: ProcessCommand): Promise<boolean> {
    try {
      running = await startProcess(command, clock, () => {});
    } catch {
      // A command that cannot be started fails the check; ECS shows no more of it.
      return false;
    }
    // Real time, as above: the command is a process of this computer.
    const limit = setTimeout(running.kill, timeout * 1000);
    const { exitCode } = await running.exited;
    clearTimeout(limit);
    return exitCode === 0;
  }

  function schedule(): void {
    timer = clock.after(interval * 1000, () => void runCheck());
  }

  schedule();
  return () => {
    ended = true;
    timer?.cancel();
    running?.kill();
  };
}

/** `["CMD", "node", "check.js"]`, or `["CMD-SHELL", "node check.js || exit 1"]`. */
function commandOf([kind, ...rest]: string[]): string[] {
  return kind === "CMD-SHELL" ? ["/bin/sh", "-c", rest.join(" ")] : rest;
}

/** Programs other than Node.js have no preload: where they name a port of the task, they get the real one. */
function located(argument: string, ports: Record<string, number>): string {
  return argument.replace(/\b(?:localhost|127\.0\.0\.1):(\d+)/g, (name, port) =>
    ports[port] === undefined ? name : `127.0.0.1:${ports[port]}`,
  );
}
