import { expect } from "chai";
import { awsFault } from "./endpoint";
import { denied } from "./httpApi";
import {
  giveSlots,
  ID,
  recordsDenied,
  slotsOf,
  TASK_DEFINITION,
  taskArn,
  usePullRequests,
  wanted,
} from "./pullRequestsSupport";

/** In AWS's own words. */
const DENIAL =
  "User: arn:aws:sts::123456789012:assumed-role/api/api is not authorized to perform: ecs:RunTask on resource: " +
  TASK_DEFINITION;

const under = (attempt: unknown) => `the platform's log has the details under ${attempt}`;

describe("pull requests callback, serialised: starting the task", () => {
  const world = usePullRequests();

  const refusals: [string, () => object, string][] = [
    [
      "denied",
      () => {
        throw awsFault("AccessDeniedException", DENIAL);
      },
      `AccessDeniedException: ${DENIAL}`,
    ],
    ["not possible", () => ({ tasks: [], failures: [{ reason: "ATTRIBUTE" }] }), "ATTRIBUTE"],
  ];
  for (const [what, answer, detail] of refusals) {
    it(`answers 502 if it is ${what}, and records that it failed, and repeats nothing that AWS said`, async () => {
      const { RunTask } = world.endpoint.answers;
      world.endpoint.answers.RunTask = answer;
      const { status, told, logged } = await world.post();
      const { attempt } = (await world.table.read(ID)) ?? {};
      const cause = `AWS refused to start the task; ${under(attempt)}`;
      expect({ status, told }).to.deep.equal({ status: 502, told: { reason: cause, id: ID } });
      const entry = logged.find((it) => it.attempt === attempt);
      expect(entry).to.include({ level: "error", message: "pull request's task refused", id: ID, cause: detail });
      const { state, cause: recorded, task } = (await world.get(ID)).told;
      expect({ state, recorded, task }).to.deep.equal({ state: "failed", recorded: cause, task: undefined });

      Object.assign(world.endpoint.answers, { RunTask });
      const again = await world.post();
      expect(again.status).to.equal(202);
      expect(again.told).to.deep.include({ id: ID, state: "requested", task: taskArn(1) });
      expect(again.told).not.to.have.property("cause");
      expect((await world.table.read(ID))?.attempt).not.to.equal(attempt);
    });
  }

  const outages: [string, () => object, string][] = [
    [
      "ECS is out of order",
      () => {
        throw awsFault("ServerException", "something is wrong", 500);
      },
      "ECS has not started the task yet",
    ],
    [
      "Fargate has no room",
      () => ({ tasks: [], failures: [{ reason: "Capacity is unavailable at this time" }] }),
      "AWS has no capacity for the task at the moment",
    ],
  ];
  for (const [what, answer, why] of outages) {
    it(`answers 503 if ${what}, and goes on with the same attempt when it is asked again`, async () => {
      const { RunTask } = world.endpoint.answers;
      world.endpoint.answers.RunTask = answer;
      const { status, told } = await world.post();
      const { attempt } = (await world.table.read(ID)) ?? {};
      const cause = `${why}; ${under(attempt)}`;
      expect({ status, told }).to.deep.equal({ status: 503, told: { reason: `${cause}: try again`, id: ID } });
      const { state, cause: recorded } = (await world.get(ID)).told;
      expect({ state, recorded }).to.deep.equal({ state: "requested", recorded: cause });

      Object.assign(world.endpoint.answers, { RunTask });
      const again = await world.post();
      expect(again.status).to.equal(200);
      expect(again.told).to.deep.include({ id: ID, state: "requested", task: taskArn(1) });
      expect(again.told).not.to.have.property("cause");
      expect([...world.tasks.keys()]).to.deep.equal([attempt]);
    });
  }

  it("finds the task again whose ARN was not kept", async () => {
    world.endpoint.answers.UpdateItem = recordsDenied;
    const { status, told, logged } = await world.post();
    expect({ status, task: told.task }).to.deep.equal({ status: 202, task: taskArn(1) });
    expect(logged.at(-1)).to.deep.equal({
      level: "error",
      message: "start of a pull request's task not recorded",
      id: ID,
      cause: "AccessDeniedException: not authorized to perform: dynamodb:UpdateItem",
    });
    expect(await world.table.read(ID)).not.to.have.property("task");
    delete world.endpoint.answers.UpdateItem;

    expect((await world.post()).told).not.to.have.property("task");
    expect(world.tasks.size).to.equal(1);
    const fresh = world.start();
    const later = await world.post(undefined, fresh, { later: 61_000 });
    await fresh.close();
    expect({ status: later.status, task: later.told.task }).to.deep.equal({ status: 200, task: taskArn(1) });
    expect((await world.table.read(ID))?.task).to.equal(taskArn(1));
    expect(world.tasks.size).to.equal(1);
  });

  it("starts it for whoever died between the record and the task", async () => {
    await world.post();
    const { attempt, task: _task, ...rest } = (await world.table.read(ID)) ?? {};
    world.tasks.clear();
    await world.table.write({ ...rest, attempt: "of-the-dead" });
    const { status, told } = await world.post();
    expect({ status, task: told.task }).to.deep.equal({ status: 200, task: undefined });
    const fresh = world.start();
    const later = await world.post(undefined, fresh, { later: 61_000 });
    await fresh.close();
    expect({ status: later.status, task: later.told.task }).to.deep.equal({ status: 200, task: taskArn(1) });
    expect([...world.tasks.keys()]).to.deep.equal(["of-the-dead"]);
  });

  const ended: [string, object, object][] = [
    [
      "failed in its task",
      { state: "failed", cause: "there is no overlay dev", task: taskArn(9) },
      {
        state: "failed",
        cause: "there is no overlay dev",
        hint: `it has failed: to try again, DELETE /pullrequests/${ID}, then post it again`,
      },
    ],
    [
      "was opened",
      { state: "opened", url: "https://github.com/acme/gitops/pull/7", task: taskArn(9) },
      { state: "opened", url: "https://github.com/acme/gitops/pull/7" },
    ],
    [
      "changed nothing",
      { state: "unchanged", reason: "dev has this image", task: taskArn(9) },
      { state: "unchanged", reason: "dev has this image" },
    ],
    ["runs", { state: "running", task: taskArn(9), cause: "ECS timed out" }, { state: "running" }],
  ];
  for (const [what, facts, expected] of ended) {
    it(`does not start it again for one that ${what}, however much later`, async () => {
      const { told: first } = await world.post();
      const { cause: _cause, ...rest } = (await world.table.read(ID)) ?? {};
      await world.table.write({ ...rest, ...facts });
      const fresh = world.start();
      const { status, told } = await world.post(undefined, fresh, { later: 3_000_000 });
      await fresh.close();
      expect({ status, told }).to.deep.equal({ status: 200, told: { ...first, ...expected, task: taskArn(9) } });
      expect(world.tasks.size).to.equal(1);
    });
  }

  it("does not start it again where the note of its start was lost, and its task has failed", async () => {
    const { UpdateItem } = world.endpoint.answers;
    world.endpoint.answers.UpdateItem = recordsDenied;
    expect((await world.post()).status).to.equal(202);
    Object.assign(world.endpoint.answers, { UpdateItem });
    const { task, ...unnoted } = (await world.table.read(ID)) ?? {};
    expect(task).to.equal(undefined);
    await world.table.write({ ...unnoted, state: "failed", cause: "there is no overlay dev" });
    const { status, told } = await world.post();
    const hint = `it has failed: to try again, DELETE /pullrequests/${ID}, then post it again`;
    expect({ status, state: told.state, hint: told.hint }).to.deep.equal({ status: 200, state: "failed", hint });
    expect(world.tasks.size).to.equal(1);
  });

  it("counts the hour of silence from the start, however late that came", async () => {
    await world.post();
    const { task: _task, ...rest } = (await world.table.read(ID)) ?? {};
    const before = new Date(Date.now() - 3_590_000).toISOString();
    await world.table.write({ ...rest, requestedAt: before, updatedAt: before });
    const fresh = world.start();
    const earliest = Date.now();
    const { status, told } = await world.post(undefined, fresh);
    await fresh.close();
    expect({ status, task: told.task, requestedAt: told.requestedAt }).to.deep.equal({
      status: 200,
      task: taskArn(1),
      requestedAt: before,
    });
    expect(Date.parse(String((await world.table.read(ID))?.updatedAt))).to.be.within(earliest, Date.now());
  });

  it("starts it again for one that failed, once that was deleted", async () => {
    await world.post();
    await world.table.write({ ...(await world.table.read(ID)), state: "failed", cause: "there is no overlay dev" });
    expect((await world.remove(ID)).status).to.equal(204);
    const { status, told } = await world.post();
    expect({ status, state: told.state, task: told.task }).to.deep.equal({
      status: 202,
      state: "requested",
      task: taskArn(2),
    });
  });

  it("answers 503 if the record cannot be written, and starts nothing", async () => {
    world.endpoint.answers.PutItem = denied("dynamodb:PutItem");
    const { status, told, logged } = await world.post({ body: wanted });
    const reason = "the pull request was not recorded: try again";
    expect({ status, told }).to.deep.equal({ status: 503, told: { reason } });
    const cause = "AccessDeniedException: not authorized to perform: dynamodb:PutItem";
    expect(logged).to.deep.equal([{ level: "error", message: "request failed", statusCode: 503, reason, cause }]);
    expect(world.operations()).to.deep.equal(["GetItem", "GetItem", "UpdateItem", "PutItem", "UpdateItem"]);
    expect(await slotsOf(world.table)).to.deep.equal([]);
  });

  it("answers 429 while as many tasks are under way as may be, and records and starts nothing", async () => {
    const running = Array.from({ length: 10 }, (_, index) => `record-${index}`);
    await giveSlots(world.table, running);
    const { status, told, headers } = await world.post();
    const reason = "10 tasks are running, which is the limit: try again in a minute";
    expect({ status, told, after: headers["retry-after"] }).to.deep.equal({
      status: 429,
      told: { reason },
      after: "60",
    });
    expect(await world.table.ids()).to.deep.equal(["tasks"]);
    expect(world.tasks.size).to.equal(0);

    await giveSlots(world.table, running.slice(1));
    expect((await world.post()).status).to.equal(202);
    expect((await world.post()).status).to.equal(200);
    expect(world.tasks.size).to.equal(1);
  });

  it("starts no more tasks than may be under way for many invented revisions at once", async () => {
    const capped = world.start({ concurrentTasks: 2 });
    const revisions = Array.from({ length: 6 }, (_, index) => String(index).repeat(40));
    const answers = await Promise.all(
      revisions.map((revision) => world.post({ body: { ...wanted, revision } }, capped)),
    );
    await capped.close();
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([202, 202, 429, 429, 429, 429]);
    const started = answers.flatMap(({ status, told }) => (status === 202 ? [String(told.id)] : []));
    expect(await slotsOf(world.table)).to.deep.equal(started.sort());
    expect(world.tasks.size).to.equal(2);
  });

  it("gives the slot back of a task that ECS refused to start", async () => {
    world.endpoint.answers.RunTask = denied("ecs:RunTask");
    expect((await world.post()).status).to.equal(502);
    expect(await slotsOf(world.table)).to.deep.equal([]);
  });
});
