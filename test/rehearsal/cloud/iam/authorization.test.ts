import { DeleteMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { readPolicy } from "../../../../rehearsal/cloud/iam/policyDocument";
import { refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";
import { QUEUE, queues } from "./support";

const OTHER = "arn:aws:sqs:us-east-1:123456789012:others.fifo";
const QueueUrl = "https://sqs.us-east-1.amazonaws.com/123456789012/pushes.fifo";

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
      name: "a condition that does not hold",
      statements: [
        {
          Effect: "Allow",
          Action: ["sqs:SendMessage"],
          Resource: QUEUE,
          Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
        },
      ],
      nearest:
        `The nearest statement allows it on ${QUEUE} if StringEquals aws:SourceAccount 123456789012; ` +
        "the request has no aws:SourceAccount.",
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

  it("denies explicitly what a statement denies, and names it", async () => {
    const allow = { Effect: "Allow", Action: ["sqs:SendMessage"], Resource: QUEUE };
    const error = await refusal(send([allow, { ...allow, Effect: "Deny" }]));
    expect(error.message).to.equal(
      "User: arn:aws:sts::123456789012:assumed-role/webhook/rehearsal is not authorized to perform: " +
        `sqs:SendMessage on resource: ${QUEUE} with an explicit deny. ` +
        `The policy webhook denies it on ${QUEUE}.`,
    );
  });

  it("names the denying statement of the resource's policy", async () => {
    const arn = await cloud.role("webhook", "lambda.amazonaws.com", [
      { Effect: "Allow", Action: "sqs:SendMessage", Resource: QUEUE },
    ]);
    const deny = { Sid: "Closed", Effect: "Deny", Principal: "*", Action: "sqs:SendMessage", Resource: QUEUE };
    const policy = { Version: "2012-10-17", Statement: [{ ...deny, Sid: "Open", Effect: "Allow" }, deny] };
    const permission = { action: "sqs:SendMessage", resource: QUEUE };
    const error = await refusal(cloud.iam.authorize({ kind: "role", arn }, permission, policy));
    expect(error.message).to.equal(
      "User: arn:aws:sts::123456789012:assumed-role/webhook/rehearsal is not authorized to perform: " +
        `sqs:SendMessage on resource: ${QUEUE} with an explicit deny. ` +
        `The resource's policy denies it (Closed) to everybody on ${QUEUE}.`,
    );
  });

  const RULE = "arn:aws:events:us-east-1:123456789012:rule/nightly";
  const LET_IN = { Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Resource: QUEUE };
  const ON_BEHALF = { ArnLike: { "AWS:SourceArn": `${RULE}-other` }, StringEquals: { "aws:SourceOrgID": "o-1" } };
  const uninvited: { name: string; statements?: object[]; nearest: string }[] = [
    { name: "no policy", nearest: "The resource's policy is missing, and nothing else lets a service in." },
    {
      name: "another action",
      statements: [{ ...LET_IN, Action: "sqs:ReceiveMessage" }],
      nearest: "The resource's policy allows only sqs:ReceiveMessage.",
    },
    {
      name: "another service",
      statements: [{ ...LET_IN, Action: "sqs:SendMessage", Principal: { Service: "sns.amazonaws.com" } }],
      nearest: `The resource's policy allows it to sns.amazonaws.com on ${QUEUE}.`,
    },
    {
      name: "another source",
      statements: [
        { ...LET_IN, Action: "sqs:SendMessage", Principal: { Service: "sns.amazonaws.com" } },
        { ...LET_IN, Action: "sqs:*", Condition: ON_BEHALF },
      ],
      nearest:
        `The resource's policy allows it to events.amazonaws.com on ${QUEUE} if ArnLike AWS:SourceArn ${RULE}-other ` +
        "and StringEquals aws:SourceOrgID o-1; " +
        `the request has AWS:SourceArn ${RULE} and no aws:SourceOrgID.`,
    },
  ];
  for (const { name, statements, nearest } of uninvited)
    it(`denies a service, naming what the resource's policy allows: ${name}`, async () => {
      const principal = {
        kind: "service",
        service: "events.amazonaws.com",
        context: { "aws:SourceArn": RULE },
      } as const;
      const policy =
        statements && readPolicy({ Version: "2012-10-17", Statement: statements }, "resource", "The queue's policy");
      const permission = { action: "sqs:SendMessage", resource: QUEUE };
      expect((await refusal(cloud.iam.authorize(principal, permission, policy))).message).to.equal(
        `Service: events.amazonaws.com is not authorized to perform: sqs:SendMessage on resource: ${QUEUE}. ${nearest}`,
      );
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
