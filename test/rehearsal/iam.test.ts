import { createHash } from "node:crypto";
import { DeleteMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { type Cloud, operation, type Service } from "../../rehearsal/cloud/service";
import { createTestCloud, type TestCloud } from "./support";

const QUEUE = "arn:aws:sqs:us-east-1:123456789012:pushes.fifo";
const OTHER = "arn:aws:sqs:us-east-1:123456789012:others.fifo";
const QueueUrl = "https://sqs.us-east-1.amazonaws.com/123456789012/pushes.fifo";

/** A service whose only operation needs one permission; what it answers shows that it was reached. */
const queues = (_cloud: Cloud): Service => ({
  name: "sqs",
  resources: {},
  operations: {
    SendMessage: operation({
      permissions: () => [{ action: "sqs:SendMessage", resource: QUEUE }],
      // The SDK compares the digest of the body that it sent.
      perform: ({ MessageBody }: { MessageBody: string }) => ({
        MessageId: "m-1",
        MD5OfMessageBody: createHash("md5").update(MessageBody).digest("hex"),
      }),
    }),
  },
});

describe("IAM decides every call", () => {
  let cloud: TestCloud;
  beforeEach(async () => {
    cloud = await createTestCloud([queues]);
  });
  afterEach(() => cloud.close());

  async function send(statements: object[]): Promise<string | undefined> {
    const role = await cloud.role("webhook", "lambda.amazonaws.com", statements);
    const client = new SQSClient(await cloud.clientOptions("lambda.amazonaws.com", role));
    const { MessageId } = await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "{}" }));
    return MessageId;
  }

  const refusal = (attempt: Promise<unknown>): Promise<Error> =>
    attempt.then(
      () => new Error("it was allowed"),
      (error: Error) => error,
    );

  it("lets through what the role's policy allows", async () => {
    expect(await send([{ Effect: "Allow", Action: ["sqs:SendMessage"], Resource: QUEUE }])).to.equal("m-1");
  });

  const denials: { name: string; statements: object[]; nearest: string }[] = [
    { name: "no statement at all", statements: [], nearest: "Its policies name nothing of sqs." },
    {
      name: "another action of the service",
      statements: [{ Effect: "Allow", Action: ["sqs:ReceiveMessage"], Resource: QUEUE }],
      nearest: "Of sqs, its policies name only sqs:ReceiveMessage.",
    },
    {
      name: "the action on another resource",
      statements: [{ Effect: "Allow", Action: ["sqs:SendMessage"], Resource: OTHER }],
      nearest: `The nearest statement allows it on ${OTHER}.`,
    },
  ];
  for (const { name, statements, nearest } of denials)
    it(`denies, naming role, action, resource and the nearest statement: ${name}`, async () => {
      const error = await refusal(send(statements));
      expect([error.name, error.message]).to.deep.equal([
        "AccessDeniedException",
        "User: arn:aws:sts::123456789012:assumed-role/webhook/rehearsal is not authorized to perform: " +
          `sqs:SendMessage on resource: ${QUEUE}. ${nearest}`,
      ]);
    });

  it("denies explicitly what a statement denies", async () => {
    const allow = { Effect: "Allow", Action: ["sqs:SendMessage"], Resource: QUEUE };
    const error = await refusal(send([allow, { ...allow, Effect: "Deny" }]));
    expect(error.message).to.contain(`sqs:SendMessage on resource: ${QUEUE} with an explicit deny.`);
  });

  it("refuses a service that the role's trust policy does not name", async () => {
    const role = await cloud.role("webhook", "lambda.amazonaws.com", []);
    const error = await refusal(cloud.assumeRole("codebuild.amazonaws.com", role));
    expect(error.message).to.contain(`codebuild.amazonaws.com is unable to assume the role ${role}`);
  });

  it("names an operation that is not simulated, and does not let it pass for AWS", async () => {
    const role = await cloud.role("webhook", "lambda.amazonaws.com", []);
    const client = new SQSClient(await cloud.clientOptions("lambda.amazonaws.com", role));
    const error = await refusal(client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: "r" })));
    expect([error.name, error.message]).to.deep.equal([
      "NotSimulated",
      "sqs:DeleteMessage is not simulated: add it in rehearsal/cloud.",
    ]);
  });

  it("names a resource type that is not simulated", async () => {
    const error = await refusal(cloud.declare("aws:kinesis/stream:Stream", "events"));
    expect(error.message).to.equal(
      "The resource type aws:kinesis/stream:Stream is not simulated: no service of the rehearsal knows it.",
    );
  });

  it("tells which grant a call needed, and which none did", async () => {
    await send([{ Effect: "Allow", Action: ["sqs:SendMessage", "sqs:ReceiveMessage"], Resource: [QUEUE, OTHER] }]);
    const needed = await Promise.all(
      cloud.iam.grants().map(async (it) => [it.action, it.resource, (await cloud.iam.neededBy(it)) !== undefined]),
    );
    expect(needed).to.deep.equal([
      ["sqs:SendMessage", QUEUE, true],
      ["sqs:SendMessage", OTHER, false],
      ["sqs:ReceiveMessage", QUEUE, false],
      ["sqs:ReceiveMessage", OTHER, false],
    ]);
  });
});
