import { createDeployments } from "./deployments";
import { decideRollout, type TaskObservation } from "./rollout";
import { addEvent, type EcsService, primaryOf, type ServiceTask } from "./service";
import type { TaskHost } from "./startup";
import { createTargets } from "./targets";
import { startTask } from "./task";
import type { Task } from "./taskState";

/**
 * Runs services: keeps their task counts, replaces unhealthy tasks, and completes deployments.
 * @param onTask called for every started task
 */
export function createScheduler(host: TaskHost, onTask: (task: Task) => void) {
  const { cloud } = host;
  const services = new Set<EcsService>();
  const targets = createTargets(cloud, reconcile);
  const deployments = createDeployments(cloud, reconcile);
  const busy = new Set<EcsService>();
  const again = new Set<EcsService>();
  let begun = false;
  let placed = 0;

  /** Brings the service closer to its desired state. Called after every relevant change. */
  function reconcile(service: EcsService): void {
    services.add(service);
    if (!begun) return;
    again.add(service);
    // A change made by a step requests the next step, after this one.
    if (busy.has(service)) return;
    busy.add(service);
    try {
      while (again.delete(service)) step(service);
    } finally {
      busy.delete(service);
    }
  }

  function step(service: EcsService): void {
    for (const it of service.tasks) attend(service, it);
    const primary = primaryOf(service);
    const { minimumHealthyPercent, maximumPercent } = service.settings;
    const { start, stop, steady } = decideRollout({
      desiredCount: service.desiredCount,
      minimumHealthyPercent,
      maximumPercent,
      mayStart: deployments.mayStart(service),
      tasks: [...service.tasks].map((it) => observe(service, it)),
    });
    const reason = `Scaling activity initiated by (deployment ${primary.id})`;
    for (const it of [...service.tasks]) if (stop.includes(it.task.id)) retire(service, it, reason);
    if (start > 0) launch(service, start);
    if (steady) deployments.complete(service);
  }

  function observe(service: EcsService, it: ServiceTask): TaskObservation {
    return { id: it.task.id, primary: it.deployment === primaryOf(service), condition: conditionOf(service, it) };
  }

  /** Handles what happened to a task. */
  function attend(service: EcsService, it: ServiceTask): void {
    const { task } = it;
    switch (task.lastStatus) {
      case "RUNNING":
        targets.register(service, it);
        if (!it.wasHealthy && conditionOf(service, it) === "healthy") {
          it.wasHealthy = true;
          it.deployment.failedTasks = 0;
        }
        replaceIfUnhealthy(service, it);
        break;
      case "DEACTIVATING":
        if (it.targets === "gone") task.stop("ServiceSchedulerInitiated", task.stoppedReason ?? "");
        break;
      case "STOPPING":
        countFailure(service, it);
        break;
      case "STOPPED":
        countFailure(service, it);
        service.tasks.delete(it);
        targets.deregister(service, it);
        if (task.stopCode === "TaskFailedToStart")
          addEvent(cloud, service, `was unable to place a task. Reason: ${task.stoppedReason}.`);
    }
  }

  /** Counts a task that ended by itself before it became healthy: once, before its replacement starts. */
  function countFailure(service: EcsService, it: ServiceTask): void {
    if (it.counted || it.wasHealthy || it.task.stopCode === "ServiceSchedulerInitiated") return;
    it.counted = true;
    deployments.countFailure(service, it.deployment);
  }

  function replaceIfUnhealthy(service: EcsService, it: ServiceTask): void {
    const { task } = it;
    const { healthCheckGracePeriodSeconds, loadBalancers } = service.settings;
    if (cloud.clock.now() - (task.startedAt ?? 0) < healthCheckGracePeriodSeconds * 1000) return;
    const groups = loadBalancers.map(({ targetGroupArn }) => `(target-group ${targetGroupArn})`).join(" ");
    if (task.health() === "UNHEALTHY") {
      addEvent(cloud, service, `(task ${task.id}) failed container health checks.`);
      fail(service, it, "Task failed container health checks");
    } else if (it.targets === "unhealthy") {
      addEvent(cloud, service, `(task ${task.id}) is unhealthy in ${groups} due to (reason ${it.targetReason}).`);
      const silent = loadBalancers.find(({ containerPort }) => task.ports[containerPort] === undefined);
      // Not AWS's message: AWS does not have this case.
      if (silent !== undefined)
        addEvent(
          cloud,
          service,
          `(task ${task.id}) has no Node.js process that listens on port ${silent.containerPort}: the rehearsal reaches no other programs.`,
        );
      fail(service, it, `Task failed ELB health checks in ${groups}`);
    }
  }

  function fail(service: EcsService, it: ServiceTask, reason: string): void {
    countFailure(service, it);
    retire(service, it, reason);
  }

  /** Stops a task; if it gets requests, after they are answered. */
  function retire(service: EcsService, it: ServiceTask, reason: string): void {
    const { task } = it;
    if (it.registered && task.lastStatus === "RUNNING") {
      task.deactivate("ServiceSchedulerInitiated", reason);
      targets.deregister(service, it);
      addEvent(cloud, service, "has begun draining connections on 1 tasks.");
    } else task.stop("ServiceSchedulerInitiated", reason);
    addEvent(cloud, service, `has stopped 1 running tasks: (task ${task.id}).`);
  }

  function launch(service: EcsService, count: number): void {
    const { settings } = service;
    const deployment = primaryOf(service);
    const started = Array.from({ length: count }, () => {
      const task = startTask(host, {
        revision: deployment.revision,
        clusterArn: settings.clusterArn,
        service: settings.name,
        startedBy: deployment.id,
        subnetId: settings.subnets[placed++ % settings.subnets.length] ?? "",
        securityGroups: settings.securityGroups,
        assignPublicIp: settings.assignPublicIp,
        onChange: () => reconcile(service),
      });
      service.tasks.add({ task, deployment, registered: false, targets: undefined, wasHealthy: false, counted: false });
      onTask(task);
      return `(task ${task.id})`;
    });
    addEvent(cloud, service, `has started ${count} tasks: ${started.join(" ")}.`);
  }

  return {
    deploy: deployments.deploy,
    reconcile,
    start(): void {
      begun = true;
      for (const service of services) reconcile(service);
    },
    /** Stops every task and starts no more. */
    async stop(): Promise<void> {
      begun = false;
      const tasks = [...services].flatMap((service) => [...service.tasks]);
      await Promise.all(tasks.map(({ task }) => task.kill("The account was closed")));
    },
  };
}

function conditionOf({ settings }: EcsService, { task, targets }: ServiceTask): TaskObservation["condition"] {
  if (task.desiredStatus === "STOPPED") return "stopping";
  if (task.lastStatus === "PENDING") return "pending";
  const checked = task.containers.some(({ definition }) => definition.healthCheck !== undefined);
  const states = [...(checked ? [task.health()] : []), ...(settings.loadBalancers.length > 0 ? [targets] : [])];
  if (states.some((state) => state === "UNHEALTHY" || state === "unhealthy")) return "unhealthy";
  return states.every((state) => state === "HEALTHY" || state === "healthy") ? "healthy" : "pending";
}
