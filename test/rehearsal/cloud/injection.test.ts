import { expect } from "chai";
import { createEarlierAnswers, type FaultKind } from "../../../rehearsal/cloud/injection";
import { createLambda } from "../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../rehearsal/cloud/logs";
import { createSqs } from "../../../rehearsal/cloud/sqs";
import { parseFault } from "../../../rehearsal/faults/fault";
import { createFaults, type Faults } from "../../../rehearsal/faults/injector";
import { createTestCloud, type TestCloud } from "../support";
import { declareFunction, isKind, type TestFunction } from "./lambda/support";

// A client of the SDK with two attempts. It answers with the name of the error, or with nothing.
const FUNCTION = `
  const { SendMessageCommand, SQSClient } = require("@aws-sdk/client-sqs");
  exports.handler = async (QueueUrl) => {
    const client = new SQSClient({ maxAttempts: 2, useQueueUrlAsEndpoint: false });
    const error = await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "push" })).catch((it) => it);
    return error instanceof Error ? error.code ?? error.name : null;
  };`;

describe("A fault that is injected into a function's call", function () {
  this.timeout(20_000);
  let cloud: TestCloud;
  let faults: Faults;
  let sender: TestFunction;
  let queue: string;
  /** Calls that were performed, whatever became of their answers. */
  let performed = 0;

  before(async () => {
    faults = createFaults();
    faults.onPerformed(({ operation }) => {
      if (operation === "SendMessage") performed += 1;
    });
    cloud = await createTestCloud([createLambda, createLogs, createSqs], { injector: faults });
    queue = String((await cloud.declare("aws:sqs/queue:Queue", "pushes")).outputs.url);
    const statement = { Effect: "Allow", Action: "sqs:SendMessage", Resource: "*" };
    sender = await declareFunction(cloud, "sender", FUNCTION, { timeout: 30 }, [statement]);
  });
  after(() => cloud.close());

  /** What the function answers, and how its calls ended since. */
  async function sendUnder(kind: FaultKind) {
    faults.arm([parseFault(`sender:sqs:SendMessage=${kind}`)]);
    const [calls, decisions] = [cloud.trail.length, cloud.iam.decisions.length];
    const { value, error } = await sender.invoke(queue);
    const sent = cloud.trail.slice(calls).filter(({ operation }) => operation === "SendMessage");
    return {
      value,
      error,
      outcomes: sent.map(({ outcome, fault }) => `${outcome}${fault === undefined ? "" : ` ${fault}`}`),
      denied: cloud.iam.decisions.slice(decisions).filter(({ denial }) => denial !== undefined).length,
      fired: faults.unfired().length === 0,
    };
  }

  const cases: [kind: FaultKind, what: string, value: unknown, outcomes: string[]][] = [
    ["throttle", "meets every attempt", "ThrottlingException", ["failed throttle", "failed throttle"]],
    ["500", "meets every attempt", "InternalFailure", ["failed 500", "failed 500"]],
    ["denied", "is no denial of IAM's", "AccessDeniedException", ["failed denied"]],
    ["reset", "meets every attempt, and nothing is sent", "ECONNRESET", ["failed reset", "failed reset"]],
    ["answer-lost", "sends the message, and the SDK sends it again", null, ["failed answer-lost", "succeeded"]],
  ];
  for (const [kind, what, value, outcomes] of cases)
    it(`${kind} ${what}`, async () => {
      expect(await sendUnder(kind)).to.deep.equal({ value, error: undefined, outcomes, denied: 0, fired: true });
    });

  const messages = async () => {
    const { Attributes } = await cloud.call<object, { Attributes: Record<string, string> }>(
      { kind: "operator" },
      "sqs",
      "GetQueueAttributes",
      { QueueUrl: queue, AttributeNames: ["ApproximateNumberOfMessages"] },
    );
    return Number(Attributes.ApproximateNumberOfMessages);
  };

  for (const [kind, sent] of [
    ["kill-before", 0],
    ["kill-after", 1],
    ["answer-lost", 2],
    ["reset", 0],
  ] as const)
    it(`${kind} leaves ${sent} messages in the queue, and each call that put one is known`, async () => {
      performed = 0;
      const before = await messages();
      const { value } = await sendUnder(kind);
      expect(await messages()).to.equal(before + sent);
      expect(performed).to.equal(sent);
      if (kind.startsWith("kill")) expect(value).to.have.property("errorType", "Runtime.ExitError");
    });

  for (const [kind, wait] of [
    ["twice", 0],
    ["twice-late", 60_000],
  ] as const)
    it(`${kind} has the function invoked by the same event again, ${wait / 1000} seconds later`, async () => {
      faults.arm([parseFault(`sender:sqs:SendMessage=${kind}`)]);
      const mark = cloud.events.length;
      const before = await messages();
      await cloud.call({ kind: "operator" }, "lambda", "Invoke", {
        FunctionName: "sender",
        InvocationType: "Event",
        Payload: Buffer.from(JSON.stringify(queue)),
      });
      const invocations = () => cloud.events.slice(mark).filter(isKind("function-invoked")).length;
      if (invocations() === 0) await cloud.until(isKind("function-invoked"));
      if (wait > 0) {
        expect(invocations()).to.equal(1);
        await cloud.clock.turn(wait);
      }
      if (invocations() < 2) await cloud.until(isKind("function-invoked"));
      expect([invocations(), await messages()]).to.deep.equal([2, before + 2]);
    });

  it("that cannot have an effect is known to have had none: a request over HTTP is not delivered again", async () => {
    expect(await sendUnder("twice")).to.deep.include({ value: null, outcomes: ["succeeded twice"], fired: false });
  });
});

describe("What a stale read shows", () => {
  it("is the last answer to the same request that differed from the present one", () => {
    const answers = createEarlierAnswers();
    const ask = () => answers.of("events", "ListRules", { NamePrefix: "dev" });
    for (const [Rules, earlier] of [
      [["a"], undefined],
      [["a"], undefined],
      [["a", "b"], { Rules: ["a"] }],
      [["a", "b"], { Rules: ["a"] }],
      [[], { Rules: ["a", "b"] }],
    ] as const) {
      answers.note("events", "ListRules", { NamePrefix: "dev" }, { Rules });
      expect(ask()).to.deep.equal(earlier);
    }
    expect(answers.of("events", "ListRules", { NamePrefix: "prod" })).to.equal(undefined);
  });

  it("is nothing else where the read was asked to be consistent, or is always so", () => {
    const answers = createEarlierAnswers();
    for (const version of [1, 2]) {
      answers.note("dynamodb", "GetItem", { ConsistentRead: true }, { version });
      answers.note("s3", "GetObject", {}, { version });
    }
    expect(answers.of("dynamodb", "GetItem", { ConsistentRead: true })).to.equal(undefined);
    expect(answers.of("s3", "GetObject", {})).to.equal(undefined);
  });
});
