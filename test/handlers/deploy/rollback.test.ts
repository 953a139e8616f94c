import { expect } from "chai";
import {
  type DeploymentObservation,
  decideRollback,
  type RollbackVerdict,
  rollbackTarget,
  type ServiceObservation,
} from "../../../handlers/deploy/rollout";
import type { ServiceState } from "../../../handlers/deploy/state";
import { afterGrace, deployment, early, late, observe, old, reason, state } from "./rolloutSupport";

describe("rollback", () => {
  const turned = { ...state, turned: true as const };
  const first = { ...turned, first: true as const, count: 2 };
  const stuck = { ...state, stuck: true as const };
  const counted = { ...turned, count: 2, before: 5 };
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
      { kind: "waiting", progress: "web:1: 1 of 2 tasks running, 1 pending, 0 failed" },
    ],
    [
      "is not done in a stale read that shows only what ran before: the update is made",
      state,
      observe([old({ primary: true })]),
      early,
      { kind: "update", precaution: true },
    ],
    [
      "is not done in a stale read of a service whose start was refused, or whose answer was lost",
      { ...state, deployment: undefined },
      observe([old({ primary: true })]),
      early,
      { kind: "update", precaution: true },
    ],
    [
      "is done if ECS's events say that the deployment failed",
      state,
      observe([returning({ rolloutState: "COMPLETED" })], {
        events: ["(service web) (deployment ecs-svc/2) deployment failed: tasks failed to start."],
      }),
      early,
      { kind: "returned", desired: 2 },
    ],
    [
      "is done when what ran before is complete",
      state,
      observe([returning({ rolloutState: "COMPLETED" })]),
      late,
      { kind: "returned", desired: 2 },
    ],
    [
      "is done where no tasks are wanted",
      turned,
      observe([returning({})], { desired: 0 }),
      early,
      { kind: "returned", desired: 0 },
    ],
    [
      "that fails as well says so",
      turned,
      observe([returning({ rolloutState: "FAILED", reason: "tasks failed to start." })]),
      early,
      { kind: "failed", cause: "web:1 failed as well: tasks failed to start" },
    ],
    [
      "that does not end fails at the deadline",
      state,
      observe([returning({})]),
      late,
      { kind: "failed", cause: "not complete after 30 minutes: web:1: 1 of 2 tasks running, 1 pending, 0 failed" },
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
      { kind: "failed", cause: "it was updated to web:9 in the meantime, and was left as it is" },
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
      { kind: "returned", desired: 0 },
    ],
    [
      "restores the count that the delivery changed",
      counted,
      observe([deployment({})]),
      early,
      { kind: "update", desiredCount: 5 },
    ],
    [
      "leaves a count that somebody has set during the delivery",
      counted,
      observe([deployment({})], { desired: 7 }),
      early,
      { kind: "update" },
    ],
    [
      "restores the count after ECS's own rollback, which does not",
      counted,
      observe([returning({ rolloutState: "COMPLETED" })]),
      early,
      { kind: "update", desiredCount: 5 },
    ],
    [
      "restores the count of a service that the delivery gave none",
      { ...state, count: 0, before: 2 },
      observe([returning({ rolloutState: "COMPLETED" })], { desired: 0 }),
      early,
      { kind: "update", desiredCount: 2 },
    ],
    [
      "restores the count once",
      counted,
      observe([returning({ rolloutState: "COMPLETED" })], { desired: 5 }),
      early,
      { kind: "returned", desired: 5 },
    ],
    [
      "leaves a count that somebody has set since",
      counted,
      observe([returning({ rolloutState: "COMPLETED" })], { desired: 7 }),
      early,
      { kind: "returned", desired: 7 },
    ],
    [
      "whose count ECS refused to restore has failed",
      { ...counted, stuck: true },
      observe([returning({ rolloutState: "COMPLETED" })]),
      early,
      { kind: "failed", cause: "it has web:1 again, but with a desired count of 2 instead of 5" },
    ],
    [
      "whose count is not restored at the deadline has failed",
      counted,
      observe([returning({ rolloutState: "COMPLETED" })]),
      late,
      { kind: "failed", cause: "it has web:1 again, but with a desired count of 2 instead of 5" },
    ],
    [
      "of a service that is gone has failed",
      state,
      undefined,
      early,
      { kind: "failed", cause: "the service does not exist in ECS" },
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
