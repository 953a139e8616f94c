import { type ClientRequest, get } from "node:http";
import type { Timer } from "../../clock";
import type { Network, NetworkInterface, Passage } from "../network";
import type { Cloud } from "../service";

// The API's client is not a dependency of the project: only ECS calls this, within the account.
export interface TargetDescription {
  Id: string;
  Port: number;
}

export interface TargetHealth {
  State: "initial" | "healthy" | "unhealthy" | "draining" | "unused";
  Reason?: string;
  Description?: string;
}

export interface TargetGroupSettings {
  arn: string;
  name: string;
  targetType: string;
  healthCheck: {
    path: string;
    /** `200`, `200,301` or `200-399`. */
    matcher: string;
    /** Milliseconds. */
    interval: number;
    /** Milliseconds. */
    timeout: number;
    healthyThreshold: number;
    unhealthyThreshold: number;
  };
  /** Milliseconds that a deregistered target has to finish its requests. */
  deregistrationDelay: number;
}

export interface Target extends TargetDescription {
  health: TargetHealth;
  /** Consecutive checks with the latest result. */
  streak: { passed: boolean; length: number };
  /** Real time, in milliseconds. */
  registeredAt: number;
  /** Its unfinished requests. */
  requests: Set<ClientRequest>;
  timer?: Timer;
}

type Failure = { passed: false; reason: string; description: string };
type Outcome = { passed: true } | Failure;

/**
 * A process starts in real time; with a clock a hundred times as fast, its first second would be a hundred seconds of
 * failed checks. For this many real milliseconds after registration, a target without responses counts as starting.
 */
const STARTING = 5000;

const TIMEOUT = { passed: false, reason: "Target.Timeout", description: "Request timed out" } as const;
const REFUSED: Outcome = { passed: false, reason: "Target.FailedHealthChecks", description: "Health checks failed" };

/** A target group: its targets and their health. */
export function createTargetGroup(cloud: Cloud, network: Network, settings: TargetGroupSettings) {
  const { clock } = cloud;
  const targets = new Map<string, Target>();
  const loadBalancers = new Map<string, NetworkInterface[]>();
  let turn = 0;

  const keyOf = ({ Id, Port }: TargetDescription) => `${Id}:${Port}`;

  function register(description: TargetDescription): void {
    targets.get(keyOf(description))?.timer?.cancel();
    const target: Target = {
      Id: description.Id,
      Port: description.Port,
      health: {
        State: "initial",
        Reason: "Elb.RegistrationInProgress",
        Description: "Target registration is in progress",
      },
      streak: { passed: true, length: 0 },
      registeredAt: performance.now(),
      requests: new Set(),
    };
    targets.set(keyOf(target), target);
    begin(target);
  }

  function begin(target: Target): void {
    if (loadBalancers.size > 0) void check(target);
    else
      target.health = {
        State: "unused",
        Reason: "Target.NotInUse",
        Description: "Target group is not configured to receive traffic from the load balancer",
      };
  }

  function deregister(description: TargetDescription): void {
    const target = targets.get(keyOf(description));
    if (target === undefined || target.health.State === "draining") return;
    target.timer?.cancel();
    target.health = {
      State: "draining",
      Reason: "Target.DeregistrationInProgress",
      Description: "Target deregistration is in progress",
    };
    target.timer = clock.after(settings.deregistrationDelay, () => {
      targets.delete(keyOf(target));
      for (const request of target.requests) request.destroy();
    });
  }

  /** The health of these targets, or of all. */
  function describe(asked: TargetDescription[] = [...targets.values()]) {
    return asked.map(({ Id, Port }) => ({
      Target: { Id, Port },
      TargetHealth: targets.get(keyOf({ Id, Port }))?.health ?? {
        State: "unused" as const,
        Reason: "Target.NotRegistered",
        Description: "Target is not registered to the target group",
      },
    }));
  }

  /** Whether the load balancers reach a target, and over which hops. */
  function passageTo({ Id, Port }: TargetDescription): Passage {
    const to = network.interfaceAt(Id);
    if (to === undefined) return { open: false, reason: `nothing has the address ${Id}` };
    const passages = [...loadBalancers.values()].flat().map((from) => network.between(from, to, Port));
    return (
      passages.find((it) => !it.open) ??
      passages[0] ?? { open: false, reason: "no load balancer uses the target group" }
    );
  }

  async function check(target: Target): Promise<void> {
    const outcome = await clock.during(probe(target));
    if (targets.get(keyOf(target)) !== target || target.health.State === "draining") return;
    assess(target, outcome);
    target.timer = clock.after(settings.healthCheck.interval, () => void check(target));
  }

  function assess(target: Target, outcome: Outcome): void {
    if (outcome === REFUSED && target.health.State === "initial" && performance.now() - target.registeredAt < STARTING)
      return;
    const { healthyThreshold, unhealthyThreshold } = settings.healthCheck;
    const again = target.streak.passed === outcome.passed;
    target.streak = { passed: outcome.passed, length: again ? target.streak.length + 1 : 1 };
    const { State } = target.health;
    // A new target is healthy after its first check, whatever the threshold (ALB guide, "Health checks for target groups").
    if (outcome.passed && (State === "initial" || target.streak.length >= healthyThreshold))
      target.health = { State: "healthy" };
    else if (!outcome.passed && (State === "unhealthy" || target.streak.length >= unhealthyThreshold))
      turnUnhealthy(target, outcome);
    else if (State === "initial")
      target.health = { State, Reason: "Elb.InitialHealthChecking", Description: "Initial health checks in progress" };
  }

  function turnUnhealthy(target: Target, { reason, description }: Failure): void {
    const turns = target.health.State !== "unhealthy";
    target.health = { State: "unhealthy", Reason: reason, Description: description };
    if (turns)
      cloud.tell({
        kind: "target",
        targetGroup: settings.name,
        target: keyOf(target),
        state: "unhealthy",
        reason: description,
      });
  }

  function probe(target: Target): Promise<Outcome> {
    const passage = passageTo(target);
    // AWS reports only that the request timed out. The rehearsal adds what blocks it.
    if (!passage.open) return Promise.resolve({ ...TIMEOUT, description: `${TIMEOUT.description}: ${passage.reason}` });
    const address = cloud.addresses.get(keyOf(target));
    if (address === undefined) return Promise.resolve(REFUSED);
    // A process responds in real time, so its timeout is real too: on a clock fifty times as fast, five seconds would
    // be a tenth of a second, which a busy laptop exceeds.
    const signal = AbortSignal.timeout(settings.healthCheck.timeout);
    const headers = { host: keyOf(target), "user-agent": "ELB-HealthChecker/2.0", connection: "close" };
    return new Promise((resolve) => {
      get(new URL(settings.healthCheck.path, address), { headers, signal, agent: false }, (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        const description = `Health checks failed with these codes: [${status}]`;
        const passed = matches(settings.healthCheck.matcher, status);
        resolve(passed ? { passed } : { passed, reason: "Target.ResponseCodeMismatch", description });
      }).on("error", (error) => resolve(error.name === "AbortError" ? TIMEOUT : REFUSED));
    });
  }

  /**
   * The next target in turn. If none is healthy, an unhealthy one: a load balancer fails open (ALB guide, "Health
   * checks for target groups"). Undefined if all targets are new or draining.
   */
  function choose(): Target | undefined {
    const inState = (state: TargetHealth["State"]) =>
      [...targets.values()].filter(({ health }) => health.State === state);
    const healthy = inState("healthy");
    const candidates = healthy.length > 0 ? healthy : inState("unhealthy");
    return candidates[turn++ % candidates.length];
  }

  return {
    settings,
    loadBalancers,
    register,
    deregister,
    describe,
    choose,
    passageTo,
    /** Starts sending requests from the load balancer, which has these interfaces. */
    use(loadBalancerArn: string, interfaces: NetworkInterface[]): void {
      const unused = loadBalancers.size === 0;
      loadBalancers.set(loadBalancerArn, interfaces);
      if (unused) for (const target of targets.values()) begin(target);
    },
  };
}

export type TargetGroup = ReturnType<typeof createTargetGroup>;

/** @param matcher `200`, `200,301` or `200-399` */
export function matches(matcher: string, status: number): boolean {
  return matcher.split(",").some((part) => {
    const [from = 0, to = from] = part.split("-").map(Number);
    return from <= status && status <= to;
  });
}
