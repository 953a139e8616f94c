import type { CloudEvent } from "../../../rehearsal/cloud/events";
import type { Evidence, LockSample, StackState } from "../../../rehearsal/faults/evidence";

export const MINUTE = 60_000;
export const BEGAN = Date.UTC(2026, 0, 5, 9, 0, 0);
export const pipeline = "dev-storefront";
export const executionId = "e1";
export const commit = "56c17a7d21698cac274cbb2a0000000000000000";
export const task = "arn:aws:ecs:us-east-1:123456789012:task/dev/1";

export const happened = (minutes: number, event: CloudEvent) => ({ at: BEGAN + minutes * MINUTE, event });
export const action = (name: string, status: "InProgress" | "Succeeded" | "Failed", summary?: string): CloudEvent => ({
  kind: "action",
  pipeline,
  executionId,
  stage: name,
  action: name,
  status,
  ...(summary !== undefined && { summary }),
});
export const execution = (status: "InProgress" | "Succeeded" | "Failed", id = executionId): CloudEvent => ({
  kind: "pipeline",
  pipeline,
  executionId: id,
  status,
});
export const result = (jobId = "j1"): CloudEvent => ({
  kind: "job-result",
  pipeline,
  executionId,
  stage: "Deploy",
  action: "Deploy",
  jobId,
  result: "succeeded",
});
export const migration = (status: "RUNNING" | "STOPPED", taskArn = task, startedBy = executionId): CloudEvent => ({
  kind: "task",
  family: "dev-storefront-task",
  startedBy,
  taskArn,
  status,
});
export const notice = (subject: string, id = executionId): CloudEvent => ({
  kind: "notice",
  topic: "slipway-alerts",
  subject,
  message: `https://console.aws.amazon.com/…/executions/${id}/timeline`,
});

export const taken = happened(1, action("Source", "Succeeded", "acme/storefront main 56c17a7d2169"));
export const deployed = happened(4, action("Deploy", "Succeeded"));
export const told = happened(5, notice("storefront in dev: 2.0.0 succeeded"));
export const over = happened(5, execution("Succeeded"));

export const service = (name: string, version = "2.0.0"): StackState["services"][number] => ({
  name,
  version,
  desired: 1,
  running: 1,
  pending: 0,
  rollouts: ["COMPLETED"],
});
export const dev: StackState = {
  environment: "dev",
  pipeline,
  services: [service("web"), service("worker")],
  tagged: "2.0.0",
  schedules: ["2.0.0"],
};
export const lock = (minutes: number, given: Partial<LockSample> = {}): LockSample => ({
  name: "deployment",
  at: BEGAN + minutes * MINUTE,
  environment: "dev",
  owner: executionId,
  until: BEGAN + 75 * MINUTE,
  ...given,
});

/** A push that was delivered in five minutes, as it should be. */
export const sound: Evidence = {
  request: { kind: "push", version: "2.0.0", commit },
  killedEachTime: false,
  began: BEGAN,
  ended: BEGAN + 5 * MINUTE,
  due: BEGAN + 35 * MINUTE,
  unrest: [],
  happened: [
    happened(1, execution("InProgress")),
    taken,
    happened(2, migration("RUNNING")),
    happened(2, migration("STOPPED")),
    happened(3, action("Deploy", "InProgress")),
    happened(4, result()),
    deployed,
    over,
    told,
  ],
  functionActions: new Set([`${pipeline}/Deploy/Deploy`]),
  stacks: [dev],
  records: [{ id: "deploy/e1", state: "succeeded", endedAt: BEGAN + 4 * MINUTE }],
  locks: [lock(3, { rollout: "dev-web" }), lock(6, { until: 0 })],
};

export const without = (...events: Evidence["happened"]) => sound.happened.filter((it) => !events.includes(it));
export const withEvents = (...events: Evidence["happened"]): Partial<Evidence> => ({
  happened: [...sound.happened, ...events],
});
export const inDev = (given: Partial<StackState>): Partial<Evidence> => ({ stacks: [{ ...dev, ...given }] });

/** The deploy function reported nothing, so that CodePipeline failed its action. */
export const SILENT: Partial<Evidence> = {
  happened: [
    ...without(deployed, over, told).filter(({ event }) => event.kind !== "job-result"),
    happened(4, action("Deploy", "Failed", "The AWS Lambda function failed to return a result within 20 minutes")),
    happened(5, execution("Failed")),
    happened(5, notice("storefront in dev: failed at Deploy")),
  ],
};
