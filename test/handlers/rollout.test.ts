import { expect } from "chai";
import {
  type DeploymentObservation,
  decideRollback,
  decideRollout,
  type RollbackVerdict,
  type RolloutVerdict,
  rollbackTarget,
  type ServiceObservation,
} from "../../handlers/deploy/rollout";
import type { ServiceState } from "../../handlers/deploy/state";

const early = { elapsed: 30, deadline: 1_800 };
const afterGrace = { elapsed: 60, deadline: 1_800 };
const late = { elapsed: 1_800, deadline: 1_800 };

const state: ServiceState = { service: "web", previous: "web:1", next: "web:2", deployment: "ecs-svc/2" };

const deployment = (change: Partial<DeploymentObservation>): DeploymentObservation => ({
  id: "ecs-svc/2",
  primary: true,
  taskDefinition: "web:2",
  rolloutState: "IN_PROGRESS",
  desired: 2,
  running: 1,
  pending: 1,
  failedTasks: 0,
  ...change,
});
const old = (change: Partial<DeploymentObservation> = {}) =>
  deployment({ id: "ecs-svc/1", primary: false, taskDefinition: "web:1", rolloutState: "COMPLETED", ...change });
const observe = (deployments: DeploymentObservation[], change: Partial<ServiceObservation> = {}) => ({
  status: "ACTIVE",
  desired: 2,
  deployments,
  events: [],
  rollsBackItself: true,
  ...change,
});
const reason = "ECS deployment circuit breaker: tasks failed to start.";

describe("rollout", () => {
  const table: [string, ServiceObservation | undefined, typeof early, RolloutVerdict][] = [
    [
      "in progress waits",
      observe([deployment({}), old()], { events: ["(service web) has started 1 tasks"] }),
      early,
      {
        kind: "waiting",
        progress: "1 of 2 tasks run, 1 pending, 0 failed; last event: (service web) has started 1 tasks",
      },
    ],
    [
      "that is complete is done",
      observe([deployment({ rolloutState: "COMPLETED", running: 2, pending: 0 })]),
      late,
      { kind: "completed", unverified: false },
    ],
    [
      "that is complete while the old deployment drains is done",
      observe([deployment({ rolloutState: "COMPLETED" }), old()]),
      early,
      { kind: "completed", unverified: false },
    ],
    [
      "to a service of no tasks is done and proves nothing",
      observe([deployment({ desired: 0, running: 0, pending: 0 })], { desired: 0 }),
      early,
      { kind: "completed", unverified: true },
    ],
    [
      "that ECS gives no state for is done when it alone runs all its tasks",
      observe([deployment({ rolloutState: undefined, running: 2, pending: 0 })]),
      early,
      { kind: "completed", unverified: false },
    ],
    [
      "that ECS gives no state for waits while the old deployment drains",
      observe([deployment({ rolloutState: undefined, running: 2, pending: 0 }), old()]),
      early,
      { kind: "waiting", progress: "2 of 2 tasks run, 0 pending, 0 failed" },
    ],
    [
      "that failed and is still primary has failed",
      observe([deployment({ rolloutState: "FAILED", reason }), old()]),
      early,
      { kind: "failed", cause: "ECS deployment circuit breaker: tasks failed to start" },
    ],
    [
      "that failed and was rolled back by ECS has failed",
      observe([
        old({ id: "ecs-svc/3", primary: true }),
        deployment({ primary: false, rolloutState: "FAILED", reason }),
      ]),
      early,
      { kind: "failed", cause: "ECS deployment circuit breaker: tasks failed to start" },
    ],
    [
      "that is gone after ECS's rollback has failed, though the service is stable",
      observe([old({ id: "ecs-svc/3", primary: true })]),
      early,
      { kind: "failed", cause: "deployment ecs-svc/2 is gone, and the service has web:1" },
    ],
    [
      "that is gone has failed for the reason in the service's events",
      observe([old({ id: "ecs-svc/3", primary: true })], {
        events: [
          "(service web) has reached a steady state.",
          "(service web) rolling back to deployment ecs-svc/1.",
          "(service web) (deployment ecs-svc/2) deployment failed: tasks failed to start.",
        ],
      }),
      early,
      { kind: "failed", cause: "(service web) (deployment ecs-svc/2) deployment failed: tasks failed to start" },
    ],
    [
      "that another one replaced has failed",
      observe([deployment({ id: "ecs-svc/9", taskDefinition: "web:9" }), deployment({ primary: false })]),
      early,
      { kind: "failed", cause: "deployment ecs-svc/2 is gone, and the service has web:9" },
    ],
    [
      "that was started anew with the same task definition is followed",
      observe([deployment({ id: "ecs-svc/9", rolloutState: "COMPLETED" })]),
      early,
      { kind: "completed", unverified: false },
    ],
    [
      "that trips no circuit breaker fails at the deadline",
      observe([deployment({ failedTasks: 2 }), old()], { events: ["(service web) was unable to place a task."] }),
      late,
      {
        kind: "failed",
        cause:
          "not complete after 30 minutes: 1 of 2 tasks run, 1 pending, 2 failed; last event: (service web) was unable to place a task.",
      },
    ],
    ["of a service that is gone has failed", undefined, early, { kind: "failed", cause: "ECS knows no such service" }],
    [
      "of a service that is being deleted has failed",
      observe([deployment({})], { status: "DRAINING" }),
      early,
      { kind: "failed", cause: "the service is DRAINING" },
    ],
  ];
  for (const [what, observation, patience, verdict] of table) {
    it(what, () => {
      expect(decideRollout(state, observation, patience)).to.deep.equal(verdict);
    });
  }

  it("whose start was not heard of is found by its task definition", () => {
    const unheard = { ...state, deployment: undefined };
    expect(decideRollout(unheard, observe([deployment({ rolloutState: "COMPLETED" })]), early)).to.deep.equal({
      kind: "completed",
      unverified: false,
    });
    expect(decideRollout(unheard, observe([old({ primary: true })]), early)).to.deep.equal({
      kind: "failed",
      cause: "web:2 was not started, and the service has web:1",
    });
  });
});

describe("rollback", () => {
  const first = { ...state, first: true as const, count: 2 };
  const stuck = { ...state, stuck: true as const };
  const returning = (change: Partial<DeploymentObservation>) =>
    old({ id: "ecs-svc/3", primary: true, rolloutState: "IN_PROGRESS", ...change });
  const failed = deployment({ rolloutState: "FAILED", reason });

  const table: [string, ServiceState, ServiceObservation | undefined, typeof early, RollbackVerdict][] = [
    ["of a late rollout is an update", state, observe([deployment({}), old()]), early, { kind: "update" }],
    [
      "of a service that succeeded is an update too",
      state,
      observe([deployment({ rolloutState: "COMPLETED" })]),
      early,
      { kind: "update" },
    ],
    [
      "is left to ECS's circuit breaker at first",
      state,
      observe([failed, old()]),
      early,
      { kind: "waiting", progress: "ECS's circuit breaker is about to roll it back" },
    ],
    ["is an update if ECS does not begin", state, observe([failed, old()]), afterGrace, { kind: "update" }],
    [
      "is an update at once if ECS does not roll back",
      state,
      observe([failed, old()], { rollsBackItself: false }),
      early,
      { kind: "update" },
    ],
    [
      "that ECS has begun is followed, and not begun again",
      state,
      observe([returning({}), deployment({ primary: false, rolloutState: "FAILED", reason })]),
      early,
      { kind: "waiting", progress: "web:1: 1 of 2 tasks run, 1 pending, 0 failed" },
    ],
    [
      "is done when what ran before is complete",
      state,
      observe([returning({ rolloutState: "COMPLETED" })]),
      late,
      { kind: "returned" },
    ],
    ["is done where no tasks are wanted", state, observe([returning({})], { desired: 0 }), early, { kind: "returned" }],
    [
      "that fails as well says so",
      state,
      observe([returning({ rolloutState: "FAILED", reason: "tasks failed to start." })]),
      early,
      { kind: "failed", cause: "web:1 failed as well: tasks failed to start" },
    ],
    [
      "that does not end fails at the deadline",
      state,
      observe([returning({})]),
      late,
      { kind: "failed", cause: "not complete after 30 minutes: web:1: 1 of 2 tasks run, 1 pending, 0 failed" },
    ],
    [
      "that cannot begin fails at the deadline",
      state,
      observe([deployment({})]),
      late,
      { kind: "failed", cause: "it still has web:2 after 30 minutes" },
    ],
    [
      "that ECS refused is not tried again",
      stuck,
      observe([deployment({})]),
      early,
      { kind: "failed", cause: "it still has web:2" },
    ],
    [
      "leaves alone what somebody else deployed",
      state,
      observe([deployment({ id: "ecs-svc/9", taskDefinition: "web:9" })]),
      early,
      { kind: "failed", cause: "it was given web:9 meanwhile, and is left so" },
    ],
    [
      "of a first delivery ends its tasks: there is no image to go back to",
      first,
      observe([deployment({})]),
      early,
      { kind: "update", desiredCount: 0 },
    ],
    [
      "of a first delivery ends the tasks of ECS's own rollback",
      first,
      observe([returning({})]),
      early,
      { kind: "update", desiredCount: 0 },
    ],
    [
      "of a first delivery is done without tasks",
      first,
      observe([returning({})], { desired: 0 }),
      early,
      { kind: "returned" },
    ],
    [
      "of a service that is gone has failed",
      state,
      undefined,
      early,
      { kind: "failed", cause: "ECS knows no such service" },
    ],
  ];
  for (const [what, service, observation, patience, verdict] of table) {
    it(what, () => {
      expect(decideRollback(service, observation, patience)).to.deep.equal(verdict);
    });
  }

  const targets: [string, DeploymentObservation[], string | undefined][] = [
    ["what is running", [old({ primary: true })], "web:1"],
    ["what is still completed while another deployment is under way", [deployment({}), old()], "web:1"],
    ["the newest of two completed ones", [deployment({ rolloutState: "COMPLETED" }), old()], "web:2"],
    ["what there is, if nothing was ever completed", [deployment({})], "web:2"],
    ["nothing, if there is nothing", [], undefined],
  ];
  for (const [what, deployments, target] of targets) {
    it(`goes to ${what}`, () => {
      expect(rollbackTarget(observe(deployments))).to.equal(target);
    });
  }
});
