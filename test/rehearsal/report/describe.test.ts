import { assert } from "chai";
import type { CloudEvent } from "../../../rehearsal/cloud/events";
import { describe as tell } from "../../../rehearsal/report/describe";

describe("rehearsal: events in words", () => {
  const pipeline = { pipeline: "storefront-abc1234", executionId: "e" };
  const taskArn = "arn:aws:ecs:us-east-1:123456789012:task/main/0123456789abcdef";
  const deployment = { service: "web", deploymentId: "d", taskDefinition: "arn:aws:ecs:r:1:task-definition/web:7" };
  const cases: [event: CloudEvent, as: string, text: string][] = [
    [
      { kind: "api-request", api: "abc", method: "POST", path: "/webhooks/github", status: 202 },
      "detail",
      "POST /webhooks/github answered 202",
    ],
    [
      { kind: "function-invoked", function: "fetch", outcome: "succeeded", milliseconds: 12 },
      "detail",
      "function fetch succeeded after 12 ms",
    ],
    [
      { kind: "function-invoked", function: "fetch", outcome: "failed", milliseconds: 12, error: "no" },
      "note",
      "function fetch failed after 12 ms: no",
    ],
    [{ kind: "log", group: "/aws/lambda/fetch", stream: "s", line: "line\n" }, "detail", "/aws/lambda/fetch line"],
    [
      { kind: "connection", from: "fetch", host: "github.com", port: 443, path: ["subnet-1 (cn-north-1a)", "igw-1"] },
      "detail",
      "fetch reached github.com by subnet-1 (cn-north-1a), igw-1",
    ],
    [
      { kind: "connection", from: "fetch", host: "github.com", port: 443 },
      "detail",
      "fetch reached github.com by AWS's own network",
    ],
    [
      { kind: "connection", from: "fetch", host: "github.com", port: 443, reason: "no route" },
      "note",
      "fetch cannot connect to port 443 of github.com: no route",
    ],
    [{ kind: "message-dead", queue: "dead", messageId: "m" }, "note", "message m went to the dead-letter queue dead"],
    [{ kind: "alarm", alarm: "dead", state: "ALARM", reason: "1 > 0" }, "note", "alarm dead is ALARM: 1 > 0"],
    [{ kind: "alarm", alarm: "dead", state: "OK", reason: "0" }, "detail", "alarm dead is OK: 0"],
    [{ kind: "pipeline", ...pipeline, status: "InProgress" }, "activity", "storefront-abc1234 starts"],
    [{ kind: "pipeline", ...pipeline, status: "Failed", reason: "no" }, "note", "storefront-abc1234: execution Failed"],
    [{ kind: "action", ...pipeline, stage: "Build", action: "Build", status: "InProgress" }, "activity", "Build"],
    [
      { kind: "action", ...pipeline, stage: "Build", action: "Build", status: "Succeeded", summary: "" },
      "note",
      "Build Succeeded",
    ],
    [
      { kind: "action", ...pipeline, stage: "Deploy", action: "Deploy", status: "Failed", summary: "no" },
      "note",
      "Deploy Failed: no",
    ],
    [
      { kind: "action", ...pipeline, stage: "Deploy", action: "Schedules", status: "InProgress", summary: "waits" },
      "activity",
      "Deploy/Schedules: waits",
    ],
    [
      { kind: "action", ...pipeline, stage: "Deploy", action: "Schedules", status: "Succeeded" },
      "note",
      "Deploy/Schedules Succeeded",
    ],
    [
      { kind: "build", project: "p", buildId: "b", status: "IN_PROGRESS", phase: "PRE_BUILD" },
      "activity",
      "Build: PRE_BUILD",
    ],
    [
      {
        kind: "image-pushed",
        repository: "r",
        tags: ["dev", "0123456789abcdef0123456789abcdef01234567"],
        digest: `sha256:${"c".repeat(64)}`,
      },
      "note",
      "image sha256:cccccccccccc pushed as dev, 0123456",
    ],
    [
      { kind: "deployment", ...deployment, rolloutState: "IN_PROGRESS" },
      "activity",
      "web: rollout of web:7 IN_PROGRESS",
    ],
    [
      { kind: "deployment", ...deployment, rolloutState: "FAILED", reason: "tasks failed" },
      "note",
      "web: rollout of web:7 FAILED: tasks failed",
    ],
    [
      {
        kind: "target",
        targetGroup: "web-1",
        target: "10.0.0.9:8080",
        state: "unhealthy",
        reason: "Request timed out",
      },
      "note",
      "target 10.0.0.9:8080 of web-1 is unhealthy: Request timed out",
    ],
    [{ kind: "task", taskArn, status: "RUNNING" }, "activity", "task 01234567 runs"],
    [
      { kind: "task", taskArn, status: "STOPPED", exitCode: 1, reason: "Essential container exited" },
      "note",
      "task 01234567 stopped with exit code 1: Essential container exited",
    ],
    [{ kind: "task", taskArn, status: "STOPPED", exitCode: 0 }, "detail", "task 01234567 stopped with exit code 0"],
    [
      { kind: "task", taskArn, status: "STOPPED", reason: "CannotPullContainerError" },
      "note",
      "task 01234567 stopped: CannotPullContainerError",
    ],
    [
      { kind: "task", taskArn, family: "dev-storefront-task", startedBy: "migrate/e-1", status: "RUNNING" },
      "note",
      "task 01234567 of dev-storefront-task runs, started by migrate/e-1",
    ],
    [
      { kind: "task", taskArn, family: "dev-storefront-task", status: "STOPPED", exitCode: 0, reason: "ended" },
      "note",
      "task 01234567 of dev-storefront-task stopped with exit code 0: ended",
    ],
    [{ kind: "rule-triggered", rule: "r" }, "detail", "rule r triggered"],
    [
      { kind: "rule", rule: "r", target: "arn:aws:ecs:us-east-1:123456789012:cluster/main" },
      "activity",
      "rule r calls cluster/main",
    ],
    [
      { kind: "rule", rule: "r", target: "arn:aws:lambda:us-east-1:123456789012:function:notices", error: "denied" },
      "note",
      "rule r could not call function:notices: denied",
    ],
    [
      { kind: "rule-changed", rule: "dev-storefront--report", change: "put", schedule: "rate(5 minutes)" },
      "note",
      "rule dev-storefront--report put: rate(5 minutes)",
    ],
    [{ kind: "rule-changed", rule: "outcomes", change: "put" }, "detail", "rule outcomes put"],
    [{ kind: "rule-changed", rule: "r", change: "targets" }, "detail", "rule r has other targets"],
    [{ kind: "rule-changed", rule: "r", change: "deleted" }, "note", "rule r deleted"],
    [
      { kind: "notice", topic: "t", subject: "storefront failed in dev", message: "text" },
      "note",
      "notice: storefront failed in dev",
    ],
    [
      { kind: "notice", topic: "t", subject: 'OK: "errors" in us-east-1', message: "{}" },
      "detail",
      'notice: OK: "errors" in us-east-1',
    ],
    [{ kind: "notice", topic: "t", message: "first\nsecond" }, "note", "notice: first"],
  ];
  for (const [event, as, text] of cases)
    it(`${as}: ${text}`, () => {
      assert.deepEqual(tell(event), { as, text });
    });

  const action = { kind: "action", ...pipeline, stage: "Deploy", action: "Schedules" } as const;
  const named: [event: CloudEvent, text: string][] = [
    [{ kind: "pipeline", ...pipeline, status: "InProgress" }, "storefront in prod starts"],
    [{ kind: "pipeline", ...pipeline, status: "Failed" }, "storefront in prod: execution Failed"],
    [{ ...action, status: "InProgress", summary: "waits" }, "storefront in prod: Deploy/Schedules: waits"],
    [{ ...action, status: "Succeeded" }, "storefront in prod: Deploy/Schedules Succeeded"],
  ];
  for (const [event, text] of named)
    it(`of a pipeline that is told from others: ${text}`, () => {
      assert.equal(tell(event, new Map([["storefront-abc1234", "storefront in prod"]])).text, text);
    });
});
