import { assert } from "chai";
import { expectEqual, expectMatches, expectSame } from "../../../rehearsal/scenarios/scenario";

describe("rehearsal: expectations", () => {
  it("pass where they are met", () => {
    expectEqual("a", 1, 1);
    expectSame("a", [1, { b: 2 }], [1, { b: 2 }]);
    expectMatches("a", "rolled back to 2", /rolled/, /2$/);
  });

  it("say what was expected and what was there", () => {
    const cases: [() => void, string, string][] = [
      [() => expectEqual("a", undefined, 202), "202", "undefined"],
      [() => expectSame("a", [1], [1, 2]), "[1,2]", "[1]"],
      [() => expectMatches("a", "fine", /rolled/), "to match /rolled/", "fine"],
    ];
    for (const [check, expected, actual] of cases) {
      let thrown: unknown;
      try {
        check();
      } catch (error) {
        thrown = error;
      }
      assert.deepInclude(thrown, { message: "a", expected, actual });
    }
  });
});
