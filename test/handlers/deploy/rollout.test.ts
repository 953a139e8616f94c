import { expect } from "chai";
import { decideRollout, type RolloutVerdict, type ServiceObservation } from "../../../handlers/deploy/rollout";
import { deployment, early, late, observe, old, reason, settled, state } from "./rolloutSupport";

describe("rollout", () => {
  const table: [string, ServiceObservation | undefined, typeof early, RolloutVerdict][] = [
    [
      "in progress waits",
      observe([deployment({}), old()], { events: ["(service web) has started 1 tasks"] }),
      early,
      {
        kind: "waiting",
        progress: "1 of 2 tasks running, 1 pending, 0 failed; last event: (service web) has started 1 tasks",
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
      { kind: "waiting", progress: "2 of 2 tasks running, 0 pending, 0 failed" },
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
      settled,
      { kind: "failed", cause: "ECS deployment ecs-svc/2 no longer exists; the service has web:1" },
    ],
    [
      "that a stale read does not show yet waits, and is not gone",
      observe([old({ primary: true })]),
      early,
      { kind: "waiting", progress: "ECS does not show web:2 yet" },
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
      { kind: "failed", cause: "ECS deployment ecs-svc/2 no longer exists; the service has web:9" },
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
          "not complete after 30 minutes: 1 of 2 tasks running, 1 pending, 2 failed; last event: (service web) was unable to place a task.",
      },
    ],
    [
      "of a service that is gone has failed",
      undefined,
      early,
      { kind: "failed", cause: "the service does not exist in ECS" },
    ],
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
    expect(
      decideRollout(unheard, observe([deployment({ rolloutState: "FAILED", reason }), old()]), early),
    ).to.deep.equal({
      kind: "failed",
      cause: "ECS deployment circuit breaker: tasks failed to start",
    });
    expect(decideRollout(unheard, observe([old({ primary: true })]), early)).to.deep.equal({
      kind: "waiting",
      progress: "ECS does not show web:2 yet",
    });
    expect(decideRollout(unheard, observe([old({ primary: true })]), settled)).to.deep.equal({
      kind: "failed",
      cause: "web:2 was not started; the service has web:1",
    });
  });
});
