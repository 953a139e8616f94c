import { expect } from "chai";
import { type EndedAttempt, endedAttempt, type TaskStateChange } from "../../../handlers/pullRequestTasks/decision";

const ID = "0123456789abcdef0123456789abcdef";
const ATTEMPT = "11111111-2222-3333-4444-555555555555";
const TASK = "arn:aws:ecs:us-east-1:123456789012:task/dev/0123456789abcdef0123456789abcdef";

/** In AWS's own words. */
const DENIAL =
  "ResourceInitializationError: unable to pull secrets: AccessDeniedException: User: " +
  "arn:aws:sts::123456789012:assumed-role/gitops-pr/0123 is not authorized to perform: secretsmanager:GetSecretValue";

const ended = (why: string, detail: string): EndedAttempt => ({
  id: ID,
  attempt: ATTEMPT,
  cause: `the task ended without a result: ${why}; the platform's log has the details under ${ATTEMPT}`,
  detail,
});

describe("end of a pull request's task", () => {
  const table: [string, Partial<TaskStateChange>, EndedAttempt | undefined][] = [
    ["is not there while it is provisioned", { lastStatus: "PROVISIONING" }, undefined],
    ["is not there while it runs", { lastStatus: "RUNNING" }, undefined],
    ["is not there while its container has exited and it is taken down", { lastStatus: "DEPROVISIONING" }, undefined],
    [
      "tells that the program failed",
      { containers: [{ name: "gitops-pr", exitCode: 1 }] },
      ended(
        "its program exited with 1",
        "container gitops-pr exited with 1; EssentialContainerExited: Essential container in task exited",
      ),
    ],
    [
      "tells that the program ended with 0 and recorded nothing",
      { containers: [{ name: "gitops-pr", exitCode: 0 }] },
      ended(
        "its program exited with 0",
        "container gitops-pr exited with 0; EssentialContainerExited: Essential container in task exited",
      ),
    ],
    [
      "tells that memory ran out",
      { containers: [{ name: "gitops-pr", exitCode: 137, reason: "OutOfMemoryError: Container killed" }] },
      ended(
        "it ran out of memory",
        "container gitops-pr exited with 137 (OutOfMemoryError: Container killed); " +
          "EssentialContainerExited: Essential container in task exited",
      ),
    ],
    [
      "tells that it could not start, and repeats the denial in the log only",
      {
        stopCode: "TaskFailedToStart",
        stoppedReason: DENIAL,
        containers: [{ name: "gitops-pr" }],
      },
      ended("it could not start", `container gitops-pr has no exit code; TaskFailedToStart: ${DENIAL}`),
    ],
    [
      "tells that somebody stopped it",
      {
        stopCode: "UserInitiated",
        stoppedReason: "Task stopped by operator",
        containers: [{ name: "gitops-pr", exitCode: 143 }],
      },
      ended("somebody stopped it", "container gitops-pr exited with 143; UserInitiated: Task stopped by operator"),
    ],
  ];
  for (const [what, task, expected] of table) {
    it(what, () => {
      const detail: TaskStateChange = {
        taskArn: TASK,
        lastStatus: "STOPPED",
        startedBy: `${ID}/${ATTEMPT}`,
        stopCode: "EssentialContainerExited",
        stoppedReason: "Essential container in task exited",
        ...task,
      };
      expect(endedAttempt(detail)).to.deep.equal(expected);
    });
  }

  it("may come without any reason", () => {
    const detail = { taskArn: TASK, lastStatus: "STOPPED", startedBy: `${ID}/${ATTEMPT}` };
    expect(endedAttempt(detail)).to.deep.equal(ended("AWS stopped it", "no stop code: no reason given"));
  });

  const others: [string, string | undefined][] = [
    ["nobody", undefined],
    ["a service", "ecs-svc/1234567890123456789"],
    ["a migration", ATTEMPT],
    ["a person", "alice"],
    ["a record without an attempt", ID],
    ["a record with something else than an attempt", `${ID}/1`],
    ["an attempt of no record", `storefront/${ATTEMPT}`],
    ["a longer name", `${ID}/${ATTEMPT}/again`],
  ];
  for (const [who, startedBy] of others) {
    it(`is nobody's business if the task was started by ${who}`, () => {
      const detail = { taskArn: TASK, lastStatus: "STOPPED", ...(startedBy !== undefined && { startedBy }) };
      expect(endedAttempt(detail)).to.equal(undefined);
    });
  }
});
