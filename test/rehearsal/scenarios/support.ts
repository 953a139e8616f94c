import { assert } from "chai";
import type { Grant } from "../../../rehearsal/cloud/policies";
import { open } from "../../../rehearsal/rehearsal";
import { findingsOf } from "../../../rehearsal/rehearse";
import { explainFailure } from "../../../rehearsal/report/failure";
import { reasons } from "../../../rehearsal/report/reasons";
import { scenarios } from "../../../rehearsal/scenarios";
import { plan, scenariosOf } from "../../../rehearsal/scenarios/plan";
import { isFailure, runScenario } from "../../../rehearsal/scenarios/runScenario";
import type { Scenario } from "../../../rehearsal/scenarios/scenario";
import { createScenarioContext, type ScenarioContext } from "../../../rehearsal/scenarios/scenarioContext";
import { leaksIn, secretsOf } from "../../../rehearsal/scenarios/steps/secretLeaks";
import { TEST_OPTIONS } from "../../evaluation/client";
import { recording } from "../report/recordingProgress";
import { differences } from "./authorizationReference";

/** Which of the scenarios a file plays, and which of the permissions it answers for. */
export interface Part {
  plays(scenario: Scenario): boolean;
  answersFor(grant: Pick<Grant, "role" | "resource">): boolean;
}

const isOfPullRequests = ({ settings = {} }: Scenario) => "slipway:pullRequests" in settings;

export const pullRequests: Part = {
  plays: isOfPullRequests,
  // An application's delivery is another scenario's.
  answersFor: ({ role, resource }) => /pull-request|gitops-pr/.test(`${role} ${resource}`),
};

export const allOthers: Part = { plays: (it) => !isOfPullRequests(it), answersFor: () => true };

/**
 * Plays a part of the scenarios of these stacks, each in the accounts that `npm start` would give it. Three files share
 * them, so that three processes play them at once.
 */
export function playScenariosOf(stacks: string[], { plays, answersFor }: Part): void {
  /** What the roles of all accounts were granted. */
  const granted: Grant[] = [];

  for (const stack of stacks)
    describe(`rehearsal: scenarios of stack ${stack}`, function () {
      // An account is opened with Pulumi's language host, and versions are built, pushed and started in it.
      this.timeout(180_000);
      const worlds: ScenarioContext[] = [];
      const failed: Scenario[] = [];

      const names = scenariosOf(stack, scenarios)
        .filter(plays)
        .map((it) => it.name);
      for (const { scenarios: account, settings: overrides, ...rest } of plan(names, scenarios, stack))
        describe(`in one account: ${account.map((it) => it.name).join(", ")}`, () => {
          let context: ScenarioContext;
          const said: string[] = [];

          before(async () => {
            context = await createScenarioContext(
              await open({ stack, speed: 200, overrides, ...TEST_OPTIONS, ...rest }),
            );
            worlds.push(context);
            granted.push(...context.account.iam.grants());
          });

          // What it recorded stays; its clock would go on beside the next account's.
          after(() => context?.close());

          for (const scenario of account)
            it(`${scenario.name}: ${scenario.title}`, async function () {
              // A failed scenario leaves its account in an unknown state: the next ones would fail too.
              if (account.some((it) => failed.includes(it))) this.skip();
              failed.push(scenario);
              try {
                await runScenario(scenario, context, recording(said));
                failed.pop();
              } catch (error) {
                throw isFailure(error) ? new Error(explainFailure(error)) : error;
              }
            });

          // After all scenarios of the account, in their order.
          it("no secret is in what was said, logged, declared or stored", async () => {
            const secrets = await secretsOf(context, rest.secrets);
            const all = [...secrets.given, ...secrets.made];
            assert.isAbove(said.length, 0);
            assert.deepEqual(
              said.filter((line) => all.some((it) => line.includes(it))),
              [],
            );
            assert.deepEqual(await leaksIn(context, secrets), []);
          });
        });

      // Mocha runs the tests of a suite before the suites within it.
      describe("together", () => {
        it("ask IAM what AWS's services ask it", async () => {
          assert.deepEqual(await differences(worlds.flatMap(({ account }) => account.iam.decisions)), []);
        });

        it("need every permission that the program grants, or there is a reason for it", async function () {
          // A scenario that ended early did not use all of its permissions.
          if (failed.length > 0) this.skip();
          const { unused, granted: number } = await findingsOf(worlds, false, 0);
          assert.isAbove(number, 0);
          assert.deepEqual(
            unused
              .filter((it) => it.reason === undefined && answersFor(it.grant))
              .map(({ grant }) => `${grant.role} ${grant.action} on ${grant.resource}`),
            [],
          );
        });
      });
    });

  describe(`rehearsal: reasons for permissions in ${stacks.join(", ")}`, () => {
    it("are of permissions that one of them grants", () => {
      const theirs = reasons.filter(
        (it) =>
          answersFor({ role: String(it.role), resource: String(it.resource) }) &&
          (it.stacks === undefined || it.stacks.some((stack) => stacks.includes(stack))),
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
