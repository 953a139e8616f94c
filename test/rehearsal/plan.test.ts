import { assert } from "chai";
import { plan } from "../../rehearsal/scenarios/plan";
import type { Scenario } from "../../rehearsal/scenarios/scenario";

const scenario = (name: string, rest: Partial<Scenario> = {}): Scenario => ({ name, title: name, steps: [], ...rest });
const known = [
  scenario("deliver"),
  scenario("rollback", { needs: ["deliver"] }),
  scenario("lost", { needs: ["rollback"] }),
  scenario("last"),
  scenario("first", { fresh: true }),
  scenario("second", { fresh: true }),
];

describe("rehearsal: the plan of accounts", () => {
  const cases: [names: string[], accounts: string[][]][] = [
    [[], []],
    [["deliver"], [["deliver"]]],
    [["rollback"], [["deliver", "rollback"]]],
    [["lost", "deliver"], [["deliver", "rollback", "lost"]]],
    [["deliver", "deliver"], [["deliver"]]],
    [["last", "rollback"], [["deliver", "rollback", "last"]]],
    [
      ["first", "rollback", "second"],
      [["deliver", "rollback"], ["first"], ["second"]],
    ],
  ];
  for (const [names, accounts] of cases)
    it(`plays ${names.join(", ") || "nothing"} in ${JSON.stringify(accounts)}`, () => {
      const planned = plan(names, known).map((account) => account.map((it) => it.name));
      assert.deepEqual(planned, accounts);
    });

  it("names the scenarios that there are for one that there is not", () => {
    assert.throws(
      () => plan(["absent"], known),
      "There is no scenario absent: there are deliver, rollback, lost, last, first, second.",
    );
  });
});
