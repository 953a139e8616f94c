import { expect } from "chai";
import { newRecord } from "../../handlers/pullRequests/record";
import { createPullRequestTasks } from "../../handlers/pullRequestTasks";
import { MOVES, type PullRequestRecord, type PullRequestState } from "../../images/gitops-pr/pullRequestRecord";
import { serialize } from "../../infra/lambda/serialization";
import { awsFault, type Endpoint, startEndpoint } from "./endpoint";
import { type Lambda, startLambda } from "./lambda";
import { PULL_REQUESTS, startPullRequestTable } from "./pullRequestTable";
import type { Table } from "./table";

const ATTEMPT = "11111111-2222-3333-4444-555555555555";
const LATER_ATTEMPT = "99999999-2222-3333-4444-555555555555";
const TASK = "arn:aws:ecs:us-east-1:123456789012:task/dev/0123";
const KILLED = "OutOfMemoryError: Container killed due to memory usage";
const CAUSE = `the task ended without a result: it ran out of memory; the platform's log has the details under ${ATTEMPT}`;
const DETAIL = `container gitops-pr exited with 137 (${KILLED}); EssentialContainerExited: Essential container in task exited`;

const request = {
  service: "storefront",
  environment: "dev",
  revision: "v2",
  image: "storefront=registry/storefront:v2",
  repository: "acme/storefront",
};
const RECORD = newRecord(request, ATTEMPT, Date.parse("2026-01-05T10:00:00.000Z"));

/** As ECS's guide shows them. */
const eventOf = (detail: object = {}) => ({
  version: "0",
  id: "3317b2af-7005-947d-b652-f55e762e571a",
  "detail-type": "ECS Task State Change",
  source: "aws.ecs",
  account: "123456789012",
  time: "2026-01-05T10:02:00Z",
  region: "us-east-1",
  resources: [TASK],
  detail: {
    clusterArn: "arn:aws:ecs:us-east-1:123456789012:cluster/dev",
    taskArn: TASK,
    group: "family:dev-slipway-gitops-pr",
    desiredStatus: "STOPPED",
    lastStatus: "STOPPED",
    startedBy: `${RECORD.id}/${ATTEMPT}`,
    stopCode: "EssentialContainerExited",
    stoppedReason: "Essential container in task exited",
    containers: [{ name: "gitops-pr", lastStatus: "STOPPED", exitCode: 137, reason: KILLED, taskArn: TASK }],
    overrides: {
      containerOverrides: [{ name: "gitops-pr", environment: [{ name: "PULL_REQUEST", value: "not logged" }] }],
    },
    version: 5,
    ...detail,
  },
});

describe("pull request tasks callback, serialised", () => {
  let text: string;
  let endpoint: Endpoint;
  let table: Table;
  let lambda: Lambda;

  before(async () => {
    text = await serialize(createPullRequestTasks);
    endpoint = await startEndpoint();
    table = await startPullRequestTable();
    endpoint.elsewhere.DynamoDB = table.url;
    lambda = startLambda({ text, options: { table: PULL_REQUESTS }, endpointUrl: endpoint.url });
  });
  beforeEach(async () => {
    endpoint.requests = [];
    endpoint.answers = {};
    await table.clear();
  });
  after(async () => {
    await lambda.close();
    await endpoint.close();
    await table.close();
  });

  /** What is in the table, of the facts that a test gives it. */
  async function write(given: Partial<PullRequestRecord>): Promise<Record<string, string | number>> {
    const record = Object.entries({ ...RECORD, ...given }).filter(([, value]) => value !== undefined);
    const item = { ...(Object.fromEntries(record) as Record<string, string>), list: "all", expires: 1_775_383_200 };
    await table.write(item);
    return item;
  }
  async function stop(detail?: object) {
    const { value, error, lines } = await lambda.invoke(eventOf(detail));
    expect([value, error]).to.deep.equal([undefined, undefined]);
    expect(lines.join("")).not.to.include("not logged");
    return lines.map((line) => JSON.parse(line));
  }
  const nothing = {
    level: "info",
    message: "the task's end did not change the record",
    id: RECORD.id,
    attempt: ATTEMPT,
    task: TASK,
  };

  it("fits the archive's limit", () => {
    expect(Buffer.byteLength(text)).to.be.below(64 * 1024);
  });

  const deaths: [string, Partial<PullRequestRecord>][] = [
    ["before its start was recorded", {}],
    ["when it was unclear whether it was started", { cause: "ECS did not start it" }],
    ["before it ran", { task: TASK }],
    ["before its start was recorded, though it ran", { state: "running" }],
    ["while it ran", { state: "running", task: TASK }],
  ];
  for (const [when, given] of deaths) {
    it(`makes a record failed whose task died ${when}`, async () => {
      const { updatedAt, expires, ...item } = await write(given);
      const before = Date.now();
      const found = { id: RECORD.id, attempt: ATTEMPT, task: TASK, cause: CAUSE, detail: DETAIL };
      expect(await stop()).to.deep.equal([{ level: "error", message: "pull request failed", ...found }]);
      const { updatedAt: changedAt, expires: expiry, ...failed } = (await table.read(RECORD.id)) ?? {};
      expect(failed).to.deep.equal({ ...item, state: "failed", cause: CAUSE, task: TASK });
      const changed = Date.parse(String(changedAt));
      expect(changed).to.be.within(before, Date.now());
      expect(expiry).to.equal(Math.floor(changed / 1_000) + 90 * 24 * 3_600);
      expect(endpoint.requests.map(({ operation }) => operation)).to.deep.equal(["UpdateItem", "UpdateItem"]);
    });
  }

  it("takes an event that comes twice once", async () => {
    await write({ state: "running" });
    await stop();
    const failed = await table.read(RECORD.id);
    expect(await stop()).to.deep.equal([nothing]);
    expect(await table.read(RECORD.id)).to.deep.equal(failed);
  });

  const results: Partial<PullRequestRecord>[] = [
    { state: "opened", url: "https://github.com/acme/gitops/pull/7" },
    { state: "unchanged", reason: "the overlay has this image" },
    { state: "failed", cause: "there is no overlay" },
  ];
  for (const result of results) {
    it(`leaves a record alone that is ${result.state}, however its task ended then`, async () => {
      const item = await write({ ...result, task: TASK });
      expect(await stop()).to.deep.equal([nothing]);
      expect(await table.read(RECORD.id)).to.deep.equal(item);
    });
  }

  for (const state of Object.keys(MOVES) as PullRequestState[]) {
    it(`leaves a record alone that is ${state} for a later attempt`, async () => {
      const item = await write({ state, attempt: LATER_ATTEMPT });
      expect(await stop()).to.deep.equal([nothing]);
      expect(await table.read(RECORD.id)).to.deep.equal(item);
    });
  }

  it("makes no record where there is none any more", async () => {
    expect(await stop()).to.deep.equal([nothing]);
    expect(await table.ids()).to.deep.equal([]);
  });

  const others: [string, object][] = [
    ["a task that runs", { lastStatus: "RUNNING", desiredStatus: "RUNNING" }],
    ["a task that is taken down", { lastStatus: "DEPROVISIONING" }],
    ["a task of a service", { startedBy: "ecs-svc/1234567890123456789" }],
    ["a task that a person started", { startedBy: undefined }],
  ];
  for (const [what, detail] of others) {
    it(`asks nothing of DynamoDB for ${what}`, async () => {
      const item = await write({ state: "running" });
      const { lastStatus } = eventOf(detail).detail;
      expect(await stop(detail)).to.deep.equal([
        { level: "info", message: "the event is not the end of a pull request task", task: TASK, status: lastStatus },
      ]);
      expect(endpoint.requests).to.deep.equal([]);
      expect(await table.read(RECORD.id)).to.deep.equal(item);
    });
  }

  it("fails if DynamoDB does not take the move, so that Lambda tries again", async () => {
    await write({ state: "running" });
    endpoint.answers.UpdateItem = () => {
      throw awsFault("AccessDeniedException", "not authorized to perform: dynamodb:UpdateItem");
    };
    const { error } = await lambda.invoke(eventOf());
    expect(error).to.deep.equal({
      name: "AccessDeniedException",
      message: "not authorized to perform: dynamodb:UpdateItem",
    });
    endpoint.answers = {};
    await stop();
    expect(await table.read(RECORD.id)).to.deep.include({ state: "failed", cause: CAUSE });
  });
});
