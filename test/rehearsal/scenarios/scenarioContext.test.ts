import { assert } from "chai";
import type { CloudEvent } from "../../../rehearsal/cloud/events";
import {
  createScenarioContext,
  pushEntryOf,
  type ScenarioContext,
  stackOf,
} from "../../../rehearsal/scenarios/scenarioContext";
import { pipelineOf } from "../../../rehearsal/scenarios/steps/deliveries";
import { errorLine } from "../../../rehearsal/scenarios/steps/errorLine";
import { commitOf } from "../../../rehearsal/scenarios/steps/versions";
import { createTestCloud, type TestCloud } from "../support";
import { fetchFunction, KEY, openContext, outputs, rehearsalOf, stack } from "./contextSupport";

describe("rehearsal: what a scenario finds in its account", () => {
  let account: TestCloud;
  let context: ScenarioContext;

  beforeEach(async () => {
    ({ account, context } = await openContext());
  });
  afterEach(() => context.close());

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
