import { PublishCommand, type PublishCommandInput, SNSClient } from "@aws-sdk/client-sns";
import { expect } from "chai";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createSns, type Sns } from "../../../../rehearsal/cloud/sns";
import { refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { declareFunction, isKind, linesOf } from "../lambda/support";

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

describe("SNS", () => {
  let cloud: TestCloud;
  let sns: Sns;
  let topic: string;

  beforeEach(async () => {
    cloud = await createTestCloud([
      createLambda,
      createLogs,
      (account) => {
        sns = createSns(account);
        return sns;
      },
    ]);
    topic = String((await cloud.declare("aws:sns/topic:Topic", "notices", { name: "notices" })).outputs.arn);
  });
  afterEach(() => cloud.close());

  const subscribe = (protocol: string, endpoint: string) =>
    cloud.declare("aws:sns/topicSubscription:TopicSubscription", endpoint, { topic, protocol, endpoint });

  /** Publishes with the SDK, as a function whose role may. */
  async function publish(input: Partial<PublishCommandInput>, statements?: object[]) {
    const allowed = { Effect: "Allow", Action: "sns:Publish", Resource: "*" };
    const role = await cloud.role("publisher", "lambda.amazonaws.com", statements ?? [allowed]);
    const client = new SNSClient(await cloud.clientOptions("lambda.amazonaws.com", role));
    return client.send(new PublishCommand({ TopicArn: topic, Message: "there", ...input }));
  }

  it("mails what the SDK publishes, and tells of it", async () => {
    await subscribe("email", "platform@example.com");
    const Message = 'Build <1> & "more"\n部 +%';
    const { MessageId } = await publish({ Subject: "a+b & c%20: d", Message });
    expect(MessageId).to.match(UUID);
    expect(sns.deliveries).to.deep.equal([
      {
        topicArn: topic,
        protocol: "email",
        endpoint: "platform@example.com",
        subject: "a+b & c%20: d",
        message: Message,
      },
    ]);
    expect(cloud.events.filter(isKind("notice"))).to.deep.equal([
      { kind: "notice", topic: "notices", subject: "a+b & c%20: d", message: Message },
    ]);
  });

  it("denies in its own words what a role may not", async () => {
    const error = await refusal(publish({}, []));
    expect(error.name).to.equal("AuthorizationErrorException");
    expect(error.message).to.match(
      /^User: .*\/publisher\/rehearsal is not authorized to perform: sns:Publish on resource: arn:aws:sns:us-east-1:123456789012:notices\./,
    );
    expect(sns.deliveries).to.deep.equal([]);
  });

  it("has no other topic", async () => {
    const error = await refusal(publish({ TopicArn: `${topic}-x` }));
    expect([error.name, error.message]).to.deep.equal(["NotFoundException", `Topic does not exist: ${topic}-x`]);
  });

  const refused: [string, Partial<PublishCommandInput>, string, string][] = [
    ["an empty message", { Message: "" }, "InvalidParameterException", "Invalid parameter: Empty message"],
    [
      "a message of more than 256 KB",
      { Message: "部".repeat(87_382) },
      "InvalidParameterException",
      "Invalid parameter: Message too long",
    ],
    [
      "a subject of 100 characters",
      { Subject: "x".repeat(100) },
      "InvalidParameterException",
      "Invalid parameter: Subject",
    ],
    ["a subject of two lines", { Subject: "a\nb" }, "InvalidParameterException", "Invalid parameter: Subject"],
    ["a subject that is not ASCII", { Subject: "naïve" }, "InvalidParameterException", "Invalid parameter: Subject"],
    [
      "a subject that begins with a space",
      { Subject: " a" },
      "InvalidParameterException",
      "Invalid parameter: Subject",
    ],
    [
      "a message for each protocol",
      { MessageStructure: "json" },
      "NotSimulated",
      "sns:Publish: MessageStructure is not simulated: leave it out.",
    ],
  ];
  for (const [what, input, name, message] of refused)
    it(`refuses ${what}`, async () => {
      const error = await refusal(publish(input));
      expect([error.name, error.message]).to.deep.equal([name, message]);
      expect(sns.deliveries).to.deep.equal([]);
    });

  it("takes a subject of 99 characters, and a message of 256 KB", async () => {
    await subscribe("email", "platform@example.com");
    await publish({ Subject: `"${"x".repeat(98)}`, Message: "x".repeat(262_144) });
    expect(sns.deliveries.map((it) => [it.subject?.length, it.message.length])).to.deep.equal([[99, 262_144]]);
  });

  it("names the operation that it does not have", async () => {
    const error = await refusal(cloud.call({ kind: "operator" }, "sns", "Subscribe", {}));
    expect(error.message).to.equal("sns:Subscribe is not simulated: add it in rehearsal/cloud.");
  });

  it("refuses a protocol that it does not have", async () => {
    const error = await refusal(subscribe("sms", "+15550100"));
    expect(error.message).to.match(/: the protocol sms is not simulated: only email, email-json, lambda are\.$/);
  });

  describe("with a function", () => {
    const ECHO = "exports.handler = async (event) => { console.log(JSON.stringify(event)); }";

    const allow = (sourceArn: string) =>
      cloud.declare("aws:lambda/permission:Permission", "chat", {
        action: "lambda:InvokeFunction",
        function: "chat",
        principal: "sns.amazonaws.com",
        sourceArn,
      });

    it("invokes it with each message, as Lambda documents it", async () => {
      const { arn } = await declareFunction(cloud, "chat", ECHO);
      const subscription = await subscribe("lambda", arn);
      await allow(topic);
      await cloud.start();
      const invoked = cloud.until(isKind("function-invoked"));
      const { MessageId } = await publish({ Message: "there" });
      expect(await invoked).to.include({ function: "chat", outcome: "succeeded" });
      const line = linesOf(cloud, "/aws/lambda/chat").find((it) => it.includes("aws:sns")) ?? "";
      const [record] = JSON.parse(line.slice(line.indexOf("{"))).Records;
      const { SigningCertUrl, ...message } = record.Sns;
      expect(SigningCertUrl).to.match(
        /^https:\/\/sns\.us-east-1\.amazonaws\.com\/SimpleNotificationService-\w{32}\.pem$/,
      );
      expect({ ...record, Sns: message }).to.deep.equal({
        EventSource: "aws:sns",
        EventVersion: "1.0",
        EventSubscriptionArn: subscription.id,
        Sns: {
          Type: "Notification",
          MessageId,
          TopicArn: topic,
          Subject: null,
          Message: "there",
          Timestamp: "2026-01-05T09:00:00.000Z",
          SignatureVersion: "1",
          Signature: "",
          UnsubscribeUrl: `https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${subscription.id}`,
          MessageAttributes: {},
        },
      });
      expect(sns.deliveries).to.deep.equal([
        { topicArn: topic, protocol: "lambda", endpoint: arn, subject: undefined, message: "there" },
      ]);
    });

    it("does not start while the function lets only another topic in", async () => {
      const { arn } = await declareFunction(cloud, "chat", ECHO);
      await subscribe("lambda", arn);
      await allow(`${topic}-x`);
      const error = await refusal(cloud.start());
      expect(error.message).to.match(
        new RegExp(
          `^The topic notices cannot invoke ${arn}: Service: sns\\.amazonaws\\.com is not authorized to perform: lambda:InvokeFunction`,
        ),
      );
    });

    it("does not start without the function", async () => {
      const arn = "arn:aws:lambda:us-east-1:123456789012:function:chat";
      await subscribe("lambda", arn);
      expect((await refusal(cloud.start())).message).to.match(new RegExp(`^The topic notices cannot invoke ${arn}: `));
    });

    it("lets those who publish go on where it cannot be invoked", async () => {
      const { arn } = await declareFunction(cloud, "chat", ECHO);
      await subscribe("email", "platform@example.com");
      await subscribe("lambda", arn);
      await publish({});
      const [mail, invocation] = sns.deliveries;
      expect(mail?.error).to.equal(undefined);
      expect(invocation?.error).to.match(
        /^Service: sns\.amazonaws\.com is not authorized to perform: lambda:InvokeFunction/,
      );
    });
  });
});
