import { assert } from "chai";
import { chooseCombinations } from "../../../rehearsal/faults/choice";
import { enumerateFaults } from "../../../rehearsal/faults/enumerate";
import { formatFault, parseFault } from "../../../rehearsal/faults/fault";
import type { CountedCall } from "../../../rehearsal/faults/injector";
import { report } from "../../../rehearsal/faults/matrix";
import { readOptions } from "../../../rehearsal/faults/options";
import { nameOf, type Result, type Verdict } from "../../../rehearsal/faults/result";

const call = (operation: string, given: Partial<CountedCall> = {}): CountedCall => ({
  principal: "deploy",
  service: "ecs",
  operation,
  number: 1,
  internal: false,
  redeliverable: true,
  hasEarlierAnswer: false,
  ...given,
});
const kindsOf = (...calls: CountedCall[]) => enumerateFaults(calls).map((it) => formatFault(it));

describe("rehearsal: the faults of a recorded delivery", () => {
  it("are all kinds at the first call that changes something", () => {
    const kinds = [
      "throttle",
      "500",
      "denied",
      "reset",
      "answer-lost",
      "kill-before",
      "kill-after",
      "twice",
      "twice-late",
    ];
    assert.deepEqual(kindsOf(call("UpdateService")), [
      ...kinds.map((it) => `deploy:ecs:UpdateService=${it}`),
      "deploy:ecs:UpdateService#1-3=kill-after",
    ]);
  });

  it("kill a function three times only if Lambda invokes it again", () => {
    const isKilled = (it: CountedCall) => kindsOf(it).filter((fault) => fault.includes("#1-3="));
    assert.deepEqual(isKilled(call("DescribeServices")), ["deploy:ecs:DescribeServices#1-3=kill-before"]);
    assert.deepEqual(isKilled(call("UpdateService", { redeliverable: false })), []);
    assert.deepEqual(isKilled(call("UpdateService", { number: 2 })), []);
  });

  it("are those that leave something half done at later calls", () => {
    assert.deepEqual(
      kindsOf(call("UpdateService", { number: 2, redeliverable: false })),
      ["500", "denied", "answer-lost", "kill-after"].map((it) => `deploy:ecs:UpdateService#2=${it}`),
    );
  });

  it("are stale reads only where an earlier state can be shown", () => {
    const isStale = (it: CountedCall) => kindsOf(it).some((fault) => fault.endsWith("=stale-read"));
    assert.isTrue(isStale(call("DescribeServices")));
    assert.isFalse(isStale(call("DescribeTaskDefinition")));
    assert.isFalse(isStale(call("ListRules", { service: "events" })));
    assert.isTrue(isStale(call("ListRules", { service: "events", hasEarlierAnswer: true })));
    assert.isFalse(isStale(call("UpdateService", { hasEarlierAnswer: true })));
  });

  it("are only what ends a call of AWS's own services", () => {
    assert.deepEqual(kindsOf(call("Invoke", { internal: true, service: "lambda" })), [
      "deploy:lambda:Invoke=denied",
      "deploy:lambda:Invoke=500",
    ]);
  });

  it("are none of logs and polls, and none of the hundredth call", () => {
    const others = [
      call("PutLogEvents", { service: "logs" }),
      call("ReceiveMessage", { service: "sqs" }),
      call("UpdateService", { number: 100 }),
    ];
    assert.deepEqual(kindsOf(...others), []);
  });
});

const recording = (delivery: string, ...faults: string[]) => ({
  delivery,
  outcome: "",
  violations: [],
  took: 0,
  faults: faults.map(parseFault),
});
const recordings = [
  recording("push", "deploy:ecs:UpdateService=500", "deploy:ecs:UpdateService#2=500", "tag:ecr:PutImage=twice"),
  recording("rollback", "deploy:ecs:UpdateService=500"),
];
const chosen = (given: Partial<Parameters<typeof chooseCombinations>[1]>) =>
  chooseCombinations(recordings, { seed: 1, ...given }).map(nameOf);

describe("rehearsal: which combinations are played", () => {
  it("is all of them, or those with a text in their names", () => {
    assert.lengthOf(chosen({}), 4);
    assert.deepEqual(chosen({ only: "ecr:" }), ["push tag:ecr:PutImage=twice"]);
    assert.deepEqual(chosen({ only: "rollback " }), ["rollback deploy:ecs:UpdateService=500"]);
  });

  it("is as many as are asked for, the same for the same seed", () => {
    assert.lengthOf(chosen({ sample: 2 }), 2);
    assert.deepEqual(chosen({ sample: 2 }), chosen({ sample: 2 }));
    assert.isAbove(new Set([1, 2, 3, 4, 5, 6].map((seed) => chosen({ sample: 1, seed })[0])).size, 1);
  });

  it("does not depend on what else was recorded", () => {
    const fewer = chooseCombinations(recordings.slice(0, 1), { seed: 1, sample: 3 }).map(nameOf);
    assert.includeMembers(
      fewer,
      chosen({ sample: 2 }).filter((it) => it.startsWith("push ")),
    );
  });
});

const result = (fault: string, verdict: Verdict, given: Partial<Result> = {}): Result => ({
  delivery: "push",
  fault: parseFault(fault),
  verdict,
  outcome: "Succeeded",
  violations: [],
  seconds: 4,
  ...given,
});

describe("rehearsal: the matrix of faults", () => {
  it("counts what became of deliveries, and says how to play what is broken again", () => {
    const text = report([
      result("deploy:ecs:UpdateService=500", "held"),
      result("deploy:ecs:UpdateService#2=500", "failed safely"),
      result("tag:ecr:PutImage=twice", "broken", {
        violations: ["every record reaches an end state: no"],
        again: true,
      }),
      result("tag:ecr:PutImage=twice-late", "not met"),
    ]);
    const lines = text.split("\n").map((line) => line.trim().split(/\s+/).join(" "));
    assert.include(lines, "ecs:UpdateService 1/1/0");
    assert.include(lines, "ecr:PutImage 0/0/1");
    assert.deepEqual(text.split("\n").slice(-3), [
      "4 combinations, 1 held, 1 failed safely, 1 broken, 1 not met",
      "Broken: npm run faults -- --only 'push tag:ecr:PutImage=twice'",
      "  every record reaches an end state: no",
    ]);
  });
});

describe("rehearsal: the command line of npm run faults", () => {
  it("plays everything unless told", () => {
    const usual = { help: false, resume: false, only: undefined, sample: undefined, seed: 1, webhooks: 100_000 };
    assert.deepEqual(readOptions([]), usual);
    assert.deepEqual(readOptions(["--sample", "20", "--seed=7", "--resume"]), {
      ...usual,
      sample: 20,
      seed: 7,
      resume: true,
    });
    assert.deepEqual(readOptions(["--only", "push "]), { ...usual, only: "push ", webhooks: 0 });
  });

  it("is refused where it asks for something that is not there", () => {
    assert.throws(() => readOptions(["--sample", "few"]), "--sample is few: give a whole number");
    assert.throws(() => readOptions(["--smaple", "1"]), "Unknown option '--smaple'");
  });
});
