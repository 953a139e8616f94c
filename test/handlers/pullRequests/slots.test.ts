import { expect } from "chai";
import { releaseSlot, takeSlot } from "../../../handlers/pullRequests/slots";
import { PULL_REQUESTS, startPullRequestTable } from "../../callbacks/pullRequestTable";
import type { Table } from "../../callbacks/table";

const NOW = Date.parse("2026-01-05T10:00:00.000Z");
const HOUR = 3_600_000;

describe("slots of pull requests' tasks", () => {
  let started: Table;
  const table = () => ({ dynamo: started.dynamo, table: PULL_REQUESTS });
  const take = (attempt: string, now = NOW) => takeSlot(table(), attempt, 2, now);

  before(async () => {
    started = await startPullRequestTable();
  });
  beforeEach(() => started.clear());
  after(() => started.close());

  it("are as many as may be under way, however many ask at once", async () => {
    const attempts = ["a", "b", "c", "d", "e"];
    expect((await Promise.all(attempts.map((attempt) => take(attempt)))).filter(Boolean)).to.have.length(2);
  });

  it("are given to the same attempt again", async () => {
    expect([await take("a"), await take("b"), await take("a"), await take("c")]).to.deep.equal([
      true,
      true,
      true,
      false,
    ]);
  });

  it("are free once they are given back, by whomever and how often", async () => {
    await take("a");
    await take("b");
    await releaseSlot(table(), "a", NOW);
    await releaseSlot(table(), "a", NOW);
    expect([await take("c"), await take("d")]).to.deep.equal([true, false]);
  });

  it("stay with a later attempt when the end of the one before comes late", async () => {
    await take("a", NOW);
    await take("a", NOW + 2_000);
    await releaseSlot(table(), "a", NOW + 1_000);
    expect([await take("b", NOW + 3_000), await take("c", NOW + 3_000)]).to.deep.equal([true, false]);
  });

  it("are given back where nobody has one", async () => {
    await releaseSlot(table(), "a", NOW);
    expect(await take("a")).to.equal(true);
  });

  it("are free after an hour if the end of their task was lost", async () => {
    await take("a");
    await take("b", NOW + 1);
    expect([await take("c", NOW + HOUR - 1), await take("c", NOW + HOUR), await take("d", NOW + HOUR)]).to.deep.equal([
      false,
      true,
      false,
    ]);
  });
});
