import { ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { attributesDigest } from "../../../../rehearsal/cloud/sqs/messageAttributes";
import { refusal } from "../../../refusal";
import { createQueueCloud, type QueueCloud } from "./support";

const reason = { DataType: "String", StringValue: "the commit is gone" };

describe("SQS: attributes of a message", () => {
  let account: QueueCloud;
  let QueueUrl: string;

  beforeEach(async () => {
    account = await createQueueCloud();
    ({ QueueUrl } = await account.declareQueue("dead", {}));
  });
  afterEach(() => account.close());

  const send = (MessageAttributes: SendMessageCommand["input"]["MessageAttributes"]) =>
    account.client.send(new SendMessageCommand({ QueueUrl, MessageBody: "1", MessageAttributes }));
  const receive = async (MessageAttributeNames: string[]) => {
    const { Messages = [] } = await account.client.send(
      new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames, VisibilityTimeout: 0 }),
    );
    return Messages[0]?.MessageAttributes;
  };

  it("go with it, to who asks for them", async () => {
    const { MD5OfMessageAttributes } = await send({ reason });
    expect(MD5OfMessageAttributes).to.equal(attributesDigest({ reason }));
    expect(await receive([])).to.equal(undefined);
    expect(await receive(["other"])).to.equal(undefined);
    expect(await receive(["reason"])).to.deep.equal({ reason });
    expect(await receive(["All"])).to.deep.equal({ reason });
  });

  it("have the digest that SQS gives them, in any order", () => {
    expect(attributesDigest({})).to.equal(undefined);
    // What SQS answers, as moto's tests have it: https://github.com/getmoto/moto/blob/master/tests/test_sqs/test_sqs.py
    const timestamp = { DataType: "Number", StringValue: "1493147359900" };
    expect(attributesDigest({ timestamp })).to.equal("235c5c510d26fb653d073faed50ae77c");
    expect(attributesDigest({ b: reason, a: timestamp })).to.equal(attributesDigest({ a: timestamp, b: reason }));
  });

  it("are refused where they are empty, or of a type that is not simulated", async () => {
    const empty = await refusal(send({ reason: { DataType: "String", StringValue: "" } }));
    expect(empty.message).to.equal(
      "Message (user) attribute 'reason' must contain a non-empty value of type 'String'.",
    );
    const number = await refusal(send({ receives: { DataType: "Number", StringValue: "3" } }));
    expect(number.message).to.equal("sqs:SendMessage: attribute receives is a Number: only String is simulated.");
  });
});
