import { assert } from "chai";
import type { ScenarioContext } from "../../../rehearsal/scenarios/scenarioContext";
import { enqueued } from "../../../rehearsal/scenarios/steps/polling";
import { refusalMessage } from "../../refusal";
import { createTestCloud, type TestCloud } from "../support";

describe("rehearsal: polls that enqueued", () => {
  let account: TestCloud;
  let context: ScenarioContext;

  beforeEach(async () => {
    account = await createTestCloud([]);
    const outputs = { pipelines: { storefront: "storefront-pipeline" } };
    context = { account, stack: "cn", stacks: [{ name: "cn", outputs }] } as unknown as ScenarioContext;
    account.tell({ kind: "pipeline", pipeline: "storefront-pipeline", executionId: "1", status: "InProgress" });
  });
  afterEach(() => account.close());

  const fetched = () =>
    account.tell({ kind: "function-invoked", function: "slipway-fetch-0", outcome: "succeeded", milliseconds: 1 });

  it("sent one push once, though two overlapped and the queue dropped what the second sent", async () => {
    const entry = { at: 0, principal: "slipway-poll-role-0", service: "sqs", operation: "SendMessage" };
    account.trail.push({ ...entry, outcome: "succeeded" }, { ...entry, outcome: "succeeded" });
    fetched();
    assert.isUndefined(await enqueued(1).run(context));
  });

  it("did not if it was fetched twice", async () => {
    fetched();
    fetched();
    assert.equal(await refusalMessage(enqueued(1).run(context)), "messages that were fetched");
  });
});
