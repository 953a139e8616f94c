import { expect } from "chai";
import { unmatchedTriggers } from "../../../handlers/scheduledTasks/unstarted";

/** Minutes and seconds, as milliseconds. */
const at = (time: string): number => {
  const [minutes = "", seconds = ""] = time.split(":");
  return (Number(minutes) * 60 + Number(seconds)) * 1000;
};

describe("triggers without a task", () => {
  const cases: [what: string, triggered: string[], created: string[], unmatched: string[]][] = [
    ["are none where each has its task", ["1:00", "2:00"], ["1:01", "2:01"], []],
    ["are not hidden by the task of the next trigger", ["1:00", "2:00", "3:00"], ["2:01", "3:01"], ["1:00"]],
    ["are none where a task came late, after that of the next trigger", ["1:00", "2:00"], ["2:01", "2:30"], []],
    ["are those of whose two triggers in a minute one has a task", ["1:00", "1:00"], ["1:01"], ["1:00"]],
    ["are none where ECS's clock is a little behind", ["1:00"], ["0:56"], []],
    ["are those whose task was created before", ["1:00"], ["0:54"], ["1:00"]],
    ["are those whose task comes ten minutes later", ["1:00"], ["11:00"], ["1:00"]],
  ];
  for (const [what, triggered, created, unmatched] of cases)
    it(what, () => {
      expect(unmatchedTriggers(triggered.map(at), created.map(at))).to.deep.equal(unmatched.map(at));
    });
});
