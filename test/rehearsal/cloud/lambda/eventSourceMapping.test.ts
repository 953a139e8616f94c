import type { GetQueueAttributesResult, SendMessageResult } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { failedItems } from "../../../../rehearsal/cloud/lambda/eventSourceMapping";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createSqs } from "../../../../rehearsal/cloud/sqs";
import { refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { declareFunction, isKind, linesOf } from "./support";

const ACTIONS = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
const OPERATOR = { kind: "operator" } as const;

describe("An event source mapping", () => {
  let cloud: TestCloud;
  beforeEach(async () => {
    cloud = await createTestCloud([createLambda, createLogs, createSqs]);
  });
  afterEach(() => cloud.close());

  async function declare(
    text: string,
    mapping: Record<string, unknown> = {},
    { actions = ACTIONS, timeout = 30 } = {},
  ) {
    const dead = await cloud.declare("aws:sqs/queue:Queue", "dead", { fifoQueue: true });
    const { outputs } = await cloud.declare("aws:sqs/queue:Queue", "pushes", {
      fifoQueue: true,
      contentBasedDeduplication: true,
      redrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.outputs.arn, maxReceiveCount: 2 }),
    });
    const statement = { Effect: "Allow", Action: actions, Resource: outputs.arn };
    const { arn } = await declareFunction(cloud, "fetch", text, { timeout }, [statement]);
    await cloud.declare("aws:lambda/eventSourceMapping:EventSourceMapping", "fetch", {
      eventSourceArn: outputs.arn,
      functionName: arn,
      batchSize: 1,
      ...mapping,
    });
    const QueueUrl = outputs.url;
    return {
      queueArn: outputs.arn,
      send: async (MessageBody: string, MessageGroupId = "a") =>
        (
          await cloud.call<object, SendMessageResult>(OPERATOR, "sqs", "SendMessage", {
            QueueUrl,
            MessageBody,
            MessageGroupId,
          })
        ).MessageId,
      async left() {
        const { Attributes } = await cloud.call<object, GetQueueAttributesResult>(
          OPERATOR,
          "sqs",
          "GetQueueAttributes",
          {
            QueueUrl,
            AttributeNames: ["All"],
          },
        );
        return [Attributes?.ApproximateNumberOfMessages, Attributes?.ApproximateNumberOfMessagesNotVisible];
      },
    };
  }
  /** The bodies that the function logged, in order. */
  const logged = () => linesOf(cloud, "/aws/lambda/fetch").filter((it) => !/^(START|REPORT|20\d\d-)/.test(it));
  const said = (line: string) =>
    cloud.until((event): event is typeof event => event.kind === "log" && event.line === line);
  const deleted = () =>
    cloud.trail.filter((it) => it.operation === "DeleteMessage" && it.outcome === "succeeded").length;
  async function settled(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise(setImmediate);
  }

  it("hands the function SQS's event, and deletes what it did", async () => {
    const { send, left, queueArn } = await declare(
      "exports.handler = async (event) => process.stdout.write(JSON.stringify(event))",
    );
    await cloud.start();
    const invoked = cloud.until(isKind("function-invoked"));
    const messageId = await send("push");
    await invoked;
    const { Records } = JSON.parse(logged()[0] ?? "");
    const [{ receiptHandle, attributes, ...record }] = Records;
    expect(record).to.deep.equal({
      messageId,
      body: "push",
      messageAttributes: {},
      md5OfBody: "21a361d96e3e13f5f109748c2a9d2434",
      eventSource: "aws:sqs",
      eventSourceARN: queueArn,
      awsRegion: "us-east-1",
    });
    expect(Object.keys(attributes).sort()).to.deep.equal([
      "ApproximateFirstReceiveTimestamp",
      "ApproximateReceiveCount",
      "MessageDeduplicationId",
      "MessageGroupId",
      "SenderId",
      "SentTimestamp",
      "SequenceNumber",
    ]);
    expect(attributes.ApproximateReceiveCount).to.equal("1");
    expect(receiptHandle).to.be.a("string");
    await settled(() => deleted() === 1);
    expect(await left()).to.deep.equal(["0", "0"]);
  });

  it("runs the messages of a group one after the other, and groups side by side", async () => {
    // The first message of group a ends when that of group b has begun, in another process of the same folder.
    const { send } = await declare(
      `const { existsSync, writeFileSync } = require("node:fs");
       exports.handler = async ({ Records: [{ body }] }) => {
         process.stdout.write("begin " + body + "\\n");
         if (body === "b1") writeFileSync("b1", "");
         while (!existsSync("b1")) await new Promise((resolve) => setTimeout(resolve, 5));
         process.stdout.write("end " + body + "\\n");
       }`,
    );
    await cloud.start();
    // Either group may end last.
    const [first, ...last] = [said("begin a1"), said("end a2"), said("end b1")];
    await send("a1", "a");
    await send("a2", "a");
    await first;
    await send("b1", "b");
    await Promise.all(last);
    expect(logged().filter((it) => / a\d$/.test(it))).to.deep.equal(["begin a1", "end a1", "begin a2", "end a2"]);
    expect(logged().filter((it) => / b\d$/.test(it))).to.deep.equal(["begin b1", "end b1"]);
  });

  it("lets a message of a failed batch come back after its visibility timeout, and then to the dead-letter queue", async () => {
    const { send, left } = await declare("exports.handler = async () => { throw new Error('no archive') }");
    await cloud.start();
    const invoked = cloud.until(isKind("function-invoked"));
    const messageId = await send("push");
    await invoked;
    expect(await left()).to.deep.equal(["0", "1"]);
    const again = cloud.until(isKind("function-invoked"));
    await cloud.clock.turn(30_000);
    await again;
    const dead = cloud.until(isKind("message-dead"));
    await cloud.clock.turn(30_000);
    expect((await dead).messageId).to.equal(messageId);
    expect(await left()).to.deep.equal(["0", "0"]);
    expect(cloud.events.filter(isKind("function-invoked")).map((it) => it.error)).to.deep.equal([
      "Error: no archive",
      "Error: no archive",
    ]);
  });

  it("keeps of a batch what the function reports as failed", async () => {
    const { send, left } = await declare(
      `exports.handler = async ({ Records }) => ({
         batchItemFailures: Records.slice(1).map(({ messageId }) => ({ itemIdentifier: messageId })),
       })`,
      { batchSize: 10, functionResponseTypes: ["ReportBatchItemFailures"] },
    );
    for (const body of ["1", "2", "3"]) await send(body);
    const invoked = cloud.until(isKind("function-invoked"));
    await cloud.start();
    await invoked;
    await settled(() => deleted() === 1);
    expect(await left()).to.deep.equal(["0", "2"]);
  });

  it("leaves a failed message the visibility that the function gave it, in a standard queue", async () => {
    const { outputs } = await cloud.declare("aws:sqs/queue:Queue", "deployments", { visibilityTimeoutSeconds: 60 });
    const { arn, url: QueueUrl } = outputs;
    const statement = { Effect: "Allow", Action: [...ACTIONS, "sqs:ChangeMessageVisibility"], Resource: arn };
    const deploy = await declareFunction(
      cloud,
      "deploy",
      `const { ChangeMessageVisibilityCommand, SQSClient } = require("@aws-sdk/client-sqs");
       const client = new SQSClient({});
       exports.handler = async ({ Records }) => {
         const batchItemFailures = [];
         for (const { messageId, receiptHandle, body, attributes } of Records) {
           process.stdout.write(body + " " + attributes.ApproximateReceiveCount + "\\n");
           if (attributes.ApproximateReceiveCount === "3") continue;
           await client.send(new ChangeMessageVisibilityCommand({
             QueueUrl: process.env.QUEUE_URL, ReceiptHandle: receiptHandle, VisibilityTimeout: 15,
           }));
           batchItemFailures.push({ itemIdentifier: messageId });
         }
         return { batchItemFailures };
       };`,
      { timeout: 60, environment: { variables: { QUEUE_URL: QueueUrl } } },
      [statement],
    );
    await cloud.declare("aws:lambda/eventSourceMapping:EventSourceMapping", "deploy", {
      eventSourceArn: arn,
      functionName: deploy.arn,
      batchSize: 1,
      functionResponseTypes: ["ReportBatchItemFailures"],
    });
    await cloud.start();
    const invocations = () => cloud.events.filter(isKind("function-invoked")).map((it) => it.outcome);
    let invoked = cloud.until(isKind("function-invoked"));
    await cloud.call<object, object>(OPERATOR, "sqs", "SendMessage", { QueueUrl, MessageBody: "deploy" });
    for (const count of [1, 2]) {
      await invoked;
      invoked = cloud.until(isKind("function-invoked"));
      await cloud.clock.turn(14_999);
      expect(invocations().length).to.equal(count);
      await cloud.clock.turn(1);
    }
    await invoked;
    await settled(() => deleted() === 1);
    expect(invocations()).to.deep.equal(["succeeded", "succeeded", "succeeded"]);
    const said = linesOf(cloud, "/aws/lambda/deploy").filter((it) => it.startsWith("deploy "));
    expect(said).to.deep.equal(["deploy 1", "deploy 2", "deploy 3"]);
  });

  for (const missing of ACTIONS)
    it(`is refused without ${missing}`, async () => {
      const error = await refusal(declare("", {}, { actions: ACTIONS.filter((it) => it !== missing) }));
      const operation = missing.replace("sqs:", "");
      expect([error.name, error.message.split(". (")[0]]).to.deep.equal([
        "InvalidParameterValueException",
        `The provided execution role does not have permissions to call ${operation} on SQS`,
      ]);
      expect(error.message).to.contain(
        `assumed-role/fetch/rehearsal is not authorized to perform: ${missing} on resource: arn:`,
      );
    });

  it("is refused where the queue shows messages again while the function may still run", async () => {
    const error = await refusal(declare("", {}, { timeout: 31 }));
    expect(error.message).to.equal("Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds");
  });
});

describe("What a batch's answer says has failed", () => {
  const IDS = ["1", "2"];
  const cases: { answer: unknown; failed: string[] }[] = [
    { answer: null, failed: [] },
    { answer: {}, failed: [] },
    { answer: "done", failed: [] },
    { answer: { batchItemFailures: null }, failed: [] },
    { answer: { batchItemFailures: [] }, failed: [] },
    { answer: { batchItemFailures: [{ itemIdentifier: "2" }] }, failed: ["2"] },
    { answer: { batchItemFailures: [{ itemIdentifier: "" }] }, failed: IDS },
    { answer: { batchItemFailures: [{ itemIdentifier: null }] }, failed: IDS },
    { answer: { batchItemFailures: [{ messageId: "1" }] }, failed: IDS },
    { answer: { batchItemFailures: [{ itemIdentifier: "1" }, { itemIdentifier: "3" }] }, failed: IDS },
    { answer: { batchItemFailures: "2" }, failed: IDS },
  ];
  for (const { answer, failed } of cases)
    it(JSON.stringify(answer), () => {
      expect(failedItems(JSON.stringify(answer), IDS)).to.deep.equal(failed);
    });
});
