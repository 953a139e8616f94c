import { assert } from "chai";
import { generateDelivery } from "../../../rehearsal/faults/webhooks/generate";
import { createJudge } from "../../../rehearsal/faults/webhooks/judge";
import { FORGES } from "../../../rehearsal/faults/webhooks/proofs";
import { sweepWebhooks } from "../../../rehearsal/faults/webhooks/sweep";
import type { Target } from "../../../rehearsal/faults/webhooks/target";
import { createRandom } from "../../../rehearsal/random";
import { TEST_OPTIONS } from "../../evaluation/client";

const targets: Target[] = FORGES.map((forge) => ({
  forge,
  path: `/webhooks/${forge}`,
  secret: `secret of ${forge}`,
  repository: `acme/${forge}`,
}));

function generated(seed: number, count: number) {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => generateDelivery(targets, random));
}

describe("rehearsal: generated webhook deliveries", function () {
  this.timeout(120_000);

  it("are the same for the same seed, and others for another", () => {
    assert.deepEqual(generated(1, 50), generated(1, 50));
    assert.notDeepEqual(generated(1, 50), generated(2, 50));
  });

  it("are of all forges, genuine and not, whole and not", () => {
    const all = generated(1, 2_000);
    const genuine = all.filter((it) => it.genuine).length;
    assert.isAbove(genuine, 600);
    assert.isBelow(genuine, 1_000);
    for (const part of [
      ...FORGES,
      "truncated",
      "prototype's keys",
      "huge numbers",
      "another secret",
      "no proof",
      "nesting",
    ])
      assert.isAbove(all.filter(({ what }) => what.split(", ").includes(part)).length, 10, part);
  });

  it("are all answered, none with 5xx, and none is accepted without the secret", async () => {
    const { statuses, mistakes, mistaken, genuine, queued, messages } = await sweepWebhooks({
      count: 2_000,
      seed: 1,
      ...TEST_OPTIONS,
    });
    assert.deepEqual([mistakes, mistaken], [[], 0]);
    assert.equal(
      Object.values(statuses).reduce((sum, it) => sum + it, 0),
      2_000,
    );
    assert.equal(genuine, generated(1, 2_000).filter((it) => it.genuine).length);
    assert.isAbove(queued, 100);
    assert.isAtLeast(messages, queued);
  });
});

describe("rehearsal: what is wrong with an answer to a generated delivery", () => {
  const delivery = { ...generateDelivery(targets, createRandom(1)), what: "github, push" };
  const judged = (genuine: boolean, answer: unknown): string[] => {
    const judge = createJudge();
    judge.answered(1, { ...delivery, genuine }, answer);
    return judge.result().mistakes;
  };

  it("is that it accepts who proves nothing", () => {
    assert.deepEqual(judged(false, { statusCode: 202, body: "{}" }), [
      "delivery 1 (github, push): accepted with 202, although it proves nothing",
    ]);
    assert.deepEqual(judged(false, { statusCode: 401, body: "{}" }), []);
    assert.deepEqual(judged(true, { statusCode: 202, body: "{}" }), []);
  });

  it("is that it is an error of the server's, or none", () => {
    assert.deepEqual(judged(true, { statusCode: 503, body: "{}" }), [
      "delivery 1 (github, push): answered with 503: {}",
    ]);
    assert.deepEqual(judged(true, undefined), ["delivery 1 (github, push): answered with undefined: undefined"]);
  });

  it("is that the function throws", () => {
    const judge = createJudge();
    judge.threw(7, delivery, "no");
    assert.deepEqual(judge.result().mistakes, ["delivery 7 (github, push): the function threw no"]);
  });
});
