import { ChangeMessageVisibilityCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { refusal } from "../../../refusal";
import { bodies, createQueueCloud, type QueueCloud, SECONDS } from "./support";

describe("The visibility timeout of SQS", () => {
  let cloud: QueueCloud["cloud"];
  let client: QueueCloud["client"];
  let declareQueue: QueueCloud["declareQueue"];
  let close: QueueCloud["close"];

  beforeEach(async () => {
    ({ cloud, client, declareQueue, close } = await createQueueCloud());
  });
  afterEach(() => close());

  it("changes the visibility of what is in flight: from now on, longer or shorter", async () => {
    const queue = await declareQueue("work", { visibilityTimeoutSeconds: 300 });
    await queue.send("1");
    const [message] = await queue.receive();
    await cloud.clock.turn(10 * SECONDS);
    await queue.hide(message?.ReceiptHandle, 15);
    await cloud.clock.turn(14_999);
    expect(bodies(await queue.receive())).to.deep.equal([]);
    await cloud.clock.turn(1);
    const [again] = await queue.receive();
    expect(again?.Attributes?.ApproximateReceiveCount).to.equal("2");
    await queue.hide(again?.ReceiptHandle, 0);
    expect(bodies(await queue.receive())).to.deep.equal(["1"]);
  });

  it("hides a message for as long as its sender has it delayed, of a standard queue", async () => {
    const queue = await declareQueue("work");
    await client.send(new SendMessageCommand({ QueueUrl: queue.QueueUrl, MessageBody: "1", DelaySeconds: 60 }));
    await cloud.clock.turn(59_999);
    expect(bodies(await queue.receive())).to.deep.equal([]);
    await cloud.clock.turn(1);
    expect(bodies(await queue.receive())).to.deep.equal(["1"]);
    const fifo = await declareQueue("ordered", { fifoQueue: true, contentBasedDeduplication: true });
    const delayed = new SendMessageCommand({
      QueueUrl: fifo.QueueUrl,
      MessageBody: "1",
      MessageGroupId: "a",
      DelaySeconds: 60,
    });
    expect((await refusal(client.send(delayed))).message).to.match(/for parameter DelaySeconds is invalid/);
  });

  const gone =
    /for parameter ReceiptHandle is invalid\. Reason: Message does not exist or is not available for visibility timeout change\.$/;
  for (const fifo of [true, false])
    it(`changes no visibility by an old receipt handle of a ${fifo ? "FIFO" : "standard"} queue`, async () => {
      const queue = await declareQueue("work", { fifoQueue: fifo, contentBasedDeduplication: fifo || undefined });
      await queue.send("1", fifo ? "a" : undefined);
      const [old] = await queue.receive();
      const hide = async () => {
        if (fifo) expect((await refusal(queue.hide(old?.ReceiptHandle, 600))).message).to.match(gone);
        else await queue.hide(old?.ReceiptHandle, 600);
      };
      await cloud.clock.turn(30 * SECONDS);
      await hide();
      await queue.receive();
      await hide();
      await cloud.clock.turn(30 * SECONDS);
      expect(bodies(await queue.receive())).to.deep.equal(["1"]);
    });

  const hidings: [what: string, seconds: number | undefined, name: string, message: RegExp][] = [
    [
      "a negative time",
      -1,
      "InvalidParameterValue",
      /^Value -1 for parameter VisibilityTimeout is invalid\. Reason: Must be bet/,
    ],
    ["more than twelve hours", 43_201, "InvalidParameterValue", /^Value 43201 for parameter VisibilityTimeout is inv/],
    [
      "more than is left of twelve hours",
      43_200,
      "InvalidParameterValue",
      /^Value 43200 for parameter VisibilityTimeout is invalid\. Reason: Total VisibilityTimeout for the message is beyond the limit \[43200 seconds\]$/,
    ],
    [
      "a time that is not told",
      undefined,
      "MissingParameter",
      /^The request must contain the parameter VisibilityTimeout\.$/,
    ],
  ];
  for (const [what, VisibilityTimeout, name, message] of hidings)
    it(`does not hide a message for ${what}`, async () => {
      const queue = await declareQueue("work");
      await queue.send("1");
      const [received] = await queue.receive();
      await cloud.clock.turn(1 * SECONDS);
      const { QueueUrl } = queue;
      const command = new ChangeMessageVisibilityCommand({
        QueueUrl,
        ReceiptHandle: received?.ReceiptHandle,
        VisibilityTimeout,
      });
      const error = await refusal(client.send(command));
      expect(error.name).to.equal(name);
      expect(error.message).to.match(message);
    });

  it("changes no visibility of what is deleted, nor by what is no receipt handle", async () => {
    const queue = await declareQueue("work");
    await queue.send("1");
    const [message] = await queue.receive();
    await queue.delete(message?.ReceiptHandle);
    const error = await refusal(queue.hide(message?.ReceiptHandle, 10));
    expect(error.name).to.equal("InvalidParameterValue");
    expect(error.message).to.match(gone);
    expect((await refusal(queue.hide("nonsense", 10))).name).to.equal("ReceiptHandleIsInvalid");
  });
});
