import { assert } from "chai";
import { explainFailure } from "../../../rehearsal/report/failure";
import { silent } from "../../../rehearsal/report/silent";
import { type Failure, runScenario } from "../../../rehearsal/scenarios/runScenario";
import type { ScenarioContext } from "../../../rehearsal/scenarios/scenarioContext";
import { refusal } from "../../refusal";
import { createTestCloud, type TestCloud } from "../support";

describe("rehearsal: what is told of a failure", () => {
  let account: TestCloud;

  beforeEach(async () => {
    account = await createTestCloud([]);
  });
  afterEach(() => account.close());

  /** The lines between the cause and the command that plays it again. */
  async function linesAfter(happens: () => void): Promise<string[]> {
    const run = async () => {
      happens();
      throw new Error("no");
    };
    const context = {
      account,
      stack: "dev",
      stacks: [],
      since: () => account.events.slice(1),
    } as unknown as ScenarioContext;
    const scenario = { name: "example", title: "an example", troubled: true, steps: [{ title: "one", run }] };
    const failure = await refusal(runScenario(scenario, context, silent));
    return explainFailure(failure as Failure)
      .split("\n")
      .slice(2, -2);
  }

  it("has each connection that did not come about once, however long before the end that was", async () => {
    const lines = await linesAfter(() => {
      const connection = { kind: "connection", from: "fetch", host: "github.com", port: 443 } as const;
      account.tell({ ...connection, reason: "no instance yet, before the last push" });
      account.tell({ ...connection, path: ["igw-1"] });
      for (let times = 0; times < 2; times++) account.tell({ ...connection, reason: "no route" });
      for (let tag = 1; tag <= 6; tag++)
        account.tell({ kind: "image-pushed", repository: "storefront", digest: "sha256:0", tags: [`${tag}`] });
    });
    assert.deepEqual(lines.slice(0, 3), [
      "  network    fetch cannot connect to port 443 of github.com: no route",
      "  before     image sha256:0 pushed as 1",
      "             image sha256:0 pushed as 2",
    ]);
  });

  it("has what happened again and again once", async () => {
    const lines = await linesAfter(() => {
      for (let times = 0; times < 6; times++) {
        account.tell({ kind: "image-pushed", repository: "storefront", digest: "sha256:0", tags: ["1"] });
        account.tell({ kind: "rule", rule: "poll", target: "arn:aws:lambda:us-east-1:1:function:poll" });
        if (times === 0) account.tell({ kind: "message-dead", queue: "dead", messageId: "m" });
      }
    });
    assert.deepEqual(lines, [
      "  before     message m went to the dead-letter queue dead",
      "             image sha256:0 pushed as 1",
      "             rule poll calls function:poll",
    ]);
  });

  it("has what functions warned of, and not what else they logged", async () => {
    const warning = '{"level":"warn","message":"fetch skipped","reason":"the branch is not tracked any more"}';
    const lines = await linesAfter(() => {
      for (const line of [warning, '{"level":"info","message":"archive fetched"}', "START RequestId: 1"])
        account.tell({ kind: "log", group: "fetch-logs", stream: "s", line });
    });
    assert.deepEqual(lines, [`  before     fetch-logs ${warning}`]);
  });
});
