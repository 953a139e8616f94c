import { assert } from "chai";
import type { CloudEvent } from "../../../rehearsal/cloud/events";
import type { Decision } from "../../../rehearsal/cloud/iam";
import type { PullRequest } from "../../../rehearsal/forges/pullRequests";
import type { Delivery } from "../../../rehearsal/forges/webhook";
import { type Findings, summarise } from "../../../rehearsal/report/summary";

const pipeline = (
  executionId: string,
  status: "InProgress" | "Succeeded" | "Failed",
  name = "storefront",
): CloudEvent => ({
  kind: "pipeline",
  pipeline: name,
  executionId,
  status,
});

const invoked = (name: string, outcome: "succeeded" | "failed"): CloudEvent => ({
  kind: "function-invoked",
  function: name,
  outcome,
  milliseconds: 1,
});

const nat = ["subnet-1 (cn-north-1a)", "20.205.243.160/28 of pl-1 in rtb-1", "NAT instance i-1 by eni-1", "igw-1"];

const connection = (from: string, host: string, passage: { path?: string[]; reason?: string }): CloudEvent => ({
  kind: "connection",
  from,
  host,
  port: 443,
  ...passage,
});

const decision = (denial?: string): Decision => ({
  principal: { kind: "role", arn: "arn:aws:iam::123456789012:role/fetch" },
  permission: { action: "s3:PutObject", resource: "*" },
  ...(denial === undefined ? {} : { denial }),
});

const delivery = (id: number, event: string, status: number | undefined): Delivery => ({
  id,
  site: "github.com",
  guid: "g",
  event,
  hook: { id: 1, repository: "acme/storefront", url: "https://hooks.acme.example", secret: "s", contentType: "json" },
  payload: {},
  redelivery: false,
  at: 0,
  ...(status === undefined ? { error: "timed out" } : { answer: { status, headers: {}, body: "", milliseconds: 1 } }),
});

const proposed = (number: number, title: string, rest: Partial<PullRequest>): PullRequest => ({
  repository: "acme/gitops",
  number,
  author: "acme",
  title,
  body: "",
  draft: false,
  state: "open",
  head: { branch: "b", commit: "c" },
  base: { branch: "main", commit: "d" },
  createdAt: 0,
  updatedAt: 0,
  reviewers: [],
  teams: [],
  labels: [],
  comments: [],
  ...rest,
});

const grant = {
  role: "fetch-abc1234",
  policy: "p",
  statement: 0,
  action: "s3:AbortMultipartUpload",
  resource: "arn:aws:s3:::source/*",
};

const findings: Findings = {
  resources: [
    "aws:s3/bucket:Bucket",
    "aws:lambda/function:Function",
    "aws:s3/bucket:Bucket",
    "slipway:infra:PushQueue",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:lambda/function:Function",
    "aws:lambda/function:Function",
    "aws:iam/role:Role",
    "aws:sqs/queue:Queue",
    "aws:iam/role:Role",
  ],
  events: [
    connection("fetch", "github.com", { path: nat }),
    connection("fetch", "codeload.github.com", { path: nat }),
    connection("poll", "github.com", { path: nat }),
    connection("fetch", "github.com", { path: nat }),
    connection("fetch", "github.com", { reason: "the route is a blackhole" }),
    connection("poll", "github.com", { reason: "the route is a blackhole" }),
    connection("slack", "hooks.slack.com", {}),
    pipeline("1", "InProgress"),
    invoked("webhook", "succeeded"),
    invoked("fetch", "failed"),
    invoked("webhook", "succeeded"),
    pipeline("1", "Succeeded"),
    pipeline("2", "Failed"),
    pipeline("3", "Succeeded"),
    pipeline("4", "Succeeded", "storefront-2733000"),
    { kind: "rule-changed", rule: "dev-storefront--report", change: "put", schedule: "cron(0 3 * * ? *)" },
    { kind: "rule-changed", rule: "dev-storefront--report", change: "targets" },
    { kind: "rule-changed", rule: "dev-storefront--stock", change: "put", schedule: "rate(1 hour)" },
    { kind: "rule-changed", rule: "dev-storefront--stock", change: "put", schedule: "rate(2 hours)" },
    { kind: "rule-changed", rule: "dev-storefront--old", change: "put", schedule: "rate(1 day)" },
    { kind: "rule-changed", rule: "dev-storefront--old", change: "deleted" },
    { kind: "rule-changed", rule: "outcomes", change: "put" },
    { kind: "notice", topic: "t", subject: "storefront failed in dev", message: "text" },
    { kind: "notice", topic: "t", subject: "storefront failed in dev", message: "text" },
    { kind: "notice", topic: "t", message: "Text\nmore" },
    { kind: "notice", topic: "t", subject: 'OK: "errors" in us-east-1', message: "{}" },
    { kind: "notice", topic: "t", subject: 'OK: "dead" in us-east-1', message: "{}" },
  ],
  pipelines: new Map([["storefront-2733000", "storefront in prod"]]),
  decisions: [
    decision(),
    decision(
      "User: arn:aws:sts::123456789012:assumed-role/fetch/s is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::source/source.zip",
    ),
    decision(),
  ],
  granted: 12,
  partial: false,
  unused: [
    { grant, reason: "only when an upload breaks off" },
    { grant: { ...grant, action: "s3:ListMultipartUploadParts" }, reason: "only when an upload breaks off" },
    { grant: { ...grant, resource: "arn:aws:s3:::artifacts/*" }, reason: "only when an upload breaks off" },
    { grant: { ...grant, action: "s3:PutObject" }, reason: undefined },
  ],
  deliveries: [
    delivery(1, "ping", 200),
    delivery(2, "push", 202),
    delivery(3, "push", 202),
    delivery(4, "push", undefined),
  ],
  pullRequests: [
    proposed(1, "storefront dev: 1.0.0", { state: "closed" }),
    proposed(2, "storefront dev: 2.0.0", { state: "closed", mergedAt: 1 }),
    proposed(3, "backoffice dev: 1.0.0", {}),
  ],
  seen: [
    { version: "1.0.0", environment: "dev", url: "http://lb" },
    { version: "2.0.0", environment: "dev", url: "http://lb" },
    { version: "1.0.0", environment: "dev", url: "http://lb" },
  ],
  took: 1,
};

describe("rehearsal: the summary", () => {
  it("counts what there is, what was called, and what came of it", () => {
    assert.deepEqual(summarise(findings).split("\n"), [
      "  Resources    10 resources of 6 types: Function 3, Bucket 2, Role 2, BucketPolicy 1, PushQueue 1, …",
      "  Functions    3 invocations of 2 functions, 1 failed: fetch 1",
      "  Calls        2 allowed, 1 denied",
      "               User: assumed-role/fetch/s is not authorized to perform: s3:PutObject on resource: source/source.zip",
      "  Permissions  12 granted, 4 not needed",
      "               fetch-abc1234: only when an upload breaks off (s3:AbortMultipartUpload, s3:ListMultipartUploadParts)",
      "               fetch-abc1234: NO REASON KNOWN (s3:PutObject on source/*)",
      "  Deliveries   4: 1 × ping 200, 2 × push 202, 1 × push without an answer",
      "  Reached      github.com, codeload.github.com from fetch (3 times); github.com from poll (1 time): subnet-1 (cn-north-1a) → 20.205.243.160/28 of pl-1 in rtb-1 → NAT instance i-1 by eni-1 → igw-1",
      "               hooks.slack.com from slack (1 time): AWS's own network",
      "               github.com from fetch (1 time); github.com from poll (1 time): NOT REACHED on port 443: the route is a blackhole",
      "  Executions   2 × storefront Succeeded, 1 × storefront Failed, 1 × storefront in prod Succeeded",
      "  Proposed     acme/gitops#1 closed: storefront dev: 1.0.0",
      "               acme/gitops#2 merged: storefront dev: 2.0.0",
      "               acme/gitops#3 open: backoffice dev: 1.0.0",
      "  Schedules    dev-storefront--report  cron(0 3 * * ? *)",
      "               dev-storefront--stock   rate(2 hours)",
      "               dev-storefront--old     rate(1 day), deleted",
      "  Notices      2 × storefront failed in dev",
      "               1 × Text",
      "               2 × an alarm is OK",
      "  Seen         1.0.0 in dev at http://lb",
      "               2.0.0 in dev at http://lb",
    ]);
  });

  it("only counts what some of the scenarios did not need", () => {
    const lines = summarise({ ...findings, partial: true }).split("\n");
    assert.include(lines, "  Permissions  12 granted, 4 not needed by these scenarios");
    assert.isFalse(lines.some((line) => line.includes("NO REASON KNOWN")));
  });

  it("has a line for what did not happen, too", () => {
    const nothing = {
      ...findings,
      resources: [],
      events: [],
      decisions: [],
      granted: 0,
      unused: [],
      deliveries: [],
      pullRequests: [],
      seen: [],
    };
    assert.deepEqual(summarise(nothing).split("\n"), [
      "  Resources    0 resources of 0 types",
      "  Functions    0 invocations of 0 functions, 0 failed",
      "  Calls        0 allowed, 0 denied",
      "  Permissions  0 granted, 0 not needed",
      "  Deliveries   0",
      "  Executions   none",
    ]);
  });
});
