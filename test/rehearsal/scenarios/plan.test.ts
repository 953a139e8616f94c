import { assert } from "chai";
import { plan, scenariosOf } from "../../../rehearsal/scenarios/plan";
import type { Scenario } from "../../../rehearsal/scenarios/scenario";

const scenario = (name: string, rest: Partial<Scenario> = {}): Scenario => ({ name, title: name, steps: [], ...rest });
const api = { "slipway:deploymentApi": true };
const known = [
  scenario("deliver"),
  scenario("rollback", { needs: ["deliver"] }),
  scenario("lost", { needs: ["rollback"] }),
  scenario("last"),
  scenario("first", { fresh: true }),
  scenario("second", { fresh: true }),
  scenario("requested", { needs: ["deliver"], settings: api }),
  scenario("told", { secrets: ["webhook"] }),
  scenario("repeated", { needs: ["deliver"], repeats: true }),
  scenario("promote", { stack: "prod" }),
  scenario("rejected", { stack: "prod", needs: ["promote"] }),
];

interface Account {
  names: string[];
  settings?: object;
  secrets?: string[];
  repeats?: boolean;
}

describe("rehearsal: the plan of accounts", () => {
  const cases: [names: string[], accounts: Account[], stack?: string][] = [
    [[], []],
    [["deliver"], [{ names: ["deliver"] }]],
    [["rollback"], [{ names: ["deliver", "rollback"] }]],
    [["lost", "deliver"], [{ names: ["deliver", "rollback", "lost"] }]],
    [["deliver", "deliver"], [{ names: ["deliver"] }]],
    [["last", "rollback"], [{ names: ["deliver", "rollback", "last"] }]],
    [
      ["first", "rollback", "second"],
      [{ names: ["deliver", "rollback"] }, { names: ["first"] }, { names: ["second"] }],
    ],
    // What such a scenario needs is played in its account, with its settings.
    [["requested"], [{ names: ["deliver", "requested"], settings: api }]],
    [["told"], [{ names: ["told"], secrets: ["webhook"] }]],
    [["repeated"], [{ names: ["deliver", "repeated"], repeats: true }]],
    [
      ["repeated", "requested", "last"],
      [
        { names: ["last"] },
        { names: ["deliver", "requested"], settings: api },
        { names: ["deliver", "repeated"], repeats: true },
      ],
    ],
    [["rejected"], [{ names: ["promote", "rejected"] }], "prod"],
  ];
  for (const [names, accounts, stack] of cases)
    it(`plays ${names.join(", ") || "nothing"} in ${JSON.stringify(accounts)}`, () => {
      const planned = plan(names, known, stack).map(({ scenarios, ...rest }) => ({
        names: scenarios.map((it) => it.name),
        ...rest,
      }));
      assert.deepEqual(planned, accounts);
    });

  const refused: [name: string, stack: string, message: string][] = [
    [
      "absent",
      "dev",
      "There is no scenario absent for stack dev: there are deliver, rollback, lost, last, first, second, requested, told, repeated.",
    ],
    ["deliver", "prod", "There is no scenario deliver for stack prod: there are promote, rejected."],
    ["deliver", "staging", "Stack staging has no scenarios: there are some for dev, prod."],
  ];
  for (const [name, stack, message] of refused)
    it(`refuses ${name} for stack ${stack}`, () => {
      assert.throws(() => plan([name], known, stack), message);
    });

  it("tells the scenarios of a stack", () => {
    assert.deepEqual(
      scenariosOf("prod", known).map((it) => it.name),
      ["promote", "rejected"],
    );
  });
});
