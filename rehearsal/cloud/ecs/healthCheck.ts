import type { HealthCheck } from "@aws-sdk/client-ecs";
import type { Clock, Timer } from "../../clock";
import type { ProcessCommand } from "./command";
import { type ContainerProcess, startProcess } from "./containerProcess";

export type HealthStatus = "UNKNOWN" | "HEALTHY" | "UNHEALTHY";

/**
 * Starting a container takes real time; with a clock a hundred times as fast, its first second would be a hundred
 * seconds of failed checks. Ignore failures for this many real milliseconds, unless it already listens.
 */
const STARTING = 5000;

/**
 * Runs a container's health check at its interval. Reports each change of status, and each check while it is unhealthy.
 * @param check from the task definition, in seconds
 * @param ports the actual ports of the task's processes
 * @returns a function that ends the checks
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
    // A container that became unhealthy in the grace period is replaced afterwards, without a change of status.
    if (changed || status === "UNHEALTHY") onStatus(status);
    schedule();
  }

  async function exitsWell(command: ProcessCommand): Promise<boolean> {
    try {
      running = await startProcess(command, clock, () => {});
    } catch {
      // If the command cannot start, the check fails; ECS shows no details.
      return false;
    }
    // Real time, as above: the command is a process of this machine.
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

/** Only Node.js has the preload. In other programs' arguments, replace the task's ports with the actual ones. */
function located(argument: string, ports: Record<string, number>): string {
  return argument.replace(/\b(?:localhost|127\.0\.0\.1):(\d+)/g, (name, port) =>
    ports[port] === undefined ? name : `127.0.0.1:${ports[port]}`,
  );
}
