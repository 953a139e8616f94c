import { createHash } from "node:crypto";
import { DeleteMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { readPolicy } from "../../../../rehearsal/cloud/iam/policyDocument";
import { type Cloud, operation, type Service } from "../../../../rehearsal/cloud/service";
import { refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";

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

  it("refuses a service that the role's trust policy does not name", async () => {
    const role = await cloud.role("webhook", "lambda.amazonaws.com", []);
    const error = await refusal(cloud.assumeRole("codebuild.amazonaws.com", role));
    expect(error.message).to.equal(
      `codebuild.amazonaws.com is unable to assume the role ${role}: Service: codebuild.amazonaws.com is not ` +
        `authorized to perform: sts:AssumeRole on resource: ${role}. ` +
        "The role's trust policy allows it to lambda.amazonaws.com.",
    );
  });

  const trustPolicy = (Service: string) => ({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
    ],
  });
  for (const [service, sends] of [
    ["codebuild.amazonaws.com", true],
    ["codepipeline.amazonaws.com", false],
    ["ecs-tasks.amazonaws.com", true],
    ["events.amazonaws.com", true],
    ["lambda.amazonaws.com", false],
  ] as const)
    it(`${service} ${sends ? "tells" : "does not tell"} for which account it assumes a role`, async () => {
      const { outputs } = await cloud.declare("aws:iam/role:Role", "own", {
        assumeRolePolicy: JSON.stringify(trustPolicy(service)),
      });
      const outcome = await cloud.assumeRole(service, String(outputs.arn)).then(
        () => "assumed",
        (error: Error) => error.message.split("; ")[1],
      );
      expect(outcome).to.equal(sends ? "assumed" : "the request has no aws:SourceAccount.");
    });

  it("knows a service of China by its principal there alone", async () => {
    const china = await createTestCloud([queues], { region: "cn-north-1" });
    const outcomes: Record<string, string> = {};
    for (const trusted of ["ec2.amazonaws.com.cn", "ec2.amazonaws.com"])
      for (const service of ["ec2.amazonaws.com.cn", "ec2.amazonaws.com"]) {
        const role = await china.role(trusted, trusted, []);
        const outcome = await china.assumeRole(service, role).then(
          () => "assumed",
          (error: Error) => error.name,
        );
        outcomes[`${trusted} by ${service}`] = outcome;
      }
    await china.close();
    expect(outcomes).to.deep.equal({
      "ec2.amazonaws.com.cn by ec2.amazonaws.com.cn": "assumed",
      "ec2.amazonaws.com.cn by ec2.amazonaws.com": "AccessDenied",
      "ec2.amazonaws.com by ec2.amazonaws.com.cn": "AccessDenied",
      "ec2.amazonaws.com by ec2.amazonaws.com": "assumed",
    });
  });

  it("lets a role do what AWS's own policy allows, and counts it to no grant of the program", async () => {
    const role = await cloud.role("nat", "ec2.amazonaws.com", []);
    const policyArn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
    const permission = { action: "ssmmessages:OpenDataChannel", resource: "*" };
    const decide = () => cloud.iam.authorize({ kind: "role", arn: role }, permission);
    expect((await refusal(decide())).name).to.equal("AccessDeniedException");
    await cloud.declare("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "nat", { role: "nat", policyArn });
    await decide();
    expect(cloud.iam.grants()).to.deep.equal([]);
  });

  const attachments: [name: string, region: string, policyArn: string, message: string][] = [
    [
      "of another partition",
      "cn-north-1",
      "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
      "Policy arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore does not exist or is not attachable: here it is " +
        "arn:aws-cn:iam::aws:policy/AmazonSSMManagedInstanceCore.",
    ],
    [
      "of which it does not know what it allows",
      "us-east-1",
      "arn:aws:iam::aws:policy/AdministratorAccess",
      "AdministratorAccess is not simulated: add what it allows to iam/managedPolicies.ts.",
    ],
  ];
  for (const [name, region, policyArn, message] of attachments)
    it(`attaches no policy ${name}`, async () => {
      const account = await createTestCloud([queues], { region });
      await account.role("nat", "lambda.amazonaws.com", []);
      const attachment = { role: "nat", policyArn };
      const error = await refusal(
        account.declare("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "nat", attachment),
      );
      await account.close();
      expect(error.message).to.equal(message);
    });

  it("finds the role in an instance profile by its name and by its ARN", async () => {
    const role = await cloud.role("nat", "ec2.amazonaws.com", []);
    const declare = (name: string, inputs: object) =>
      cloud.declare("aws:iam/instanceProfile:InstanceProfile", name, { name, ...inputs });
    const { outputs } = await declare("nat", { role: "nat" });
    expect([cloud.roleOfProfile("nat"), cloud.roleOfProfile(String(outputs.arn))]).to.deep.equal([role, role]);
    await declare("empty", {});
    expect(() => cloud.roleOfProfile("empty")).to.throw("There is no role in it.");
    expect(() => cloud.roleOfProfile("other")).to.throw("Invalid IAM Instance Profile.");
    expect((await refusal(declare("lost", { role: "other" }))).message).to.equal("The role other cannot be found.");
  });

  const unsimulated: [string, unknown][] = [
    ["managedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]],
    ["inlinePolicies", [{ name: "all", policy: "{}" }]],
    ["permissionsBoundary", "arn:aws:iam::aws:policy/ReadOnlyAccess"],
  ];
  for (const [input, value] of unsimulated)
    it(`refuses a role with ${input}`, async () => {
      const role = { assumeRolePolicy: trustPolicy("lambda.amazonaws.com"), [input]: value };
      const error = await refusal(cloud.declare("aws:iam/role:Role", "webhook", role));
      expect(error.message).to.equal(
        `aws:iam/role:Role webhook: ${input} is not simulated: leave it out, or teach rehearsal/cloud what it does.`,
      );
    });

  for (const [type, field, longest] of [
    ["aws:iam/role:Role", "roleName", 64],
    ["aws:iam/rolePolicy:RolePolicy", "policyName", 128],
  ] as const)
    it(`refuses a ${field} of more than ${longest} characters`, async () => {
      await cloud.role("webhook", "lambda.amazonaws.com", []);
      const rest =
        field === "roleName"
          ? { assumeRolePolicy: trustPolicy("lambda.amazonaws.com") }
          : { role: "webhook", policy: { Version: "2012-10-17", Statement: [] } };
      const { id } = await cloud.declare(type, "fits", { ...rest, name: "n".repeat(longest) });
      expect(id.endsWith("n".repeat(longest))).to.equal(true);
      const name = "n".repeat(longest + 1);
      const error = await refusal(cloud.declare(type, "long", { ...rest, name }));
      expect([error.name, error.message]).to.deep.equal([
        "ValidationError",
        `1 validation error detected: Value '${name}' at '${field}' failed to satisfy constraint: ` +
          `Member must have length less than or equal to ${longest}`,
      ]);
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
