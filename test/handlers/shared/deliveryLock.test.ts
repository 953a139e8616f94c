import { expect } from "chai";
import { whileHeld } from "../../../handlers/shared/deliveryLock";
import { acquireLock, type DeploymentTable, readLock, releaseLock } from "../../../handlers/shared/lock";
import { startTable, TABLE, type Table } from "../../callbacks/table";
import { refusalMessage } from "../../refusal";

const NOW = 1_767_607_200;
const now = () => NOW * 1_000;
const own = { owner: "execution-1", by: "execution" as const, version: "v1", until: NOW + 600 };
const other = { owner: "request-1", by: "deployment" as const, version: "v2", until: NOW + 600 };

const RETAKE = { seconds: 90 };

describe("lock of a delivery, in its later actions", () => {
  let stored: Table;
  let table: DeploymentTable;

  before(async () => {
    stored = await startTable();
    table = { dynamo: stored.dynamo, table: TABLE };
  });
  beforeEach(() => stored.clear());
  after(() => stored.close());

  const lock = () => ({ table, application: "storefront", execution: own.owner });
  const holder = async () => (await readLock(table, "storefront", NOW))?.owner;

  it("stays held for the rest of the delivery", async () => {
    await acquireLock(table, "storefront", own, NOW);
    expect(await whileHeld(lock(), now, holder, RETAKE)).to.equal(own.owner);
    expect(await holder()).to.equal(own.owner);
  });

  it("is taken again for a stage that is retried, and given back", async () => {
    await acquireLock(table, "storefront", own, NOW);
    await releaseLock(table, "storefront", own.owner);
    expect(await whileHeld(lock(), now, holder, RETAKE)).to.equal(own.owner);
    expect(await holder()).to.equal(undefined);
  });

  it("is kept by an action that releases it itself, but no longer than it says", async () => {
    await acquireLock(table, "storefront", own, NOW);
    await releaseLock(table, "storefront", own.owner);
    await whileHeld(lock(), now, holder, { ...RETAKE, keeps: true });
    expect(await readLock(table, "storefront", NOW)).to.deep.equal({ ...own, until: NOW + 90 });
  });

  it("is released if the work fails under a lock that was taken again", async () => {
    await acquireLock(table, "storefront", own, NOW);
    await releaseLock(table, "storefront", own.owner);
    const work = async () => {
      throw new Error("no");
    };
    expect(await refusalMessage(whileHeld(lock(), now, work, { ...RETAKE, keeps: true }))).to.equal("no");
    expect(await holder()).to.equal(undefined);
  });

  for (const released of [false, true]) {
    it(`tags and schedules nothing of version A once B ${released ? "was" : "is being"} deployed by HTTP`, async () => {
      await acquireLock(table, "storefront", own, NOW);
      await releaseLock(table, "storefront", own.owner);
      await acquireLock(table, "storefront", other, NOW);
      if (released) {
        await releaseLock(table, "storefront", other.owner);
      }
      let worked = false;
      const work = whileHeld(
        lock(),
        now,
        async () => {
          worked = true;
        },
        RETAKE,
      );
      expect(await refusalMessage(work)).to.equal(
        "another deploy of storefront has happened since (version v2 by deployment request request-1); nothing was changed: " +
          "start the pipeline again for the version that should run",
      );
      expect(worked).to.equal(false);
    });
  }
});
