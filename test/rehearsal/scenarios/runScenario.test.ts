import { assert } from "chai";
import type { CloudEvent } from "../../../rehearsal/cloud/events";
import { startExternalServices } from "../../../rehearsal/externalServices";
import type { Registration } from "../../../rehearsal/monitor";
import type { Rehearsal } from "../../../rehearsal/rehearsal";
import { explainFailure } from "../../../rehearsal/report/failure";
import type { Progress } from "../../../rehearsal/report/progress";
import {
  type Failure,
  isFailure,
  type RunScenarioOptions,
  runScenario,
} from "../../../rehearsal/scenarios/runScenario";
import { expectEqual, type Mismatch, type Scenario, type Step } from "../../../rehearsal/scenarios/scenario";
import {
  createScenarioContext,
  pushEntryOf,
  type ScenarioContext,
  stackOf,
} from "../../../rehearsal/scenarios/scenarioContext";
import { pipelineOf } from "../../../rehearsal/scenarios/steps/deliveries";
import { errorLine } from "../../../rehearsal/scenarios/steps/errorLine";
import { commitOf } from "../../../rehearsal/scenarios/steps/versions";
import { createTestCloud, registrationOf, type TestCloud } from "../support";

const KEY = "github/acme/storefront";
const outputs = {
  webhookUrls: { [KEY]: `https://abc.execute-api.us-east-1.amazonaws.com/webhooks/${KEY}` },
  webhookSecrets: { [KEY]: "secret" },
  services: { "storefront/web": "http://lb.us-east-1.elb.amazonaws.com" },
  repositories: { storefront: "123456789012.dkr.ecr.us-east-1.amazonaws.com/storefront" },
  pipelines: { storefront: "storefront-abc1234" },
};

const fetchFunction = registrationOf("urn:pulumi:test::slipway::aws:lambda/function:Function::fetch", {
  inputs: { loggingConfig: { logFormat: "Text", logGroup: "fetch-logs" } },
});

const stack = (name: string, outputs: object, registrations: Registration[] = []) => ({
  name,
  environment: name,
  program: { registrations, outputs: { ...outputs }, secretOutputs: [], warnings: [] },
});

async function rehearsalOf(account: TestCloud, stacks: Rehearsal["stacks"]): Promise<Rehearsal> {
  const external = await startExternalServices(account);
  const close = async () => {
    await external.close();
    await account.close();
  };
  return { account, stacks, external, close };
}

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
    account = await createTestCloud([]);
    context = await createScenarioContext(await rehearsalOf(account, [stack("dev", outputs, [fetchFunction])]));
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

  it("finds an event that happened after the mark, or waits for it", async () => {
    type Dead = { kind: "message-dead"; queue: string; messageId: string };
    const isDead = (event: { kind: string }): event is Dead => event.kind === "message-dead";
    const dead = (messageId: string): Dead => ({ kind: "message-dead", queue: "q", messageId });
    account.tell(dead("1"));
    context.mark = account.events.length;
    const coming = context.event(isDead);
    account.tell(dead("2"));
    assert.equal((await coming).messageId, "2");
    assert.equal((await context.event(isDead)).messageId, "2");
  });

  it("refuses a program without the outputs that scenarios need", async () => {
    const bare = await createTestCloud([]);
    let closed = false;
    const stacks = [stack("dev", { ...outputs, webhookUrls: "", pipelines: { a: 1 } })];
    const rehearsal = await rehearsalOf(bare, stacks);
    const close = async () => {
      closed = true;
      await rehearsal.close();
    };
    const error = await createScenarioContext({ ...rehearsal, close }).catch((reason: Error) => reason);
    assert.equal(
      (error as Error).message,
      "The stack's outputs lack webhookUrls, webhookSecrets, pipelines: the scenarios need the addresses that index.ts exports.",
    );
    assert.isTrue(closed);
  });

  it("finds what each of several stacks put out, and where pushes go", async () => {
    const { webhookUrls, webhookSecrets, ...rest } = outputs;
    const other = await createTestCloud([]);
    const prod = { ...rest, pipelines: { storefront: "storefront-def5678" } };
    const stacks = [stack("dev", outputs, [fetchFunction]), stack("prod", prod)];
    const two = await createScenarioContext(await rehearsalOf(other, stacks));
    assert.deepEqual([two.stack, two.outputs.pipelines, two.registrations], ["prod", prod.pipelines, []]);
    assert.deepEqual(
      [pipelineOf(two), pipelineOf(two, "prod"), pipelineOf(two, "dev")],
      ["storefront-def5678", "storefront-def5678", "storefront-abc1234"],
    );
    const webhook = { url: webhookUrls[KEY], secret: webhookSecrets[KEY] };
    assert.deepEqual(pushEntryOf(two), { stack: "dev", webhook });
    assert.throws(
      () => pushEntryOf(two, "gitlab/acme/storefront"),
      "The outputs webhookUrls and webhookSecrets of dev have no gitlab/acme/storefront.",
    );
    assert.throws(() => stackOf(two, "staging"), "Stack staging is not in this account: there are dev, prod.");
    const logged: CloudEvent = {
      kind: "log",
      group: "fetch-logs",
      stream: "s",
      line: '{"level":"error","message":"no"}',
    };
    assert.equal(errorLine(two, logged), "fetch-logs: no");
    await two.close();
  });

  it("has no webhook where the branches are polled, and takes pushes all the same", async () => {
    const { webhookUrls: _, webhookSecrets: __, ...rest } = outputs;
    const other = await createTestCloud([]);
    const polled = await createScenarioContext(await rehearsalOf(other, [stack("cn-north-1", rest)]));
    assert.deepEqual(pushEntryOf(polled), { stack: "cn-north-1", webhook: undefined });
    const update = await polled.repository.commit({ "README.md": { mode: "100644", content: "1\n" } }, "Release 1.0.0");
    assert.isUndefined(await polled.push(update));
    assert.equal(commitOf(polled, "1.0.0"), update.after);
    await polled.close();
  });
});
