import type { Timer } from "../../clock";
import type { DescribeTargetHealthOutput } from "../loadBalancer";
import type { TargetDescription } from "../loadBalancer/targetGroup";
import type { Cloud, Principal } from "../service";
import { addEvent, type EcsService, type ServiceTask } from "./service";

/** ECS's service-linked role in the account. */
const ECS: Principal = { kind: "aws", service: "ecs.amazonaws.com" };

/** Milliseconds between ECS's polls of the load balancer: while targets change, and while all are healthy. */
const POLL_INTERVAL = { changing: 5000, calm: 30_000 };

/**
 * The targets of services' tasks: registered when a task runs, watched, and deregistered before it stops.
 * @param onChange called when a task's targets change state, and at each poll while one is unhealthy
 */
export function createTargets(cloud: Cloud, onChange: (service: EcsService) => void) {
  const timers = new Map<EcsService, Timer>();

  const ask = <O>(operation: string, input: object): Promise<O> =>
    cloud.call<object, O>(ECS, "elasticloadbalancing", operation, input);

  function change(service: EcsService, it: ServiceTask, operation: "RegisterTargets" | "DeregisterTargets"): void {
    const verb = operation === "RegisterTargets" ? "register" : "deregister";
    for (const { targetGroupArn, containerPort } of service.settings.loadBalancers) {
      const Targets = [targetOf(it, containerPort)];
      ask(operation, { TargetGroupArn: targetGroupArn, Targets }).then(
        () => addEvent(cloud, service, `${verb}ed 1 targets in (target-group ${targetGroupArn})`),
        (error) =>
          addEvent(
            cloud,
            service,
            `failed to ${verb} targets in (target-group ${targetGroupArn}) with (error ${error.message})`,
          ),
      );
    }
  }

  function register(service: EcsService, it: ServiceTask): void {
    if (it.registered || it.targets === "gone" || service.settings.loadBalancers.length === 0) return;
    it.registered = true;
    it.targets = "initial";
    change(service, it, "RegisterTargets");
    watch(service, POLL_INTERVAL.changing);
  }

  function deregister(service: EcsService, it: ServiceTask): void {
    if (!it.registered) return;
    it.registered = false;
    change(service, it, "DeregisterTargets");
    watch(service, POLL_INTERVAL.changing);
  }

  function watch(service: EcsService, interval: number): void {
    timers.get(service)?.cancel();
    const timer = cloud.clock.after(interval, () => {
      poll(service).catch((error) =>
        addEvent(cloud, service, `failed to describe target health with (error ${error.message})`),
      );
    });
    timers.set(service, timer);
  }

  async function poll(service: EcsService): Promise<void> {
    const tasks = [...service.tasks].filter((it) => it.registered || it.task.lastStatus === "DEACTIVATING");
    if (tasks.length === 0) return;
    const changes = await Promise.all(tasks.map((it) => update(service, it)));
    const calm = tasks.every(({ targets }) => targets === "healthy");
    watch(service, calm ? POLL_INTERVAL.calm : POLL_INTERVAL.changing);
    // A target that became unhealthy in the grace period is replaced afterwards, without a change of state.
    if (changes.includes(true) || tasks.some(({ targets }) => targets === "unhealthy")) onChange(service);
  }

  /** @returns whether the task's state changed */
  async function update(service: EcsService, it: ServiceTask): Promise<boolean> {
    const answers = await Promise.all(
      service.settings.loadBalancers.map(({ targetGroupArn, containerPort }) =>
        ask<DescribeTargetHealthOutput>("DescribeTargetHealth", {
          TargetGroupArn: targetGroupArn,
          Targets: [targetOf(it, containerPort)],
        }),
      ),
    );
    const health = answers.flatMap((answer) => answer.TargetHealthDescriptions.map(({ TargetHealth }) => TargetHealth));
    const before = it.targets;
    it.targets = combine(health.map(({ State }) => State));
    it.targetReason = health.find(({ State }) => State === "unhealthy")?.Description;
    return it.targets !== before;
  }

  return { register, deregister };
}

export type Targets = ReturnType<typeof createTargets>;

function targetOf({ task }: ServiceTask, Port: number): TargetDescription {
  return { Id: task.networkInterface?.address ?? "", Port };
}

/** A task is as healthy as its worst target. */
function combine(states: string[]): ServiceTask["targets"] {
  if (states.includes("unhealthy")) return "unhealthy";
  if (states.every((state) => state === "healthy")) return "healthy";
  return states.every((state) => state === "unused") ? "gone" : "initial";
}
