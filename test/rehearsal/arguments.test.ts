import { assert } from "chai";
import { type Arguments, readArguments } from "../../rehearsal/arguments";

const usual: Arguments = { help: false, keep: false, verbose: false, stack: "dev", scenarios: [], speed: 100 };

describe("rehearsal: the command line", () => {
  const cases: [argv: string[], expected: Partial<Arguments>][] = [
    [[], {}],
    [["--help"], { help: true }],
    [["-h"], { help: true }],
    [["--keep", "--verbose"], { keep: true, verbose: true }],
    [["--stack", "prod"], { stack: "prod" }],
    [["--stack=prod"], { stack: "prod" }],
    [["--scenario", "deliver", "--scenario=rollback"], { scenarios: ["deliver", "rollback"] }],
    [["--speed", "12.5"], { speed: 12.5 }],
    [["--without", "sqs:SendMessage"], { without: "sqs:SendMessage" }],
    [["--stale-reads", "7"], { staleReads: 7 }],
    [
      ["--fault", "fetch:s3:PutObject=500"],
      { faults: [{ who: "fetch", service: "s3", operation: "PutObject", from: 1, to: 1, kind: "500" }] },
    ],
  ];
  for (const [argv, expected] of cases)
    it(`reads "${argv.join(" ")}"`, () => {
      assert.deepEqual(readArguments(argv), { ...usual, ...expected });
    });

  const refused: [argv: string[], message: string][] = [
    [["--kepp"], "--kepp is no option"],
    [["-k"], "-k is no option"],
    [["prod"], "prod is no option"],
    [["--", "prod"], "prod is no option"],
    [["--toString"], "--toString is no option"],
    [["--no-keep"], "--no-keep is no option"],
    [["--keep=yes"], "--keep takes no value"],
    [["--stack"], "--stack wants a value"],
    [["--scenario="], "--scenario wants a value"],
    [["--speed", "fast"], "--speed is fast: give a number from 10 to 1000, simulated seconds for each real one"],
    [["--stale-reads", "-1"], "--stale-reads is -1: give a whole number, the seed of which reads are stale"],
    [["--fault"], "--fault wants a value"],
    [
      ["--fault", "fetch:s3:PutObject#x=500"],
      "--fault fetch:s3:PutObject#x=500: #x is no call; write #2 for the second one, or #2-4 for the second to the fourth",
    ],
    [["--speed", "9"], "--speed is 9: give a number from 10 to 1000, simulated seconds for each real one"],
  ];
  for (const [argv, message] of refused)
    it(`refuses "${argv.join(" ")}"`, () => {
      assert.throws(() => readArguments(argv), `${message}; see npm start -- --help`);
    });
});
