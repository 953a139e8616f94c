import { expect } from "chai";
import { createLambda } from "../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../rehearsal/cloud/logs";
import { createSqs } from "../../../rehearsal/cloud/sqs";
import { createTestCloud, type TestCloud } from "../support";
import { declareFunction } from "./lambda/support";

// A client of the SDK with all its attempts, in a process whose clock shows the account's time.
const FUNCTION = `
  const { DeleteMessageCommand, SQSClient } = require("@aws-sdk/client-sqs");
  exports.handler = async (QueueUrl) => {
    const client = new SQSClient();
    let date;
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        date = result.response.headers.date;
        return result;
      },
      { step: "deserialize", priority: "low" },
    );
    const error = await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: "x" })).catch((it) => it);
    return { error: error.name, date };
  };`;

describe("The endpoint", () => {
  let cloud: TestCloud;
  beforeEach(async () => {
    cloud = await createTestCloud([createLambda, createLogs, createSqs]);
  });
  afterEach(() => cloud.close());

  it("answers with the account's time, so that the SDK does not retry what AWS rejects", async () => {
    const { outputs } = await cloud.declare("aws:sqs/queue:Queue", "pushes");
    const statement = { Effect: "Allow", Action: "sqs:DeleteMessage", Resource: "*" };
    const { invoke } = await declareFunction(cloud, "worker", FUNCTION, { timeout: 30 }, [statement]);
    expect((await invoke(outputs.url)).value).to.deep.equal({
      error: "ReceiptHandleIsInvalid",
      date: "Mon, 05 Jan 2026 09:00:00 GMT",
    });
    expect(cloud.trail.filter((it) => it.service === "sqs").map((it) => it.operation)).to.deep.equal(["DeleteMessage"]);
  });
});
