import { assert } from "chai";
import { explainFailure } from "../../../rehearsal/report/failure";
import type { Progress } from "../../../rehearsal/report/progress";
import {
  type Failure,
  isFailure,
  type RunScenarioOptions,
  runScenario,
} from "../../../rehearsal/scenarios/runScenario";
import { expectEqual, type Mismatch, type Scenario, type Step } from "../../../rehearsal/scenarios/scenario";
import type { ScenarioContext } from "../../../rehearsal/scenarios/scenarioContext";
import type { TestCloud } from "../support";
import { openContext } from "./contextSupport";

const step = (title: string, run: Step["run"]): Step => ({ title, run });
const forEver = () => new Promise<undefined>(() => undefined);

describe("rehearsal: playing a scenario", () => {
  let account: TestCloud;
  let context: ScenarioContext;
  let told: string[];
  const progress: Progress = {
    heading: (text) => told.push(`heading ${text}`),
    begin: (title) => told.push(`begin ${title}`),
    note: (text) => told.push(`note ${text}`),
    activity: () => undefined,
    done: (detail, excerpt) => told.push(`done ${detail}${excerpt === undefined ? "" : ` with ${excerpt}`}`),
    failed: () => told.push("failed"),
    say: () => undefined,
    close: () => undefined,
  };

  beforeEach(async () => {
    told = [];
    ({ account, context } = await openContext());
  });

  afterEach(() => context.close());

  const scenario = (steps: Step[], rest: Partial<Scenario> = {}): Scenario => ({
    name: "example",
    title: "an example",
    steps,
    ...rest,
  });

  async function failureOf(it: Scenario, options?: RunScenarioOptions, within = context): Promise<Failure> {
    const error = await runScenario(it, within, progress, options).catch((reason: unknown) => reason);
    if (!isFailure(error)) throw new Error(`Expected a failure, got ${error}.`);
    return error;
  }

  it("runs the steps in order and tells what came out", async () => {
    await runScenario(scenario([step("one", async () => "1"), step("two", async () => undefined)]), context, progress);
    assert.deepEqual(told, ["heading example: an example", "begin one", "done 1", "begin two", "done undefined"]);
  });

  it("shows the lines of what came out as they are", async () => {
    await runScenario(scenario([step("one", async () => ({ detail: "1", excerpt: "-1\n+2\n" }))]), context, progress);
    assert.deepEqual(told, ["heading example: an example", "begin one", "done 1 with -1\n+2\n"]);
  });

  it("ends at the first step that does not come out as expected", async () => {
    const failure = await failureOf(
      scenario([
        step("one", async () => "1"),
        step("two", async () => {
          expectEqual("the version", "1.0.0", "2.0.0");
          return undefined;
        }),
        step("three", async () => "3"),
      ]),
    );
    assert.deepInclude(failure, { scenario: "example", step: "two", position: 2, denials: [] });
    assert.deepInclude(failure.cause as Mismatch, { message: "the version", expected: "2.0.0", actual: "1.0.0" });
    assert.deepEqual(told.slice(-2), ["begin two", "failed"]);
    assert.equal(
      explainFailure(failure),
      [
        "Failed: scenario example, step 2 (two)",
        "  cause      the version",
        "  expected   2.0.0",
        "  actual     1.0.0",
        "",
        "  npm start -- --scenario example --verbose   plays it again and prints every request and log line",
      ].join("\n"),
    );
    assert.equal(
      explainFailure({ ...failure, rehearsed: "prod" })
        .split("\n")
        .at(-1),
      "  npm start -- --stack prod --scenario example --verbose   plays it again and prints every request and log line",
    );
  });

  it("ends a step that waits while nothing is under way, after its limit", async () => {
    const waited = { ...context, clock: { ...context.clock, idle: () => idle } };
    let idle = 0;
    const every: RunScenarioOptions["every"] = (_, action) => {
      idle = 5_000;
      action();
      return () => undefined;
    };
    const failure = await failureOf(scenario([step("one", forEver)]), { limit: 5000, every }, waited);
    assert.equal(failure.cause.message, "It was not done within 5 seconds in which nothing was under way.");
  });

  it("ends with the signal's reason when it is interrupted", async () => {
    const controller = new AbortController();
    const reason = new Error("interrupted");
    const stopped: string[] = [];
    const every: RunScenarioOptions["every"] = () => () => stopped.push("limit");
    const interrupted = step("one", () => {
      controller.abort(reason);
      return forEver();
    });
    const { signal } = controller;
    const error = await runScenario(scenario([interrupted]), context, progress, { signal, every }).catch(
      (it: unknown) => it,
    );
    assert.equal(error, reason);
    assert.include(stopped, "limit");
  });

  describe("when a call is denied", () => {
    const bucket = "arn:aws:s3:::source";
    let role: string;
    const ask = () =>
      account.iam
        .authorize({ kind: "role", arn: role }, { action: "s3:PutObject", resource: `${bucket}/source.zip` })
        .catch(() => undefined);

    beforeEach(async () => {
      role = await account.role("fetch", "lambda.amazonaws.com", [
        { Effect: "Allow", Action: "s3:GetObject", Resource: `${bucket}/*` },
      ]);
    });

    it("ends a waiting step at the next event", async () => {
      const failure = await failureOf(
        scenario([
          step("one", async () => {
            await ask();
            account.tell({ kind: "log", group: "fetch-logs", stream: "s", line: "a line" });
            return forEver();
          }),
        ]),
      );
      const [denial] = failure.denials;
      assert.deepEqual(denial?.permission, { action: "s3:PutObject", resource: `${bucket}/source.zip` });
      assert.equal(failure.cause.message, denial?.denial);
      const lines = explainFailure(failure).split("\n");
      assert.include(lines, "  denied     role fetch has no permission for s3:PutObject on source/source.zip");
    });

    it("fails a step that came to its end all the same, and one that brings trouble about", async () => {
      const denied = step("one", async () => {
        await ask();
        return "done";
      });
      assert.lengthOf((await failureOf(scenario([denied], { troubled: true }))).denials, 1);
    });
  });

  const troubles: [what: string, tell: (account: TestCloud) => void, message: string][] = [
    [
      "a function that fails",
      (it) =>
        it.tell({ kind: "function-invoked", function: "deploy", outcome: "failed", milliseconds: 1, error: "no" }),
      "The function deploy failed: no",
    ],
    [
      "an error that a function logs",
      (it) =>
        it.tell({
          kind: "log",
          group: "fetch-logs",
          stream: "s",
          line: '{"level":"error","message":"fetch failed","cause":"no archive"}',
        }),
      "fetch-logs: fetch failed: no archive",
    ],
  ];
  for (const [what, tell, message] of troubles) {
    it(`ends at ${what}`, async () => {
      const waiting = step("one", () => {
        tell(account);
        return forEver();
      });
      assert.equal((await failureOf(scenario([waiting]))).cause.message, message);
    });

    it(`goes on after ${what}, if the scenario brings it about`, async () => {
      const passing = step("one", async () => {
        tell(account);
        return "1";
      });
      await runScenario(scenario([passing], { troubled: true }), context, progress);
      assert.include(told, "done 1");
    });
  }

  it("goes on after what is no error: warnings, text, what tasks log", async () => {
    const lines = [
      ["fetch-logs", '{"level":"warn","message":"webhook rejected"}'],
      ["fetch-logs", "REPORT RequestId: 1"],
      ["fetch-logs", "null"],
      ["storefront-web-logs", '{"level":"error","message":"page not found"}'],
    ] as const;
    const telling = step("one", async () => {
      for (const [group, line] of lines) account.tell({ kind: "log", group, stream: "s", line });
      return "1";
    });
    await runScenario(scenario([telling]), context, progress);
    assert.include(told, "done 1");
  });
});
