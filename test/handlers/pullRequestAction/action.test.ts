import { DeleteItemCommand } from "@aws-sdk/client-dynamodb";
import { ECSClient } from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { type ActionRequest, advance } from "../../../handlers/pullRequestAction/action";
import { type ActionState, decodeState, encodeState } from "../../../handlers/pullRequestAction/state";
import { newRecord } from "../../../handlers/pullRequests/record";
import { requestPullRequest, type StartContext } from "../../../handlers/pullRequests/start";
import { createRecord } from "../../../handlers/pullRequests/store";
import type { PullRequestRecord } from "../../../images/gitops-pr/pullRequestRecord";
import { type Endpoint, startEndpoint } from "../../callbacks/endpoint";
import { PULL_REQUESTS, startPullRequestTable } from "../../callbacks/pullRequestTable";
import type { Table } from "../../callbacks/table";
import { refusalMessage } from "../../refusal";
import { IMAGE } from "../deploy/ecs";
import { capture } from "../output";
import {
  createStartedTasks,
  down,
  ID,
  moveAsTask,
  OTHER_IMAGE,
  options,
  type StartedTasks,
  taskArn,
  URL,
} from "./support";

const START = Date.parse("2026-01-05T10:00:00.000Z");
const MINUTES = 60_000;

const request: ActionRequest = {
  service: "storefront",
  environment: "dev",
  revision: "v2",
  image: `storefront=${IMAGE}`,
  repository: "acme/storefront",
  requestedBy: "execution/job1",
};
const begun: ActionState = { since: START / 1_000, job: "job1" };
const following: ActionState = { ...begun, follows: true };

describe("pull request action's step", () => {
  let endpoint: Endpoint;
  let table: Table;
  let started: StartedTasks;
  let context: StartContext;
  let now: number;

  before(async () => {
    table = await startPullRequestTable();
  });
  beforeEach(async () => {
    await table.clear();
    endpoint = await startEndpoint();
    started = createStartedTasks(endpoint);
    now = START;
    const credentials = { accessKeyId: "id", secretAccessKey: "key" };
    context = {
      ecs: new ECSClient({ endpoint: endpoint.url, region: "us-east-1", credentials, maxAttempts: 1 }),
      table: { dynamo: table.dynamo, table: PULL_REQUESTS },
      task: options.task,
      now: () => now,
    };
  });
  afterEach(() => endpoint.close());
  after(() => table.close());

  const step = async (state: ActionState, asked: Partial<ActionRequest> = {}) =>
    (await capture(() => advance(context, { ...request, ...asked }, decodeState(encodeState(state))))).value;
  const underWay = (state: ActionState, progress: string) => ({
    kind: "underWay",
    state,
    summary: `storefront v2 in dev: ${progress}`,
  });
  const done = (what: string) => ({ kind: "done", summary: `storefront v2 in dev: ${what}` });
  const failed = (cause: string) => ({
    kind: "failed",
    message: `storefront v2 in dev has no pull request (record ${ID}): ${cause}`,
  });
  /** As the API has it from CI. */
  const askByApi = (asked: Partial<ActionRequest> = {}) =>
    capture(() => requestPullRequest(context, { ...request, requestedBy: undefined, ...asked }));
  const kept = async () => (await table.read(ID)) as unknown as PullRequestRecord & { expires: number };

  it("asks, follows and succeeds with the pull request's address", async () => {
    expect(await step(begun)).to.deep.equal(underWay(following, "requested, task task1"));
    now += MINUTES;
    await moveAsTask(table, "running", {}, now);
    expect(await step(following)).to.deep.equal(underWay(following, "running, task task1"));
    await moveAsTask(table, "opened", { url: URL }, now);
    expect(await step(following)).to.deep.equal(done(URL));
    expect(started.tokens).to.have.length(1);
  });

  it("records what it asks for, and by whom", async () => {
    await step(begun);
    const { attempt, ...record } = await kept();
    expect(record).to.deep.equal({
      id: ID,
      list: "all",
      service: "storefront",
      environment: "dev",
      revision: "v2",
      image: `storefront=${IMAGE}`,
      repository: "acme/storefront",
      requestedBy: "execution/job1",
      state: "requested",
      requestedAt: "2026-01-05T10:00:00.000Z",
      updatedAt: "2026-01-05T10:00:00.000Z",
      expires: START / 1_000 + 90 * 24 * 3_600,
      task: taskArn("task1"),
    });
    expect(started.tokens).to.deep.equal([attempt]);
  });

  it("succeeds with the reason if nothing had to change", async () => {
    await step(begun);
    await moveAsTask(table, "unchanged", { reason: "the overlay has this image" }, now);
    expect(await step(following)).to.deep.equal(done("unchanged: the overlay has this image"));
  });

  it("fails with the record's cause", async () => {
    await step(begun);
    await moveAsTask(table, "failed", { cause: "there is no overlay" }, now);
    expect(await step(following)).to.deep.equal(failed("there is no overlay"));
  });

  it("repeated asks for nothing else, however the first time ended", async () => {
    for (const [state, outcome] of [
      ["opened", done("a pull request without an address")],
      ["unchanged", done("unchanged: no reason given")],
      ["failed", failed("no cause is recorded")],
    ] as const) {
      await table.clear();
      await step(begun);
      expect(await step(begun)).to.deep.include({ kind: "underWay", state: following });
      await moveAsTask(table, state, {}, now);
      expect(await step(begun)).to.deep.equal(outcome);
      expect(await step(following)).to.deep.equal(outcome);
    }
    expect(started.tokens).to.have.length(3);
    expect(started.requests).to.have.length(3);
  });

  it("repeated ten times at once starts one task", async () => {
    await capture(() => Promise.all(Array.from({ length: 10 }, () => advance(context, request, begun))));
    expect(started.tokens).to.have.length(1);
    expect((await kept()).attempt).to.equal(started.tokens[0]);
  });

  it("that comes too late to be heard asks for nothing", async () => {
    now += 20 * MINUTES + 1_000;
    expect(await refusalMessage(step(begun))).to.equal(
      `storefront v2 in dev: not requested within 20 minutes: check whether record ${ID} has another image, then ` +
        "retry the stage",
    );
    expect([await table.ids(), started.requests]).to.deep.equal([[], []]);
  });

  it("fails if the record was deleted meanwhile, and makes no other", async () => {
    await step(begun);
    await table.dynamo.send(new DeleteItemCommand({ TableName: PULL_REQUESTS, Key: { id: { S: ID } } }));
    expect(await step(following)).to.deep.equal(failed("its record was deleted in the meantime"));
    expect([await table.ids(), started.tokens.length]).to.deep.equal([[], 1]);
  });

  it("takes the pull request that the API was asked for", async () => {
    await askByApi();
    expect(await step(begun)).to.deep.equal(underWay(following, "requested, task task1"));
    await moveAsTask(table, "opened", { url: URL }, now);
    expect(await step(following)).to.deep.equal(done(`${URL}, as requested at 2026-01-05T10:00:00.000Z`));
    expect(started.requests).to.have.length(1);
  });

  it("asks again for what was opened before, once: the overlay may have gone back since", async () => {
    await askByApi();
    await moveAsTask(table, "opened", { url: URL }, now);
    now += MINUTES;
    expect(await step(begun)).to.deep.equal(underWay(following, "requested, task task2"));
    await moveAsTask(table, "unchanged", { reason: "dev has this image" }, now);
    expect(await step(begun)).to.deep.equal(done("unchanged: dev has this image"));
    expect(started.tokens).to.have.length(2);
  });

  it("asks again for what failed before, once", async () => {
    await askByApi();
    await moveAsTask(table, "failed", { cause: "GitHub was down" }, now);
    now += MINUTES;
    expect(await step(begun)).to.deep.equal(underWay(following, "requested, task task2"));
    expect(await kept()).to.deep.include({ state: "requested", requestedAt: "2026-01-05T10:01:00.000Z" });
    await moveAsTask(table, "failed", { cause: "GitHub is down still" }, now);
    expect(await step(begun)).to.deep.equal(failed("GitHub is down still"));
    expect(await step(following)).to.deep.equal(failed("GitHub is down still"));
    expect(started.tokens).to.have.length(2);
  });

  it("of another job asks again for what failed for the first", async () => {
    await step(begun);
    await moveAsTask(table, "failed", { cause: "GitHub was down" }, now);
    expect(await step(begun, { requestedBy: "execution/job9" })).to.deep.equal(
      underWay(following, "requested, task task2"),
    );
  });

  it("replaces what was opened for another image of the revision", async () => {
    await askByApi({ image: "storefront=registry/storefront:v2" });
    await moveAsTask(table, "opened", { url: URL }, now);
    now += MINUTES;
    expect(await step(begun)).to.deep.equal(underWay(following, "requested, task task2"));
    const record = await kept();
    expect([record.image, record.state, record.url]).to.deep.equal([`storefront=${IMAGE}`, "requested", undefined]);
    expect(record.attempt).to.equal(started.tokens[1]);
  });

  it("waits for another image of the revision that is under way, then replaces it", async () => {
    const other = `storefront=${OTHER_IMAGE}`;
    await askByApi({ image: other });
    await moveAsTask(table, "running", {}, now);
    expect(await step(begun)).to.deep.equal(underWay(begun, `the same revision is running with ${other}`));
    expect(await step(begun)).to.deep.equal(underWay(begun, `the same revision is running with ${other}`));
    await moveAsTask(table, "opened", { url: URL }, now);
    expect(await step(begun)).to.deep.equal(underWay(following, "requested, task task2"));
    expect((await kept()).image).to.equal(`storefront=${IMAGE}`);
  });

  it("fails if another image took its record", async () => {
    await step(begun);
    await moveAsTask(table, "opened", { url: URL }, now);
    const other = `storefront=${OTHER_IMAGE}`;
    await step(begun, { image: other, requestedBy: "execution/job9" });
    expect(await step(following)).to.deep.equal(
      failed(`it was requested again in the meantime with another image, ${other}`),
    );
  });

  it("starts a task again that may not have been started, under the same token", async () => {
    const { RunTask } = endpoint.answers;
    endpoint.answers.RunTask = down;
    const first = await step(begun);
    const { attempt } = await kept();
    const cause = `ECS has not started the task yet; the platform's log has the details under ${attempt}`;
    const unclear = underWay(following, `requested, start not confirmed: ${cause}`);
    expect(first).to.deep.equal(unclear);
    now += MINUTES;
    expect(await step(following)).to.deep.equal(unclear);
    endpoint.answers.RunTask = RunTask as () => object;
    expect(await step(following)).to.deep.equal(underWay(following, "requested, task task1"));
    expect(await step(following)).to.deep.equal(underWay(following, "requested, task task1"));
    expect(started.requests.map(({ clientToken }) => clientToken)).to.deep.equal([attempt]);
  });

  it("starts the task of an invocation that died after it had made the record", async () => {
    const record = newRecord(request, "11111111-2222-3333-4444-555555555555", now);
    await createRecord(context.table, record);
    expect(await step(begun)).to.deep.equal(underWay(following, "requested"));
    now += MINUTES + 1;
    expect(await step(following)).to.deep.equal(underWay(following, "requested, task task1"));
    expect(started.tokens).to.deep.equal([record.attempt]);
  });

  const refusal = (attempt: string) =>
    `AWS refused to start the task; the platform's log has the details under ${attempt}`;

  it("fails at once if ECS refuses to start the task", async () => {
    endpoint.answers.RunTask = () => ({ tasks: [], failures: [{ reason: "MISSING" }] });
    const outcome = await step(begun);
    const { state, attempt } = await kept();
    expect(outcome).to.deep.equal(failed(refusal(attempt)));
    expect(state).to.equal("failed");
  });

  it("fails at once if ECS refuses when it is asked again", async () => {
    endpoint.answers.RunTask = down;
    await step(begun);
    endpoint.answers.RunTask = () => ({ tasks: [], failures: [{ reason: "MISSING" }] });
    const { attempt } = await kept();
    expect(await step(following)).to.deep.equal(failed(refusal(attempt)));
  });

  it("gives up a task of which nothing was heard for an hour, and records that", async () => {
    await step(begun);
    await moveAsTask(table, "running", {}, now);
    now += 60 * MINUTES;
    const cause = "its task has reported nothing since 2026-01-05T10:00:00.000Z";
    expect(await step(following)).to.deep.equal(failed(cause));
    expect(await kept()).to.deep.include({ state: "failed", cause, task: taskArn("task1") });
  });

  it("asks anew where another's task has died unheard", async () => {
    await askByApi();
    await moveAsTask(table, "running", {}, now);
    now += 60 * MINUTES;
    const late = { ...begun, since: now / 1_000 };
    expect(await step(late)).to.deep.equal(underWay({ ...late, follows: true }, "requested, task task2"));
  });

  it("fails after an hour of waiting for a task that goes on", async () => {
    await step(begun);
    now += 59 * MINUTES;
    await moveAsTask(table, "running", {}, now);
    expect(await step(following)).to.deep.equal(underWay(following, "running, task task1"));
    now += MINUTES;
    expect(await step(following)).to.deep.equal(failed("it did not end within an hour; it is running, task task1"));
    expect((await kept()).state).to.equal("running");
  });
});
