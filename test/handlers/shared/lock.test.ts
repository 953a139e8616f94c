import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { expect } from "chai";
import {
  acquireLock,
  type DeploymentTable,
  describeHolder,
  holdLock,
  type LockHolder,
  lockSeconds,
  readLock,
  releaseLock,
  renewLock,
} from "../../../handlers/shared/lock";
import { startTable, TABLE, type Table } from "../../callbacks/table";

const NOW = 1_767_607_200;
const byHttp: LockHolder = { owner: "request-1", by: "deployment", version: "v1", until: NOW + 100 };
const byPipeline: LockHolder = { owner: "execution-1", by: "execution", version: "v2", until: NOW + 200 };

describe("lock of an application", () => {
  let stored: Table;
  let table: DeploymentTable;

  before(async () => {
    stored = await startTable();
    table = { dynamo: stored.dynamo, table: TABLE };
  });
  beforeEach(() => stored.clear());
  after(() => stored.close());

  it("is taken if nobody has it, and says who has it then", async () => {
    expect(await readLock(table, "storefront", NOW)).to.equal(undefined);
    expect(await acquireLock(table, "storefront", byHttp, NOW)).to.equal(undefined);
    expect(await readLock(table, "storefront", NOW)).to.deep.equal(byHttp);
    expect(await stored.read("application/storefront")).to.deep.equal({ id: "application/storefront", ...byHttp });
  });

  it("is not taken from another, and not given back by another", async () => {
    await acquireLock(table, "storefront", byHttp, NOW);
    expect(await acquireLock(table, "storefront", byPipeline, NOW)).to.deep.equal(byHttp);
    await releaseLock(table, "storefront", byPipeline.owner);
    expect(await readLock(table, "storefront", NOW)).to.deep.equal(byHttp);
  });

  it("is taken anew by whoever has it", async () => {
    await acquireLock(table, "storefront", byHttp, NOW);
    const later = { ...byHttp, until: NOW + 300 };
    expect(await acquireLock(table, "storefront", later, NOW + 50)).to.equal(undefined);
    expect(await readLock(table, "storefront", NOW)).to.deep.equal(later);
  });

  it("is free once it was given back, however often", async () => {
    await acquireLock(table, "storefront", byHttp, NOW);
    await releaseLock(table, "storefront", byHttp.owner);
    await releaseLock(table, "storefront", byHttp.owner);
    expect(await readLock(table, "storefront", NOW)).to.equal(undefined);
    expect(await acquireLock(table, "storefront", byPipeline, NOW)).to.equal(undefined);
    expect(await readLock(table, "storefront", NOW)).to.deep.equal(byPipeline);
  });

  it("is taken again by its last owner after it was given back, and not once another has had it", async () => {
    await acquireLock(table, "storefront", byPipeline, NOW);
    await releaseLock(table, "storefront", byPipeline.owner);
    expect(await holdLock(table, "storefront", byPipeline.owner, NOW + 5)).to.equal(true);
    expect((await readLock(table, "storefront", NOW))?.owner).to.equal(byPipeline.owner);
    await releaseLock(table, "storefront", byPipeline.owner);
    await acquireLock(table, "storefront", byHttp, NOW);
    expect(await holdLock(table, "storefront", byPipeline.owner, NOW + 5)).to.equal(false);
    await releaseLock(table, "storefront", byHttp.owner);
    expect(await holdLock(table, "storefront", byPipeline.owner, NOW + 5)).to.equal(false);
  });

  it("is renewed while it is held, and not after it was given back", async () => {
    await acquireLock(table, "storefront", byPipeline, NOW);
    await renewLock(table, "storefront", byPipeline.owner, NOW, NOW + 900);
    expect((await readLock(table, "storefront", NOW))?.until).to.equal(NOW + 900);
    await releaseLock(table, "storefront", byPipeline.owner);
    await renewLock(table, "storefront", byPipeline.owner, NOW, NOW + 900);
    expect(await readLock(table, "storefront", NOW)).to.equal(undefined);
  });

  it("is free once its time is over, and not before", async () => {
    await acquireLock(table, "storefront", byHttp, NOW);
    expect(await acquireLock(table, "storefront", byPipeline, byHttp.until)).to.deep.equal(byHttp);
    expect(await readLock(table, "storefront", byHttp.until + 1)).to.equal(undefined);
    expect(await acquireLock(table, "storefront", byPipeline, byHttp.until + 1)).to.equal(undefined);
    expect(await readLock(table, "storefront", NOW)).to.deep.equal(byPipeline);
  });

  it("is each application's own", async () => {
    await acquireLock(table, "storefront", byHttp, NOW);
    expect(await acquireLock(table, "basket", byPipeline, NOW)).to.equal(undefined);
    expect(await stored.ids()).to.deep.equal(["application/basket", "application/storefront"]);
  });

  it("is never read from a stale replica, which may show a former holder", async () => {
    const inputs: object[] = [];
    const send = async ({ input }: { input: object }) => {
      inputs.push(input);
      return {};
    };
    await readLock({ dynamo: { send } as unknown as DynamoDBClient, table: TABLE }, "storefront", NOW);
    const Key = { id: { S: "application/storefront" } };
    expect(inputs).to.deep.equal([{ TableName: TABLE, Key, ConsistentRead: true }]);
  });

  it("goes to one of many that want it at once", async () => {
    const holders = Array.from({ length: 8 }, (_, index) => ({ ...byHttp, owner: `request-${index}` }));
    const others = await Promise.all(holders.map((holder) => acquireLock(table, "storefront", holder, NOW)));
    const winner = (await readLock(table, "storefront", NOW))?.owner;
    expect(holders.filter((_, index) => others[index] === undefined).map(({ owner }) => owner)).to.deep.equal([winner]);
    expect(new Set(others.map((other) => other?.owner))).to.deep.equal(new Set([undefined, winner]));
  });

  it("lasts for a rollout, a rollback, and a quarter of an hour to begin", () => {
    expect(lockSeconds(30)).to.equal(75 * 60);
  });

  it("tells of its holder", () => {
    expect([byHttp, byPipeline].map(describeHolder)).to.deep.equal([
      "version v1 by deployment request request-1",
      "version v2 by pipeline execution execution-1",
    ]);
  });
});
