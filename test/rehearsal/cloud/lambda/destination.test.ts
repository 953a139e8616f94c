import { expect } from "chai";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createSns } from "../../../../rehearsal/cloud/sns";
import { createTestCloud, type TestCloud } from "../../support";
import { declareFunction, isKind } from "./support";

describe("The destination of a function's failed events", () => {
  let cloud: TestCloud;
  let destination: string;
  beforeEach(async () => {
    cloud = await createTestCloud([createLambda, createLogs, createSns]);
    const topic = await cloud.declare("aws:sns/topic:Topic", "alerts", { name: "alerts" });
    destination = String(topic.outputs.arn);
  });
  afterEach(() => cloud.close());

  /** Invokes a function that fails. @param allowed whether it may publish to the topic; @param limits of its events */
  async function fail(allowed: boolean, limits: object): Promise<void> {
    const publish = { Effect: "Allow", Action: "sns:Publish", Resource: destination };
    const text = "exports.handler = async ({ n }) => { throw new TypeError('no ' + n); }";
    await declareFunction(cloud, "notices", text, {}, allowed ? [publish] : []);
    const inputs = { functionName: "notices", destinationConfig: { onFailure: { destination } }, ...limits };
    await cloud.declare("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "notices", inputs);
    const invocation = { FunctionName: "notices", InvocationType: "Event", Payload: Buffer.from('{"n":1}') };
    await cloud.call({ kind: "operator" }, "lambda", "Invoke", invocation);
  }

  const invoked = () => cloud.until(isKind("function-invoked"));

  for (const [condition, attempts, limits] of [
    ["RetriesExhausted", 2, { maximumRetryAttempts: 1 }],
    ["EventAgeExceeded", 2, { maximumEventAgeInSeconds: 60 }],
  ] as const)
    it(`gets the event and its last error: ${condition}`, async () => {
      const notice = cloud.until(isKind("notice"));
      for (let attempt = 0; attempt < attempts; attempt++) {
        const ended = invoked();
        if (attempt === 0) await fail(true, limits);
        else await cloud.clock.turn(60_000);
        await ended;
        await new Promise(setImmediate);
      }
      const { requestContext, responsePayload, timestamp, ...record } = JSON.parse((await notice).message);
      expect(record).to.deep.equal({
        version: "1.0",
        requestPayload: { n: 1 },
        responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      });
      expect(requestContext).to.deep.include({
        functionArn: "arn:aws:lambda:us-east-1:123456789012:function:notices:$LATEST",
        condition,
        approximateInvokeCount: attempts,
      });
      expect(responsePayload).to.deep.include({ errorType: "TypeError", errorMessage: "no 1" });
      expect(Date.parse(timestamp)).to.be.closeTo(cloud.clock.now(), 1_000);
    });

  it("gets nothing if the function's role may not publish to it, and the account has the denial", async () => {
    const ended = invoked();
    await fail(false, { maximumRetryAttempts: 0 });
    await ended;
    const isDenial = () => cloud.trail.some((it) => it.operation === "Publish" && it.outcome === "denied");
    while (!isDenial()) await new Promise(setImmediate);
    expect(cloud.events.filter(isKind("notice"))).to.deep.equal([]);
  });
});
