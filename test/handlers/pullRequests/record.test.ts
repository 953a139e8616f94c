import { expect } from "chai";
import { idOf, isEnded, newRecord } from "../../../handlers/pullRequests/record";
import {
  createRecord,
  deleteRecord,
  moveRecord,
  noteTask,
  noteUnclear,
  type PullRequestTable,
  readRecord,
  refuseRecord,
  restartRecord,
} from "../../../handlers/pullRequests/store";
import {
  MOVES,
  type PullRequestRecord,
  type PullRequestRequest,
  type PullRequestState,
  STATES,
} from "../../../images/gitops-pr/pullRequestRecord";
import { PULL_REQUESTS, startPullRequestTable } from "../../callbacks/pullRequestTable";
import type { Table } from "../../callbacks/table";

const NOW = Date.parse("2026-01-05T10:00:00.000Z");
const LATER = NOW + 90_000;
const EXPIRES = LATER / 1_000 + 90 * 24 * 3_600;
const ATTEMPT = "11111111-2222-4333-8444-555555555555";
const ANOTHER = "99999999-2222-4333-8444-555555555555";
const TASK = "arn:aws:ecs:us-east-1:123456789012:task/slipway/0123456789abcdef";

const request: PullRequestRequest = {
  service: "storefront",
  environment: "dev",
  revision: "a".repeat(40),
  image: "storefront=registry.acme.example/storefront:v2",
  repository: "acme/storefront",
  build: "https://ci.acme.example/builds/7",
  buildNumber: "7",
  actor: "octocat",
  requestedBy: "job-1",
};

describe("pull request's record", () => {
  let stored: Table;
  let table: PullRequestTable;
  const record = newRecord(request, ATTEMPT, NOW);

  before(async () => {
    stored = await startPullRequestTable();
    table = { dynamo: stored.dynamo, table: PULL_REQUESTS };
  });
  beforeEach(() => stored.clear());
  after(() => stored.close());

  /** Writes a record in a state. */
  const put = async (state: PullRequestState, facts: Partial<PullRequestRecord> = {}) => {
    const given = Object.entries({ ...record, state, ...facts, list: "all", expires: 4_000_000_000 });
    await stored.write(Object.fromEntries(given.filter(([, value]) => value !== undefined)) as Record<string, string>);
  };

  it("has an id that is a function of service, revision and environment, each in its place", () => {
    const change = { service: "storefront", environment: "dev", revision: "v2" };
    // printf '["storefront","v2","dev"]' | sha256sum
    expect(idOf(change)).to.equal("7b39033ef10476aca95e6c1c488d0511");
    const others = [
      { ...change, service: "basket" },
      { ...change, environment: "prod" },
      { ...change, revision: "v3" },
      { service: "dev", environment: "storefront", revision: "v2" },
    ];
    expect(new Set([change, ...others].map(idOf)).size).to.equal(5);
  });

  it("is written with all that is known, in both indexes, for 90 days", async () => {
    expect(await createRecord(table, record)).to.equal(undefined);
    expect(await stored.read(record.id)).to.deep.equal({
      id: idOf(request),
      attempt: ATTEMPT,
      list: "all",
      ...request,
      state: "requested",
      requestedAt: "2026-01-05T10:00:00.000Z",
      updatedAt: "2026-01-05T10:00:00.000Z",
      expires: NOW / 1_000 + 90 * 24 * 3_600,
    });
    expect(await readRecord(table, record.id)).to.deep.equal(record);
  });

  it("is written once, and the first is told to everybody else", async () => {
    const records = Array.from({ length: 8 }, (_, index) => ({
      ...record,
      attempt: ATTEMPT.replace(/^1/, `${index}`),
    }));
    const others = await Promise.all(records.map((each) => createRecord(table, each)));
    const first = await readRecord(table, record.id);
    expect(others.filter((other) => other === undefined)).to.have.length(1);
    expect(others.filter((other) => other !== undefined)).to.deep.equal(Array(7).fill(first));
  });

  it("is one's own if the write is repeated whose answer was lost", async () => {
    await createRecord(table, record);
    expect(await createRecord(table, record)).to.equal(undefined);
  });

  it("is not one if an attribute is missing", async () => {
    await stored.write({ id: record.id, attempt: ATTEMPT });
    const error = await readRecord(table, record.id).catch((thrown: Error) => thrown);
    expect((error as Error).message).to.equal(`item ${record.id} is not a pull request record: it has no service`);
  });

  it("has these moves, and no others", () => {
    expect(MOVES).to.deep.equal({
      requested: ["running", "opened", "unchanged", "failed"],
      running: ["opened", "unchanged", "failed"],
      opened: ["requested"],
      unchanged: ["requested"],
      failed: ["requested"],
    });
    expect(STATES.filter((state) => isEnded({ state }))).to.deep.equal(["opened", "unchanged", "failed"]);
  });

  const FACTS = {
    running: { task: TASK },
    opened: { url: "https://github.com/acme/gitops/pull/1", task: TASK },
    unchanged: { reason: "dev has this image", task: TASK },
    failed: { cause: "there is no overlay dev", task: TASK },
  };
  for (const from of STATES) {
    for (const to of ["running", "opened", "unchanged", "failed"] as const) {
      const isAllowed = MOVES[from].includes(to);
      it(`${isAllowed ? "moves" : "does not move"} from ${from} to ${to}`, async () => {
        await put(from, { cause: "of before", reason: "of before", url: "https://before.example" });
        const before = await stored.read(record.id);
        const moved = await moveRecord(table, record, to, FACTS[to], LATER);
        const expected = { ...record, state: to, ...FACTS[to], updatedAt: "2026-01-05T10:01:30.000Z" };
        expect(moved).to.deep.equal(isAllowed ? expected : undefined);
        expect(await stored.read(record.id)).to.deep.equal(
          isAllowed ? { ...expected, list: "all", expires: EXPIRES } : before,
        );
      });
    }

    const mayRestart = ["opened", "unchanged", "failed"].includes(from);
    it(`${mayRestart ? "is" : "is not"} asked for again when it is ${from}`, async () => {
      await put(from, { cause: "of before", reason: "of before", url: "https://before.example", task: TASK });
      const before = await stored.read(record.id);
      const expected = newRecord(request, ANOTHER, LATER);
      const restarted = await restartRecord(table, record, ANOTHER, LATER);
      expect(restarted).to.deep.equal(mayRestart ? expected : undefined);
      expect(await stored.read(record.id)).to.deep.equal(
        mayRestart ? { ...expected, list: "all", expires: EXPIRES } : before,
      );
    });

    it(`${mayRestart ? "is" : "is not"} asked for with another image when it is ${from}`, async () => {
      await put(from, { task: TASK });
      const before = await stored.read(record.id);
      const other = { ...request, image: "storefront=registry.acme.example/storefront:v3" };
      const restarted = await restartRecord(table, record, ANOTHER, LATER, other);
      expect(restarted).to.deep.equal(mayRestart ? newRecord(other, ANOTHER, LATER) : undefined);
      expect((await stored.read(record.id))?.image).to.equal(mayRestart ? other.image : before?.image);
    });

    it(`is not moved from ${from} by another attempt`, async () => {
      await put(from);
      const before = await stored.read(record.id);
      const stranger = { id: record.id, attempt: ANOTHER };
      for (const to of ["running", "opened", "unchanged", "failed"] as const) {
        expect(await moveRecord(table, stranger, to, FACTS[to], LATER)).to.equal(undefined);
      }
      expect(await restartRecord(table, { ...record, ...stranger }, ATTEMPT.replace("1", "2"), LATER)).to.equal(
        undefined,
      );
      expect(await stored.read(record.id)).to.deep.equal(before);
    });

    it(`keeps the task's ARN when it is ${from}, and changes nothing else`, async () => {
      await put(from, { cause: "of before" });
      const before = await stored.read(record.id);
      await noteTask(table, record, TASK, LATER);
      const noted = { ...before, task: TASK, updatedAt: "2026-01-05T10:01:30.000Z" };
      expect(await stored.read(record.id)).to.deep.equal(noted);
      expect(await noteTask(table, { id: record.id, attempt: ANOTHER }, "another", LATER)).to.equal(undefined);
      expect(await stored.read(record.id)).to.deep.equal(noted);
    });

    it(`${from === "requested" ? "keeps" : "does not keep"} why its start is unclear when it is ${from}`, async () => {
      await put(from);
      const before = await stored.read(record.id);
      await noteUnclear(table, record, "ECS timed out", LATER);
      const noted = { ...before, cause: "ECS timed out", updatedAt: "2026-01-05T10:01:30.000Z" };
      expect(await stored.read(record.id)).to.deep.equal(from === "requested" ? noted : before);
    });

    for (const task of [undefined, TASK]) {
      const mayRefuse = from === "requested" && task === undefined;
      it(`${mayRefuse ? "is" : "is not"} refused when it is ${from} ${task ? "with" : "without"} a task`, async () => {
        await put(from, { task });
        const before = await stored.read(record.id);
        await refuseRecord(table, record, "no such cluster", LATER);
        const refused = { state: "failed", cause: "no such cluster", refused: "yes" };
        expect(await stored.read(record.id)).to.deep.equal(
          mayRefuse ? { ...before, ...refused, updatedAt: "2026-01-05T10:01:30.000Z", expires: EXPIRES } : before,
        );
      });
    }

    const isUnderWay = from === "requested" || from === "running";
    it(`${isUnderWay ? "is deleted only after an hour" : "is deleted"} when it is ${from}`, async () => {
      await put(from);
      const early = await deleteRecord(table, record.id, NOW + 3_600_000);
      expect(early.kind).to.equal(isUnderWay ? "underWay" : "deleted");
      const late = await deleteRecord(table, record.id, NOW + 3_600_001);
      expect(late.kind).to.equal(isUnderWay ? "deleted" : "missing");
      expect(await stored.ids()).to.deep.equal([]);
    });
  }

  it("is moved nowhere if it is gone", async () => {
    expect(await moveRecord(table, record, "failed", { cause: "its task has died" }, LATER)).to.equal(undefined);
    expect(await restartRecord(table, record, ANOTHER, LATER)).to.equal(undefined);
    expect(await noteTask(table, record, TASK, LATER)).to.equal(undefined);
    expect(await stored.ids()).to.deep.equal([]);
  });

  it("is asked for again by one of many that want it at once", async () => {
    await put("failed", { cause: "refused" });
    const attempts = Array.from({ length: 8 }, (_, index) => ANOTHER.replace(/^9/, `${index}`));
    const restarted = await Promise.all(attempts.map((attempt) => restartRecord(table, record, attempt, LATER)));
    const winner = await readRecord(table, record.id);
    expect(restarted.filter((each) => each !== undefined)).to.deep.equal([winner]);
  });
});
