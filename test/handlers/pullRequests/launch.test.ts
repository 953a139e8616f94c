import type { ECSClient } from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { newRecord } from "../../../handlers/pullRequests/record";
import { requestPullRequest, type StartContext } from "../../../handlers/pullRequests/start";
import { createRecord, moveRecord, type PullRequestTable, restartRecord } from "../../../handlers/pullRequests/store";
import { PULL_REQUESTS, startPullRequestTable } from "../../callbacks/pullRequestTable";
import type { Table } from "../../callbacks/table";
import { capture } from "../output";

const NOW = Date.parse("2026-01-05T10:00:00.000Z");
const ATTEMPT = "11111111-2222-4333-8444-555555555555";
const ANOTHER = "99999999-2222-4333-8444-555555555555";
const TASK = "arn:aws:ecs:us-east-1:123456789012:task/slipway/0123456789abcdef";

const request = {
  service: "storefront",
  environment: "dev",
  revision: "a".repeat(40),
  image: "storefront=registry.acme.example/storefront:v2",
  repository: "acme/storefront",
};

describe("request for a pull request, while others change its record", () => {
  let stored: Table;
  let table: PullRequestTable;
  const record = newRecord(request, ATTEMPT, NOW);

  before(async () => {
    stored = await startPullRequestTable();
    table = { dynamo: stored.dynamo, table: PULL_REQUESTS };
  });
  beforeEach(() => stored.clear());
  after(() => stored.close());

  /** What the request comes to that finds a record which has stalled. */
  const ask = async (start: () => Promise<object>, now = NOW + 60_001) => {
    const task = {
      cluster: "slipway",
      taskDefinition: "gitops-pr:3",
      container: "app",
      subnets: [],
      securityGroup: "",
    };
    const context: StartContext = { ecs: { send: start } as unknown as ECSClient, table, task, now: () => now };
    return (await capture(() => requestPullRequest(context, request))).value;
  };
  const refuse = () => {
    const error = new Error("not authorized to perform: ecs:RunTask");
    throw Object.assign(error, { name: "AccessDeniedException", $metadata: { httpStatusCode: 400 } });
  };

  it("is refused, and the record has failed, if nothing happens meanwhile", async () => {
    await createRecord(table, record);
    const outcome = await ask(async () => refuse());
    expect({ kind: outcome.kind, state: outcome.record.state }).to.deep.equal({ kind: "refused", state: "failed" });
    expect((await stored.read(record.id))?.state).to.equal("failed");
  });

  it("does not fail a record whose task has come up since", async () => {
    await createRecord(table, record);
    const outcome = await ask(async () => {
      await moveRecord(table, record, "running", { task: TASK }, NOW + 60_002);
      return refuse();
    });
    expect({ kind: outcome.kind, state: outcome.record.state }).to.deep.equal({ kind: "exists", state: "running" });
    expect((await stored.read(record.id))?.state).to.equal("running");
  });

  it("keeps what the task has recorded before its ARN was known", async () => {
    const outcome = await ask(async () => {
      const started = (await stored.ids())[0];
      const { attempt = "" } = (await stored.read(String(started))) ?? {};
      const url = "https://github.com/acme/gitops/pull/1";
      await moveRecord(table, { id: record.id, attempt: String(attempt) }, "opened", { url }, NOW + 60_002);
      return { tasks: [{ taskArn: TASK }] };
    });
    const { state, url, task } = outcome.record;
    expect({ kind: outcome.kind, state, url, task }).to.deep.equal({
      kind: "started",
      state: "opened",
      url: "https://github.com/acme/gitops/pull/1",
      task: TASK,
    });
  });

  it("leaves alone an attempt that has taken the place of its own", async () => {
    await createRecord(table, record);
    const outcome = await ask(async () => {
      await moveRecord(table, record, "failed", { cause: "died" }, NOW + 60_002);
      await restartRecord(table, record, ANOTHER, NOW + 60_003);
      return { tasks: [{ taskArn: TASK }] };
    });
    expect(outcome.kind).to.equal("exists");
    const { attempt, state, task } = (await stored.read(record.id)) ?? {};
    expect({ attempt, state, task }).to.deep.equal({ attempt: ANOTHER, state: "requested", task: undefined });
  });

  it("starts the attempt that it restarted, though it did not hear that it had", async () => {
    await createRecord(table, record);
    await moveRecord(table, record, "failed", { cause: "refused" }, NOW);
    // As the SDK does whose first write was not answered.
    const twice = (command: never) => stored.dynamo.send(command).then(() => stored.dynamo.send(command));
    const deaf = { ...table, dynamo: { send: twice } as unknown as PullRequestTable["dynamo"] };
    const restarted = await restartRecord(deaf, record, ANOTHER, NOW + 1);
    expect(restarted).to.deep.equal(newRecord(request, ANOTHER, NOW + 1));
  });
});
