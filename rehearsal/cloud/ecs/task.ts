import { rm } from "node:fs/promises";
import path from "node:path";
import type { TaskStopCode } from "@aws-sdk/client-ecs";
import type { Cloud } from "../service";
import { startProcess } from "./containerProcess";
import { type HealthStatus, watchHealth } from "./healthCheck";
import { type Launch, layOut } from "./launch";
import type { Listening } from "./preload";
import { acquire, type Resources, type TaskHost } from "./startup";
import { createStateChanges } from "./stateChange";
import { openTaskNetwork } from "./taskNetwork";
import type { ContainerState, Task, TaskOptions } from "./taskState";

/**
 * A process that ends within this time, in real milliseconds, did not start: its task was never RUNNING. A process that
 * listens has started at once.
 */
const STARTED = 1000;

/** AWS's default time between the stop signal and SIGKILL, in seconds. */
const STOP_TIMEOUT = 30;

/** Starts a Fargate task: its own interface, and a process for each container. */
export function startTask(host: TaskHost, options: TaskOptions): Task {
  const { cloud, network } = host;
  const { definition } = options.revision;
  const id = cloud.id(32);
  const directory = path.join(cloud.directory, "ecs", "tasks", id);
  const ports: Record<string, number> = {};
  const endings: (() => void)[] = [];
  const sendStateChange = createStateChanges(cloud);
  let listened = () => {};
  let killed = false;

  const task: Task = {
    id,
    arn: cloud.arn("ecs", `task/${options.clusterArn.split("/").at(-1)}/${id}`),
    options,
    containers: definition.containerDefinitions.map((it) => ({
      definition: it,
      lastStatus: "PENDING",
      health: "UNKNOWN",
    })),
    createdAt: cloud.clock.now(),
    lastStatus: "PENDING",
    desiredStatus: "RUNNING",
    ports,
    health: () => healthOf(task.containers),
    deactivate(stopCode, stoppedReason) {
      task.lastStatus = "DEACTIVATING";
      task.desiredStatus = "STOPPED";
      task.stopCode = stopCode;
      task.stoppedReason = stoppedReason;
      changed();
    },
    stop,
    async kill(reason) {
      killed = true;
      stop("UserInitiated", reason);
      for (const { process } of task.containers) process?.kill();
      await ended;
    },
  };
  // Deferred: the caller must have the task before its first change.
  const ended = Promise.resolve().then(run);
  return task;

  async function run(): Promise<void> {
    sendStateChange(task);
    try {
      await cloud.clock.during(start());
    } catch (error) {
      stop("TaskFailedToStart", error instanceof Error ? error.message : String(error));
    }
    await Promise.all(task.containers.map(({ process }) => process?.exited));
    await finish();
  }

  async function start(): Promise<void> {
    const { subnetId, securityGroups, assignPublicIp } = options;
    task.networkInterface = network.attach({ subnetId, securityGroups, assignPublicIp });
    const resources = await acquire(host, options.revision, task.networkInterface, id);
    const from = options.service ?? definition.family;
    const { close, ...ways } = await openTaskNetwork(
      host,
      definition,
      { from, kill, ports, onListening },
      task.networkInterface,
    );
    endings.push(close);
    const launch: Launch = { cloud, directory, ports, ...ways };
    const begun = hasBegun();
    for (const [index, container] of task.containers.entries())
      await startContainer(launch, container, resources[index]);
    // A standalone task is RUNNING as soon as its containers are. Only its end counts, and simulated time does not wait
    // for it.
    if (options.service !== undefined) await begun;
    if (task.desiredStatus === "STOPPED") return;
    task.lastStatus = "RUNNING";
    task.startedAt = cloud.clock.now();
    tell("RUNNING");
    changed();
  }

  /** As if the machine were lost: ECS sees the containers end. */
  function kill(): void {
    for (const { process } of task.containers) process?.kill();
  }

  /** Resolves when a process listens, when the processes have lived for a while, or when the task is to stop. */
  function hasBegun(): Promise<void> {
    return new Promise((resolve) => {
      listened = resolve;
      if (task.desiredStatus === "STOPPED") resolve();
      const timer = setTimeout(resolve, STARTED);
      endings.push(() => clearTimeout(timer));
    });
  }

  async function startContainer(launch: Launch, container: ContainerState, resources?: Resources): Promise<void> {
    if (resources === undefined || task.desiredStatus === "STOPPED") return;
    container.resources = resources;
    const command = await layOut(launch, container.definition, resources);
    const started = await startProcess(command, cloud.clock, resources.log.write);
    container.process = started;
    container.lastStatus = "RUNNING";
    void started.exited.then(({ exitCode }) => onExit(container, exitCode));
    // The task may have been stopped meanwhile.
    if (task.desiredStatus !== "RUNNING") return stopContainer(container);
    const { healthCheck } = container.definition;
    if (healthCheck === undefined) return;
    endings.push(
      watchHealth(cloud.clock, healthCheck, command, ports, (status) => {
        container.health = status;
        changed();
      }),
    );
  }

  function onListening({ port, actual, reachable }: Listening): void {
    if (reachable && task.networkInterface !== undefined && task.lastStatus !== "STOPPED")
      cloud.addresses.set(`${task.networkInterface.address}:${port}`, `http://127.0.0.1:${actual}`);
    listened();
  }

  function onExit(container: ContainerState, exitCode: number): void {
    container.lastStatus = "STOPPED";
    container.exitCode = exitCode;
    if (container.definition.essential !== false)
      stop("EssentialContainerExited", "Essential container in task exited");
  }

  function stop(stopCode: TaskStopCode, reason: string): void {
    if (task.desiredStatus === "STOPPED" && task.lastStatus !== "DEACTIVATING") return;
    task.desiredStatus = "STOPPED";
    task.lastStatus = "STOPPING";
    task.stopCode ??= stopCode;
    task.stoppedReason ??= reason;
    task.stoppingAt ??= cloud.clock.now();
    listened();
    for (const container of task.containers) stopContainer(container);
    changed();
  }

  function stopContainer({ definition: { stopTimeout = STOP_TIMEOUT }, resources, process }: ContainerState): void {
    const signal = (resources?.image.config.StopSignal ?? "SIGTERM") as NodeJS.Signals;
    if (killed) process?.kill();
    else process?.stop(signal, stopTimeout * 1000);
  }

  async function finish(): Promise<void> {
    for (const end of endings) end();
    await Promise.all(task.containers.map(({ resources }) => resources?.log.flush()));
    releaseAddresses(cloud, task);
    if (task.networkInterface !== undefined) network.detach(task.networkInterface);
    await rm(directory, { recursive: true, force: true });
    task.lastStatus = "STOPPED";
    task.stoppedAt = cloud.clock.now();
    for (const container of task.containers) container.lastStatus = "STOPPED";
    const exitCode = task.containers.find((it) => it.definition.essential !== false)?.exitCode;
    tell("STOPPED", { reason: task.stoppedReason, exitCode });
    changed();
  }

  function changed(): void {
    // Nobody receives the changes of tasks that end with the account.
    if (!killed) sendStateChange(task);
    options.onChange();
  }

  function tell(status: "RUNNING" | "STOPPED", ending: { reason?: string; exitCode?: number } = {}): void {
    const { service, startedBy } = options;
    const origin = service === undefined ? { family: definition.family, startedBy } : { service };
    cloud.tell({ kind: "task", ...origin, taskArn: task.arn, status, ...ending });
  }
}

function healthOf(containers: ContainerState[]): HealthStatus {
  const checked = containers.filter(({ definition }) => definition.healthCheck !== undefined);
  if (checked.some((it) => it.health === "UNHEALTHY")) return "UNHEALTHY";
  return checked.length > 0 && checked.every((it) => it.health === "HEALTHY") ? "HEALTHY" : "UNKNOWN";
}

function releaseAddresses(cloud: Cloud, { networkInterface }: Task): void {
  const names = [...cloud.addresses.keys()].filter((name) => name.startsWith(`${networkInterface?.address}:`));
  for (const name of names) cloud.addresses.delete(name);
}
