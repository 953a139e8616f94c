import { assert } from "chai";
import type { Evidence } from "../../../rehearsal/faults/evidence";
import { violationsOf } from "../../../rehearsal/faults/invariants";
import {
  BEGAN,
  deployed,
  execution,
  happened,
  inDev,
  lock,
  MINUTE,
  migration,
  notice,
  result,
  SILENT,
  service,
  sound,
  task,
  told,
  withEvents,
  without,
} from "./evidenceSupport";

const once = "every pipeline action gets exactly one result";
const oneVersion = "all services of the application run one version";
const agree = "tag, schedules and services agree, or a notice says which do not";
const everyPush = "every push is delivered, superseded, or in a dead-letter queue with an alarm";
const oneMigration = "one migration task per execution, and never two of one application at once";
const locks =
  "a deployment lock names its execution, is valid while that runs, and is released within 5 minutes of its end";
const everyRecord = "every record reaches an end state";
const everyOutcome = "every outcome is published at least once";
const inTime = "the delivery ends within the rollout's deadline plus 5 minutes";

describe("rehearsal: what must be so whatever went wrong", () => {
  it("is so of a push that was delivered", () => assert.deepEqual(violationsOf(sound), []));

  const broken: [what: string, change: Partial<Evidence>, violations: string[]][] = [
    [
      "an action without a result",
      { happened: sound.happened.filter(({ event }) => event.kind !== "job-result") },
      [`${once}: Deploy/Deploy of dev-storefront e1 ended succeeded, and these results were taken: none`],
    ],
    [
      "an action with two results",
      withEvents(happened(5, result("j2"))),
      [
        `${once}: Deploy/Deploy of dev-storefront e1 ended succeeded, and these results were taken: succeeded, succeeded`,
      ],
    ],
    [
      "an action whose function reported nothing",
      SILENT,
      [`${once}: Deploy/Deploy of dev-storefront e1 ended failed, and these results were taken: none`],
    ],
    [
      "an action that did not end",
      { happened: without(deployed) },
      [
        `${once}: Deploy/Deploy of dev-storefront e1 ended 0 times: `,
        `${once}: Deploy/Deploy of dev-storefront e1 ended , and these results were taken: succeeded`,
      ],
    ],
    [
      "services of two versions",
      inDev({ services: [service("web"), service("worker", "1.0.0")] }),
      [`${oneVersion}: dev runs 2.0.0 and 1.0.0`],
    ],
    [
      "a service with fewer tasks than it should have",
      inDev({ services: [service("web"), { ...service("worker"), running: 0, rollouts: ["IN_PROGRESS"] }] }),
      [`${oneVersion}: dev: worker runs 0 of 1 tasks, rollouts: IN_PROGRESS`],
    ],
    [
      "a tag at another version than what runs, untold",
      inDev({ tagged: "1.0.0" }),
      [`${agree}: dev: services run 2.0.0, the tag is at 1.0.0, schedules run 2.0.0, and no notice says so`],
    ],
    [
      "schedules of another version than what runs, untold",
      inDev({ schedules: ["2.0.0", "1.0.0"] }),
      [`${agree}: dev: services run 2.0.0, the tag is at 2.0.0, schedules run 2.0.0, 1.0.0, and no notice says so`],
    ],
    [
      "a tag at another version than what runs, and a notice of something else that failed",
      { ...inDev({ tagged: "1.0.0" }), ...withEvents(happened(5, notice("storefront in dev: stock failed", "t1"))) },
      [`${agree}: dev: services run 2.0.0, the tag is at 1.0.0, schedules run 2.0.0, and no notice says so`],
    ],
    [
      "a push that no pipeline took",
      { happened: [], locks: [] },
      [`${everyPush}: version 2.0.0 was not taken by a pipeline`],
    ],
    [
      "a push among the dead letters, without an alarm",
      { happened: [happened(1, { kind: "message-dead", queue: "dead-letters", messageId: "1" })], locks: [] },
      [`${everyPush}: version 2.0.0 was not taken by a pipeline; it is among the dead letters, without an alarm`],
    ],
    [
      "a push that failed before it was taken, and a notice of something else that failed",
      {
        happened: [
          happened(1, execution("InProgress")),
          happened(2, execution("Failed")),
          happened(2, notice("storefront in dev: stock failed", "t1")),
        ],
        locks: [],
      },
      [
        `${everyPush}: version 2.0.0 was not taken by a pipeline`,
        `${everyOutcome}: no notice says that execution e1 has failed`,
      ],
    ],
    [
      "a migration that ran twice",
      withEvents(happened(3, migration("RUNNING", `${task}2`)), happened(3, migration("STOPPED", `${task}2`))),
      [`${oneMigration}: execution e1 ran 2 migrations`],
    ],
    [
      "migrations of two executions at once",
      withEvents(
        happened(1, execution("InProgress", "e2")),
        happened(3, migration("RUNNING", `${task}2`)),
        happened(3, migration("RUNNING", `${task}3`, "e2")),
      ),
      [
        `${oneMigration}: execution e1 ran 2 migrations`,
        `${oneMigration}: two migrations of dev-storefront-task ran at once`,
      ],
    ],
    [
      "a rollout without the lock",
      { locks: [lock(3, { until: 0, rollout: "dev-web" })] },
      [`${locks}: a rollout of dev-web begins in dev, and the lock is free`],
    ],
    [
      "a lock that names no execution",
      { locks: [lock(3, { owner: "x" })] },
      [`${locks}: the deployment lock of dev names x, which is neither an execution nor a deployment`],
    ],
    [
      "a lock that is held more than five minutes after the end",
      { locks: [lock(3), lock(10), lock(10.1)] },
      [`${locks}: the deployment lock of dev is held more than 5 minutes after the end of e1`],
    ],
    [
      "a record that does not end",
      { records: [{ id: "migrate/e1", state: "inProgress" }] },
      [`${everyRecord}: record migrate/e1 is still inProgress`],
    ],
    [
      "an outcome that nobody was told",
      { happened: without(told) },
      [`${everyOutcome}: no notice says that execution e1 has succeeded`],
    ],
    [
      "a deployment by HTTP that nobody was told about",
      { request: { kind: "deployment", version: "56c17a7", id: "d1", status: 202 } },
      [`${everyOutcome}: no notice says how deployment d1 has ended`],
    ],
    [
      "a delivery that does not end in time",
      { ended: BEGAN + 36 * MINUTE, unrest: ["execution e1 has not ended"] },
      [`${inTime}: after 36 minutes of 35: execution e1 has not ended`],
    ],
  ];
  for (const [what, change, violations] of broken)
    it(`is not so of ${what}`, () => assert.deepEqual(violationsOf({ ...sound, ...change }), violations));

  const allowed: [what: string, change: Partial<Evidence>][] = [
    [
      "a tag that was not moved, of which a notice tells",
      { ...inDev({ tagged: "1.0.0" }), ...withEvents(happened(5, notice("storefront in dev: failed at Tag"))) },
    ],
    [
      "a push among the dead letters, with an alarm",
      {
        happened: [
          happened(1, { kind: "message-dead", queue: "dead-letters", messageId: "1" }),
          happened(2, { kind: "alarm", alarm: "slipway-dead-letters", state: "ALARM", reason: "1 message" }),
        ],
        locks: [],
      },
    ],
    [
      "a tag that a deployment by HTTP did not move, of which its notice tells, though the answer with its id was lost",
      {
        ...inDev({ tagged: "1.0.0" }),
        request: { kind: "deployment", version: "2.0.0", status: 500 },
        records: [...sound.records, { id: "d1", state: "failed", endedAt: BEGAN }],
        ...withEvents(happened(5, notice("storefront in dev: deployment request for 2.0.0 failed", "d1"))),
      },
    ],
    ["an action whose function was killed at each attempt", { ...SILENT, killedEachTime: true }],
    ["a lock that is held four minutes after the end", { locks: [lock(9)] }],
    [
      "schedules that a deployment by HTTP leaves",
      {
        ...inDev({ schedules: ["1.0.0"] }),
        request: { kind: "deployment", version: "2.0.0", status: 503 },
      },
    ],
  ];
  for (const [what, change] of allowed)
    it(`is so of ${what}`, () => assert.deepEqual(violationsOf({ ...sound, ...change }), []));
});
