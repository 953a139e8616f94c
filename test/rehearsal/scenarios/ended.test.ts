import { assert } from "chai";
import type { CloudEvent } from "../../../rehearsal/cloud/events";
import type { Registration } from "../../../rehearsal/monitor";
import { isMismatch } from "../../../rehearsal/scenarios/scenario";
import type { ScenarioContext } from "../../../rehearsal/scenarios/scenarioContext";
import { expectEndedOnce } from "../../../rehearsal/scenarios/steps/ended";

const stages = [
  { name: "Build", actions: [{ name: "Build", provider: "CodeBuild" }] },
  { name: "Tag", actions: [{ name: "Tag", provider: "Lambda" }] },
];
const pipeline = {
  type: "aws:codepipeline/pipeline:Pipeline",
  inputs: { stages },
  outputs: { name: "shop" },
} as unknown as Registration;

const of = (stage: string) => ({ pipeline: "shop", executionId: "1", stage, action: stage });
const action = (stage: string, status: "InProgress" | "Succeeded" | "Failed"): CloudEvent => ({
  kind: "action",
  ...of(stage),
  status,
});
const result = (result: "succeeded" | "failed", refused?: string): CloudEvent => ({
  kind: "job-result",
  ...of("Tag"),
  jobId: "j",
  result,
  ...(refused === undefined ? {} : { refused }),
});
const over: CloudEvent = { kind: "pipeline", pipeline: "shop", executionId: "1", status: "Failed" };
const built = [action("Build", "InProgress"), action("Build", "Succeeded")];
const begun = action("Tag", "InProgress");

const mistakesIn = (events: CloudEvent[]): string[] => {
  try {
    expectEndedOnce({ account: { events }, stacks: [{ registrations: [pipeline] }] } as unknown as ScenarioContext);
    return [];
  } catch (error) {
    if (!isMismatch(error)) throw error;
    return JSON.parse(error.actual);
  }
};

describe("rehearsal: what has begun ends once", () => {
  const cases: [what: string, events: CloudEvent[], mistakes: string[]][] = [
    ["an action that succeeded", [...built, begun, result("succeeded"), action("Tag", "Succeeded"), over], []],
    ["one that failed", [...built, begun, result("failed"), action("Tag", "Failed"), over], []],
    [
      "a second result that was refused",
      [begun, result("succeeded"), result("succeeded", "InvalidJobStateException"), action("Tag", "Succeeded"), over],
      [],
    ],
    ["an execution that goes on", [...built, begun], []],
    ["an action that did not end", [action("Build", "InProgress"), over], ["Build/Build of shop 1 ended 0 times: "]],
    [
      "one that ended twice",
      [...built, action("Build", "Succeeded"), over],
      ["Build/Build of shop 1 ended 2 times: Succeeded, Succeeded"],
    ],
    [
      "a function's without a result",
      [begun, action("Tag", "Succeeded"), over],
      ["Tag/Tag of shop 1 ended Succeeded, and these results were taken: none"],
    ],
    [
      "two results that were taken",
      [begun, result("succeeded"), result("succeeded"), action("Tag", "Succeeded"), over],
      ["Tag/Tag of shop 1 ended Succeeded, and these results were taken: succeeded, succeeded"],
    ],
    [
      "a result that says otherwise",
      [begun, result("succeeded"), action("Tag", "Failed"), over],
      ["Tag/Tag of shop 1 ended Failed, and these results were taken: succeeded"],
    ],
  ];
  for (const [what, events, mistakes] of cases)
    it(`${mistakes.length === 0 ? "takes" : "finds"} ${what}`, () => assert.deepEqual(mistakesIn(events), mistakes));
});
