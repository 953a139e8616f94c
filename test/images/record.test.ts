import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { expect } from "chai";
import { newRecord } from "../../handlers/pullRequests/record";
import * as stored from "../../handlers/pullRequests/store";
import { MOVES, type PullRequestRecord, type PullRequestState, STATES } from "../../images/gitops-pr/pullRequestRecord";
import { moveRecord, type Outcome, readRecord } from "../../images/gitops-pr/record";
import { type RecordTable, startRecordTable, TABLE } from "./dynamoDb";

const NOW = Date.parse("2026-03-01T10:00:00.000Z");
const LATER = NOW + 90_000;

const outcomes: Record<Exclude<PullRequestState, "requested">, Outcome | { state: "running" }> = {
  running: { state: "running" },
  opened: { state: "opened", url: "https://github.com/acme/gitops/pull/1" },
  unchanged: { state: "unchanged", reason: "it is there already" },
  failed: { state: "failed", cause: "GitHub is down" },
};

describe("images/gitops-pr record", () => {
  let table: RecordTable;
  let records: stored.PullRequestTable;

  before(async () => {
    table = await startRecordTable();
    records = { dynamo: table.dynamo, table: TABLE };
  });
  after(() => table.close());

  /** A record that was brought into a state as the API, the action and the task bring it there. */
  async function recordIn(state: PullRequestState, revision: string): Promise<PullRequestRecord> {
    const request = {
      service: "storefront",
      environment: "dev",
      image: "a:v1",
      repository: "acme/storefront",
      revision,
    };
    const record = newRecord({ ...request, build: "https://ci.acme.example/42" }, "attempt-1", NOW);
    await stored.createRecord(records, record);
    if (state !== "requested") {
      await stored.moveRecord(records, record, state, {}, NOW);
    }
    return record;
  }

  it("reads what the functions write", async () => {
    const record = await recordIn("requested", "read");
    expect(await readRecord(records, record.id)).to.deep.equal({
      id: record.id,
      attempt: "attempt-1",
      service: "storefront",
      environment: "dev",
      revision: "read",
      image: "a:v1",
      repository: "acme/storefront",
      state: "requested",
      requestedAt: "2026-03-01T10:00:00.000Z",
      updatedAt: "2026-03-01T10:00:00.000Z",
      build: "https://ci.acme.example/42",
    });
    expect(await readRecord(records, "0".repeat(32))).to.equal(undefined);
  });

  for (const from of STATES) {
    for (const [to, outcome] of Object.entries(outcomes)) {
      // A record that is in the state already, by this attempt, was moved there by a write whose answer was lost.
      const moves = MOVES[from].includes(outcome.state) || from === to;
      it(`${moves ? "moves" : "does not move"} ${from} to ${to}`, async () => {
        const record = await recordIn(from, `${from} ${to}`);
        expect(await moveRecord(records, record, outcome, LATER)).to.equal(moves);
        const after = await stored.readRecord(records, record.id);
        expect(after?.state).to.equal(moves ? to : from);
      });
    }
    it(`does not move ${from} by another attempt`, async () => {
      const record = await recordIn(from, `${from} other`);
      expect(await moveRecord(records, { ...record, attempt: "attempt-2" }, outcomes.failed, LATER)).to.equal(false);
      expect((await stored.readRecord(records, record.id))?.state).to.equal(from);
    });
  }

  it("writes what became of it, and when the record expires", async () => {
    const record = await recordIn("running", "written");
    await moveRecord(records, record, outcomes.opened, LATER);
    const { Item } = await table.dynamo.send(
      new GetItemCommand({ TableName: TABLE, Key: { id: { S: record.id } }, ConsistentRead: true }),
    );
    expect(Item).to.deep.equal({
      id: { S: record.id },
      attempt: { S: "attempt-1" },
      list: { S: "all" },
      service: { S: "storefront" },
      environment: { S: "dev" },
      revision: { S: "written" },
      image: { S: "a:v1" },
      repository: { S: "acme/storefront" },
      build: { S: "https://ci.acme.example/42" },
      state: { S: "opened" },
      url: { S: "https://github.com/acme/gitops/pull/1" },
      requestedAt: { S: "2026-03-01T10:00:00.000Z" },
      updatedAt: { S: "2026-03-01T10:01:30.000Z" },
      expires: { N: String(LATER / 1_000 + 90 * 86_400) },
    });
  });

  it("takes away what was told before", async () => {
    const record = await recordIn("requested", "unclear");
    await stored.noteUnclear(records, record, "ECS did not answer", LATER - 1_000);
    await moveRecord(records, record, outcomes.running, LATER);
    expect((await stored.readRecord(records, record.id))?.cause).to.equal(undefined);
  });
});
