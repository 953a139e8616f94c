import { assert } from "chai";
import { open } from "../../rehearsal/rehearsal";
import { findingsOf } from "../../rehearsal/rehearse";
import { explainFailure } from "../../rehearsal/report/failure";
import { reasons } from "../../rehearsal/report/reasons";
import { scenarios } from "../../rehearsal/scenarios";
import { plan } from "../../rehearsal/scenarios/plan";
import { isFailure, play } from "../../rehearsal/scenarios/play";
import { createWorld, type World } from "../../rehearsal/scenarios/world";
import { silent } from "./silentProgress";

describe("rehearsal: scenarios of stack dev", function () {
  // An account is opened with Pulumi's language host, and versions are built, pushed and started in it.
  this.timeout(180_000);
  const worlds: World[] = [];

  after(async () => {
    for (const world of worlds) await world.close();
  });

  for (const account of plan(
    scenarios.map((it) => it.name),
    scenarios,
  ))
    describe(`in one account: ${account.map((it) => it.name).join(", ")}`, () => {
      let world: World;

      before(async () => {
        world = await createWorld(await open({ stack: "dev", speed: 30 }));
        worlds.push(world);
      });

      for (const scenario of account)
        it(`${scenario.name}: ${scenario.title}`, async () => {
          try {
            await play(scenario, world, silent);
          } catch (error) {
            throw isFailure(error) ? new Error(explainFailure(error)) : error;
          }
        });
    });

  // Mocha runs the tests of a suite before the suites within it.
  describe("together", () => {
    it("need every permission that the program grants, or there is a reason for it", async () => {
      const { unused, granted } = await findingsOf(worlds, false, 0);
      assert.isAbove(granted, 0);
      assert.deepEqual(
        unused
          .filter((it) => it.reason === undefined)
          .map(({ grant }) => `${grant.role} ${grant.action} on ${grant.resource}`),
        [],
      );
    });

    it("leaves no reason for a permission that the program does not grant any more", () => {
      const grants = worlds[0]?.account.iam.grants() ?? [];
      const stale = reasons.flatMap(({ role, actions, resource }) =>
        actions
          .filter(
            (action) => !grants.some((it) => role.test(it.role) && it.action === action && resource.test(it.resource)),
          )
          .map((action) => `${role} ${action} ${resource}`),
      );
      assert.deepEqual(stale, []);
    });
  });
});
