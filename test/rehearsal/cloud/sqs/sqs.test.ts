import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { refusal } from "../../../refusal";
import { bodies, createQueueCloud, type QueueCloud, SECONDS } from "./support";

describe("SQS", () => {
  let cloud: QueueCloud["cloud"];
  let client: QueueCloud["client"];
  let declareQueue: QueueCloud["declareQueue"];
  let close: QueueCloud["close"];

  beforeEach(async () => {
    ({ cloud, client, declareQueue, close } = await createQueueCloud());
  });
  afterEach(() => close());

  const declareFifo = (name: string, inputs: Record<string, unknown> = {}) =>
    declareQueue(name, { fifoQueue: true, ...inputs });

  it("names a FIFO queue as the provider does, and says how many messages there are", async () => {
    const queue = await declareFifo("pushes", { contentBasedDeduplication: true });
    expect(queue.arn).to.match(/^arn:aws:sqs:us-east-1:123456789012:pushes-[0-9a-f]{7}\.fifo$/);
    expect(queue.QueueUrl).to.equal(`${cloud.endpointUrl}/123456789012/${queue.arn.split(":").at(-1)}`);
    await queue.send("1", "a");
    await queue.send("2", "b");
    await queue.receive(1);
    expect(await queue.attributes()).to.include({
      ApproximateNumberOfMessages: "1",
      ApproximateNumberOfMessagesNotVisible: "1",
      FifoQueue: "true",
      VisibilityTimeout: "30",
    });
  });

  it("swallows a repeated deduplication id for five minutes", async () => {
    const queue = await declareFifo("pushes");
    const first = await queue.send("1", "a", "x");
    expect(await queue.send("2", "a", "x")).to.equal(first);
    await cloud.clock.turn(299 * SECONDS);
    expect(await queue.send("3", "b", "x")).to.equal(first);
    await cloud.clock.turn(1 * SECONDS);
    expect(await queue.send("4", "a", "x")).to.not.equal(first);
    expect(bodies(await queue.receive())).to.deep.equal(["1", "4"]);
  });

  it("keeps the order of a group, and hands out nothing of it while a message is in flight", async () => {
    const queue = await declareFifo("pushes", { contentBasedDeduplication: true });
    for (const [body, group] of [
      ["a1", "a"],
      ["a2", "a"],
      ["b1", "b"],
    ])
      await queue.send(body ?? "", group);
    const [a1] = await queue.receive(1);
    expect(a1?.Attributes).to.include({
      ApproximateReceiveCount: "1",
      MessageGroupId: "a",
      SequenceNumber: "00000000000000000001",
    });
    expect(bodies(await queue.receive())).to.deep.equal(["b1"]);
    expect(bodies(await queue.receive())).to.deep.equal([]);
    await queue.delete(a1?.ReceiptHandle);
    expect(bodies(await queue.receive())).to.deep.equal(["a2"]);
  });

  it("shows a message again after its visibility timeout, first in its group", async () => {
    const queue = await declareFifo("pushes", { contentBasedDeduplication: true, visibilityTimeoutSeconds: 60 });
    await queue.send("a1", "a");
    await queue.send("a2", "a");
    const [late] = await queue.receive(1);
    await cloud.clock.turn(59 * SECONDS);
    expect(bodies(await queue.receive())).to.deep.equal([]);
    await cloud.clock.turn(1 * SECONDS);
    const again = await queue.receive(1);
    expect(again.map((it) => [it.Body, it.Attributes?.ApproximateReceiveCount])).to.deep.equal([["a1", "2"]]);
    const error = await refusal(queue.delete(late?.ReceiptHandle));
    expect(error.message).to.match(
      /for parameter ReceiptHandle is invalid\. Reason: The receipt handle has expired\.$/,
    );
  });

  it("tells of a standard queue's message what it knows, and lets groups of it run side by side", async () => {
    const queue = await declareQueue("work");
    await queue.send("1", "a");
    await queue.send("2", "a");
    await queue.send("3");
    const [first] = await queue.receive(1);
    expect(bodies(await queue.receive())).to.deep.equal(["2", "3"]);
    const at = String(cloud.clock.now());
    expect(first?.Attributes).to.deep.equal({
      ApproximateReceiveCount: "1",
      SentTimestamp: at,
      ApproximateFirstReceiveTimestamp: at,
      SenderId: "arn:aws:iam::123456789012:role/worker",
      MessageGroupId: "a",
    });
    const { FifoQueue, ContentBasedDeduplication } = (await queue.attributes()) ?? {};
    expect([FifoQueue, ContentBasedDeduplication]).to.deep.equal([undefined, undefined]);
  });

  it("lets a receiver wait for a message, up to its wait time", async () => {
    const queue = await declareQueue("work");
    const asked = () => cloud.trail.filter((it) => it.operation === "ReceiveMessage").length;
    const waiting = queue.receive(10, 20);
    while (asked() < 1) await new Promise(setImmediate);
    await queue.send("1");
    expect(bodies(await waiting)).to.deep.equal(["1"]);

    const inVain = queue.receive(10, 20);
    while (asked() < 2) await new Promise(setImmediate);
    await queue.attributes();
    await cloud.clock.turn(20 * SECONDS);
    expect(await inVain).to.deep.equal([]);
  });

  it("moves a message that was received too often to the dead-letter queue, and goes on with its group", async () => {
    const dead = await declareFifo("dead");
    const queue = await declareFifo("pushes", {
      contentBasedDeduplication: true,
      redrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 }),
    });
    const id = await queue.send("a1", "a");
    await queue.send("a2", "a");
    for (let count = 1; count <= 2; count++) {
      expect(bodies(await queue.receive(1))).to.deep.equal(["a1"]);
      await cloud.clock.turn(30 * SECONDS);
    }
    expect(bodies(await queue.receive())).to.deep.equal(["a2"]);
    expect(cloud.events).to.deep.equal([{ kind: "message-dead", queue: dead.arn.split(":").at(-1), messageId: id }]);
    const [buried] = await dead.receive();
    expect([buried?.MessageId, buried?.Body, buried?.Attributes?.DeadLetterQueueSourceArn]).to.deep.equal([
      id,
      "a1",
      queue.arn,
    ]);
  });

  it("forgets what is older than the retention period", async () => {
    const queue = await declareQueue("work", { messageRetentionSeconds: 60 });
    await queue.send("1");
    await cloud.clock.turn(60 * SECONDS);
    expect(await queue.attributes()).to.include({ ApproximateNumberOfMessages: "0" });
  });

  const refusals: {
    what: string;
    group?: string;
    deduplication?: string;
    body?: string;
    fifo: boolean;
    message: RegExp;
  }[] = [
    { what: "a FIFO message without a group", fifo: true, message: /must contain the parameter MessageGroupId/ },
    {
      what: "a FIFO message without a deduplication id",
      fifo: true,
      group: "a",
      message: /^The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided/,
    },
    {
      what: "a deduplication id with a space",
      fifo: true,
      group: "a",
      deduplication: "a b",
      message: /^Value a b for parameter MessageDeduplicationId is invalid/,
    },
    {
      what: "a deduplication id on a standard queue",
      fifo: false,
      deduplication: "a",
      message: /not valid for this queue type/,
    },
    {
      what: "a message over the size limit",
      fifo: false,
      body: "x".repeat(262_145),
      message: /Message must be shorter than 262144 bytes/,
    },
  ];
  for (const { what, fifo, group, deduplication, body = "{}", message } of refusals)
    it(`refuses ${what}`, async () => {
      const queue = await declareQueue("some", { fifoQueue: fifo });
      expect((await refusal(queue.send(body, group, deduplication))).message).to.match(message);
    });

  it("refuses a dead-letter queue that is missing or of the other type", async () => {
    const standard = await declareQueue("dead");
    const redrive = (deadLetterTargetArn: string) => ({
      fifoQueue: true,
      redrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 }),
    });
    expect((await refusal(declareQueue("one", redrive(standard.arn)))).message).to.match(/must be same type of queue/);
    expect((await refusal(declareQueue("two", redrive(`${standard.arn}x`)))).message).to.match(/target does not exist/);
  });

  it("answers for a queue that does not exist as SQS does", async () => {
    const { QueueUrl, send } = await declareQueue("work");
    await send("1");
    const command = new SendMessageCommand({ QueueUrl: `${QueueUrl}x`, MessageBody: "1" });
    const error = (await refusal(client.send(command))) as Error & { Code?: string; Type?: string };
    // The code of the Query protocol, which the SDK reads from x-amzn-query-error.
    expect([error.name, error.Code, error.Type]).to.deep.equal([
      "QueueDoesNotExist",
      "AWS.SimpleQueueService.NonExistentQueue",
      "Sender",
    ]);
  });
});
