import { assert } from "chai";
import type { Grant } from "../../rehearsal/cloud/policies";
import { open } from "../../rehearsal/rehearsal";
import { findingsOf } from "../../rehearsal/rehearse";
import { explainFailure } from "../../rehearsal/report/failure";
import { reasons } from "../../rehearsal/report/reasons";
import { scenarios } from "../../rehearsal/scenarios";
import { plan, scenariosOf } from "../../rehearsal/scenarios/plan";
import { isFailure, play } from "../../rehearsal/scenarios/play";
import { secretsOf, toldIn } from "../../rehearsal/scenarios/toldNowhere";
import { createWorld, type World } from "../../rehearsal/scenarios/world";
import { recording } from "./recordingProgress";

/**
 * Plays every scenario of these stacks, each in the accounts that `npm start` would give it. Two files share the stacks, so
 * that two processes play them at once.
 */
export function playScenariosOf(stacks: string[]): void {
  /** What the roles of all accounts were granted. */
  const granted: Grant[] = [];

  for (const stack of stacks)
    describe(`rehearsal: scenarios of stack ${stack}`, function () {
      // An account is opened with Pulumi's language host, and versions are built, pushed and started in it.
      this.timeout(180_000);
      const worlds: World[] = [];

      const names = scenariosOf(stack, scenarios).map((it) => it.name);
      for (const { scenarios: account, settings: overrides, ...rest } of plan(names, scenarios, stack))
        describe(`in one account: ${account.map((it) => it.name).join(", ")}`, () => {
          let world: World;
          const said: string[] = [];

          before(async () => {
            world = await createWorld(await open({ stack, speed: 200, overrides, ...rest }));
            worlds.push(world);
            granted.push(...world.account.iam.grants());
          });

          // What it recorded stays; its clock would go on beside the next account's.
          after(() => world?.close());

          for (const scenario of account)
            it(`${scenario.name}: ${scenario.title}`, async () => {
              try {
                await play(scenario, world, recording(said));
              } catch (error) {
                throw isFailure(error) ? new Error(explainFailure(error)) : error;
              }
            });

          // After all scenarios of the account, in their order.
          it("no secret is in what was said, logged, declared or stored", async () => {
            const secrets = await secretsOf(world, rest.secrets);
            const all = [...secrets.given, ...secrets.made];
            assert.isAbove(said.length, 0);
            assert.deepEqual(
              said.filter((line) => all.some((it) => line.includes(it))),
              [],
            );
            assert.deepEqual(await toldIn(world, secrets), []);
          });
        });

      // Mocha runs the tests of a suite before the suites within it.
      describe("together", () => {
        it("need every permission that the program grants, or there is a reason for it", async () => {
          const { unused, granted: number } = await findingsOf(worlds, false, 0);
          assert.isAbove(number, 0);
          assert.deepEqual(
            unused
              .filter((it) => it.reason === undefined)
              .map(({ grant }) => `${grant.role} ${grant.action} on ${grant.resource}`),
            [],
          );
        });
      });
    });

  describe(`rehearsal: reasons for permissions in ${stacks.join(", ")}`, () => {
    it("are of permissions that one of them grants", () => {
      const theirs = reasons.filter(
        (it) => it.stacks === undefined || it.stacks.some((stack) => stacks.includes(stack)),
      );
      const stale = theirs.flatMap(({ role, actions, resource }) =>
        actions
          .filter(
            (action) => !granted.some((it) => role.test(it.role) && it.action === action && resource.test(it.resource)),
          )
          .map((action) => `${role} ${action} ${resource}`),
      );
      assert.deepEqual(stale, []);
    });
  });
}
