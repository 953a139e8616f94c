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
    [["--kepp"], "Unknown option: --kepp"],
    [["-k"], "Unknown option: -k"],
    [["prod"], "Unknown option: prod"],
    [["--", "prod"], "Unknown option: prod"],
    [["--toString"], "Unknown option: --toString"],
    [["--no-keep"], "Unknown option: --no-keep"],
    [["--keep=yes"], "--keep takes no value"],
    [["--stack"], "--stack needs a value"],
    [["--scenario="], "--scenario needs a value"],
    [["--speed", "fast"], "--speed fast: use a number from 10 to 1000, the simulated seconds in each real second"],
    [["--stale-reads", "-1"], "--stale-reads -1: use a whole number, the seed that chooses the stale reads"],
    [["--fault"], "--fault needs a value"],
    [
      ["--fault", "fetch:s3:PutObject#x=500"],
      "--fault fetch:s3:PutObject#x=500: #x is no call; write #2 for the second one, or #2-4 for the second to the fourth",
    ],
    [["--speed", "9"], "--speed 9: use a number from 10 to 1000, the simulated seconds in each real second"],
  ];
  for (const [argv, message] of refused)
    it(`refuses "${argv.join(" ")}"`, () => {
      assert.throws(() => readArguments(argv), `${message}; see npm start -- --help`);
    });
});
