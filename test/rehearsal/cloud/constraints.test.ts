import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { CloudWatchLogsClient, PutLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient, GetItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { ECRClient, PutImageCommand } from "@aws-sdk/client-ecr";
import { ECSClient, RegisterTaskDefinitionCommand, RunTaskCommand } from "@aws-sdk/client-ecs";
import { EventBridgeClient, PutRuleCommand } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { modelOf } from "../../../rehearsal/cloud/constraints";
import { compile, javaPattern, type Shape } from "../../../rehearsal/cloud/constraints/shape";
import { awsError, operation, type Service } from "../../../rehearsal/cloud/service";
import { services } from "../../../rehearsal/cloud/services";
import { createTestCloud, type TestCloud } from "../support";

const NAMES = [
  "codepipeline",
  "dynamodb",
  "ecr",
  "ecs",
  "events",
  "lambda",
  "logs",
  "secretsmanager",
  "sns",
  "sqs",
] as const;

/** Operations that only the account's own services and operators call, which AWS's constraints were not taken for. */
const WITHOUT_MODEL = [
  "ec2:AssignPrivateIpAddresses",
  "ec2:RunInstances",
  "ec2:TerminateInstances",
  "ec2:UnassignPrivateIpAddresses",
  "ecr:CreateRepository",
  "ecr:PutImageTagMutability",
  "logs:DescribeLogGroups",
  "s3:HeadBucket",
];

/** Services that answer everything with an empty success: a rejection can only come from the endpoint. */
const lenient = (name: string, of: Service) => (): Service => ({
  name,
  resources: {},
  protocol: of.protocol,
  operations: Object.fromEntries(
    Object.keys(of.operations).map((it) => [it, operation({ permissions: () => [], perform: () => ({}) })]),
  ),
});

describe("Requests that AWS's models reject", () => {
  let cloud: TestCloud;
  let options: Awaited<ReturnType<TestCloud["clientOptions"]>>;
  const simulated = new Map<string, Service>();

  before(async () => {
    const whole = await createTestCloud([
      ...services.map((create) => (account: Parameters<typeof create>[0]) => {
        const service = create(account);
        simulated.set(service.name, service);
        return service;
      }),
    ]);
    await whole.close();
    cloud = await createTestCloud(NAMES.map((name) => lenient(name, simulated.get(name) as Service)));
    options = await cloud.clientOptions("lambda.amazonaws.com", await cloud.role("caller", "lambda.amazonaws.com", []));
  });
  after(() => cloud.close());

  const dynamoDb = () => new DynamoDBClient(options);
  const rejections: [string, () => Promise<unknown>, string, string][] = [
    [
      "a value that is too short",
      () =>
        new CloudWatchLogsClient(options).send(
          new PutLogEventsCommand({ logGroupName: "g", logStreamName: "s", logEvents: [] }),
        ),
      "InvalidParameterException",
      "1 validation error detected: Value '[]' at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      "a value in a list, by its place",
      () =>
        new CloudWatchLogsClient(options).send(
          new PutLogEventsCommand({
            logGroupName: "g",
            logStreamName: "s",
            logEvents: [
              { timestamp: 1, message: "a" },
              { timestamp: -1, message: "b" },
            ],
          }),
        ),
      "InvalidParameterException",
      "1 validation error detected: Value '-1' at 'logEvents.2.member.timestamp' failed to satisfy constraint: Member must have value greater than or equal to 0",
    ],
    [
      "a fraction for an integer",
      () => dynamoDb().send(new QueryCommand({ TableName: "t", Limit: 1.5 })),
      "SerializationException",
      "DECIMAL_VALUE can not be converted to an Integer (limit)",
    ],
    [
      "another type",
      () => dynamoDb().send(new GetItemCommand({ TableName: 5 as never, Key: {} })),
      "SerializationException",
      "NUMBER_VALUE can not be converted to a String (tableName)",
    ],
    [
      "a number out of range, and a missing member, both in one message",
      () => dynamoDb().send(new QueryCommand({ Limit: 0 } as never)),
      "ValidationException",
      "2 validation errors detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null; Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    [
      "a value outside an enumeration, in ECS's words",
      () => new ECSClient(options).send(new RunTaskCommand({ taskDefinition: "t", launchType: "CLOUD" as never })),
      "InvalidParameterException",
      "1 validation error detected: Value 'CLOUD' at 'launchType' failed to satisfy constraint: Member must satisfy enum value set: [EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES]",
    ],
    [
      "a task definition, as ClientException",
      () => new ECSClient(options).send(new RegisterTaskDefinitionCommand({ family: "f" } as never)),
      "ClientException",
      "1 validation error detected: Value null at 'containerDefinitions' failed to satisfy constraint: Member must not be null",
    ],
    [
      "a name with a character that its pattern lacks",
      () => new EventBridgeClient(options).send(new PutRuleCommand({ Name: "a b" })),
      "ValidationException",
      "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
    ],
    [
      "an image, in ECR's words",
      () =>
        new ECRClient(options).send(new PutImageCommand({ repositoryName: "app", imageManifest: "{}", imageTag: "" })),
      "InvalidParameterException",
      "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must have length greater than or equal to 1'",
    ],
    [
      "a message without a body, in SQS's words",
      () => new SQSClient(options).send(new SendMessageCommand({ QueueUrl: `${options.endpoint}/1/q` } as never)),
      "MissingParameter",
      "The request must contain the parameter MessageBody.",
    ],
    [
      "a notice without a message, in SNS's words",
      () => new SNSClient(options).send(new PublishCommand({ TopicArn: "t" } as never)),
      "ValidationError",
      "1 validation error detected: Value null at 'message' failed to satisfy constraint: Member must not be null",
    ],
    [
      "a function's name",
      () => new LambdaClient(options).send(new InvokeCommand({ FunctionName: "a b" })),
      "ValidationException",
      "1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
    ],
    [
      "a secret, without its value in the message",
      () =>
        new SecretsManagerClient(options).send(
          new PutSecretValueCommand({ SecretId: "s", SecretString: "x".repeat(65_537) }),
        ),
      "ValidationException",
      "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
    ],
    [
      "an empty name of a secret",
      () => new SecretsManagerClient(options).send(new GetSecretValueCommand({ SecretId: "" })),
      "ValidationException",
      "1 validation error detected: Value '' at 'secretId' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
  ];
  for (const [what, request, name, message] of rejections)
    it(`rejects ${what}`, async () => {
      const error = await request().then(
        () => ({ name: "none", message: "it was accepted" }),
        (it: Error) => it,
      );
      expect([error.name, error.message]).to.deep.equal([name, message]);
    });

  it("accepts members that AWS does not know, as AWS does", async () => {
    await dynamoDb().send(new GetItemCommand({ TableName: "t", Key: {} }));
    await cloud.call({ kind: "operator" }, "dynamodb", "GetItem", { TableName: "t", Key: {}, Colour: "red" });
  });

  it("rejects what another service of the account asks for, too", async () => {
    const asked = cloud.call({ kind: "aws", service: "events.amazonaws.com" }, "ecs", "RunTask", {
      overrides: { cpu: 256 },
    });
    const error = await asked.then(
      () => undefined,
      (it: Error) => it,
    );
    expect([error?.name, error?.message]).to.deep.equal([
      "SerializationException",
      "NUMBER_VALUE can not be converted to a String (overrides.cpu)",
    ]);
  });

  it("knows the constraints of every operation that is simulated", () => {
    const unknown = [...simulated.values()].flatMap(({ name, operations }) =>
      Object.keys(operations)
        .filter((it) => modelOf(name, it) === undefined)
        .map((it) => `${name}:${it}`),
    );
    expect(unknown.sort()).to.deep.equal(WITHOUT_MODEL);
  });

  it("compiles every shape, with patterns that JavaScript reads as Java does", () => {
    const folder = path.join(__dirname, "../../../rehearsal/cloud/constraints/models");
    const operations = readdirSync(folder).flatMap((file) =>
      Object.values<{ input: Shape }>(JSON.parse(readFileSync(path.join(folder, file), "utf8"))),
    );
    for (const { input } of operations) compile(input);
    expect(operations.length).to.equal(147);
    expect(javaPattern("\\p{Print}+").test("a~ ")).to.equal(true);
    expect(javaPattern("\\p{Print}+").test("é")).to.equal(false);
    expect(javaPattern("[a-z]+").test("ab\n")).to.equal(false);
  });
});

describe("Errors that AWS does not declare", () => {
  const failing = (code: string) => (): Service => ({
    name: "ecs",
    resources: {},
    operations: {
      StopTask: operation({
        permissions: () => [],
        perform: () => {
          throw awsError(code, "no");
        },
      }),
    },
  });

  async function stopTask(code: string): Promise<unknown[]> {
    const cloud = await createTestCloud([failing(code)]);
    try {
      const error = await cloud.call({ kind: "operator" }, "ecs", "StopTask", { task: "t" }).then(
        () => undefined,
        (it: Error) => it,
      );
      return [error?.name, error?.message];
    } finally {
      await cloud.close();
    }
  }

  it("are faults of the rehearsal, and name the operation", async () => {
    expect(await stopTask("TaskNotFoundException")).to.deep.equal([
      "RehearsalFault",
      "ecs:StopTask answered TaskNotFoundException, which AWS does not declare for it: correct rehearsal/cloud. It said: no",
    ]);
  });

  for (const code of ["ClusterNotFoundException", "ThrottlingException", "NotSimulated"])
    it(`do not include ${code}`, async () => {
      expect(await stopTask(code)).to.deep.equal([code, "no"]);
    });
});
