import { expect } from "chai";
import { decideMigration, type MigrationVerdict, type TaskObservation } from "../../../handlers/migrate/decision";

const exited = "Essential container in task exited";
const stopped = (task: Partial<TaskObservation>): TaskObservation => ({
  lastStatus: "STOPPED",
  stopCode: "EssentialContainerExited",
  stoppedReason: exited,
  containers: [{ name: "app", exitCode: 0 }],
  ...task,
});

describe("migration", () => {
  const table: [string, TaskObservation | undefined, number, MigrationVerdict][] = [
    [
      "whose task is being provisioned waits",
      { lastStatus: "PROVISIONING", containers: [{ name: "app" }] },
      10,
      { kind: "waiting", progress: "PROVISIONING" },
    ],
    [
      "that runs waits for hours",
      { lastStatus: "RUNNING", containers: [{ name: "app" }] },
      20 * 3_600,
      { kind: "waiting", progress: "RUNNING" },
    ],
    [
      "that has exited with 0 waits until its task has stopped",
      stopped({ lastStatus: "DEPROVISIONING" }),
      60,
      { kind: "waiting", progress: "DEPROVISIONING" },
    ],
    ["that exited with 0 has succeeded", stopped({}), 60, { kind: "succeeded" }],
    [
      "that exited with 0 has succeeded without a stop code",
      stopped({ stopCode: undefined }),
      60,
      { kind: "succeeded" },
    ],
    [
      "has succeeded whatever the other containers did",
      stopped({
        containers: [
          { name: "log", exitCode: 137 },
          { name: "app", exitCode: 0 },
        ],
      }),
      60,
      { kind: "succeeded" },
    ],
    [
      "that exited with 1 has failed",
      stopped({ containers: [{ name: "app", exitCode: 1 }] }),
      60,
      { kind: "failed", cause: `container app exited with 1; EssentialContainerExited: ${exited}` },
    ],
    [
      "that ran out of memory has failed, and its container says why",
      stopped({ containers: [{ name: "app", exitCode: 137, reason: "OutOfMemoryError: Container killed" }] }),
      60,
      {
        kind: "failed",
        cause: `container app exited with 137 (OutOfMemoryError: Container killed); EssentialContainerExited: ${exited}`,
      },
    ],
    [
      "whose container never ran has failed: no exit code is not 0",
      stopped({
        stopCode: "TaskFailedToStart",
        stoppedReason: "CannotPullContainerError",
        containers: [{ name: "app" }],
      }),
      60,
      { kind: "failed", cause: "container app has no exit code; TaskFailedToStart: CannotPullContainerError" },
    ],
    [
      "whose other container exited with 0 has failed if its own did not run",
      stopped({ containers: [{ name: "log", exitCode: 0 }, { name: "app" }] }),
      60,
      {
        kind: "failed",
        cause: `container log exited with 0; container app has no exit code; EssentialContainerExited: ${exited}`,
      },
    ],
    [
      "that somebody stopped has failed, though its process ended with 0",
      stopped({ stopCode: "UserInitiated", stoppedReason: "Task stopped by operator" }),
      60,
      { kind: "failed", cause: "container app exited with 0; UserInitiated: Task stopped by operator" },
    ],
    [
      "whose task does not have the container has failed",
      stopped({ containers: [{ name: "log", exitCode: 0 }] }),
      60,
      {
        kind: "failed",
        cause: `container log exited with 0; it has no container app; EssentialContainerExited: ${exited}`,
      },
    ],
    [
      "of which ECS tells nothing else has failed",
      { lastStatus: "STOPPED", containers: [] },
      60,
      { kind: "failed", cause: "it has no container app; no stop code: no reason given" },
    ],
    [
      "whose task found no room on Fargate may be started again",
      stopped({
        stopCode: "TaskFailedToStart",
        stoppedReason:
          "Capacity is unavailable at this time. Please try again later or in a different availability zone",
        containers: [{ name: "app" }],
      }),
      60,
      {
        kind: "shortage",
        cause: "Capacity is unavailable at this time. Please try again later or in a different availability zone",
      },
    ],
    ["that ECS does not show at once waits", undefined, 299, { kind: "waiting", progress: "not shown by ECS yet" }],
    [
      "that ECS does not show any more has failed",
      undefined,
      300,
      {
        kind: "failed",
        cause:
          "ECS no longer shows it (ECS removes a task about an hour after it has stopped): how it ended is unknown",
      },
    ],
  ];
  for (const [what, task, elapsed, verdict] of table) {
    it(what, () => {
      expect(decideMigration({ container: "app", elapsed, task })).to.deep.equal(verdict);
    });
  }
});
