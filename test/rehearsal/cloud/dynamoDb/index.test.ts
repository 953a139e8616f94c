import { DynamoDBClient, PutItemCommand, QueryCommand, type QueryCommandInput } from "@aws-sdk/client-dynamodb";
import { expect } from "chai";
import { createDynamoDb } from "../../../../rehearsal/cloud/dynamoDb";
import { namedRefusal, refusal } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";

const TableName = "pull-requests";
const ARN = `arn:aws:dynamodb:us-east-1:123456789012:table/${TableName}`;
const QUERY = { Effect: "Allow", Action: "dynamodb:Query", Resource: `${ARN}/index/newest` };

describe("An index of DynamoDB", () => {
  let cloud: TestCloud;
  let client: DynamoDBClient;

  const requests = [
    ["1", "web", "2026-01-05T09:00:00.000Z"],
    ["2", "api", "2026-01-05T09:00:00.001Z"],
    ["3", "web", "2026-01-05T10:00:00.000Z"],
  ] as const;

  beforeEach(async () => {
    cloud = await createTestCloud([createDynamoDb]);
    client = await clientOf("writer", {
      Effect: "Allow",
      Action: ["dynamodb:PutItem", "dynamodb:Query"],
      Resource: [ARN, `${ARN}/index/*`],
    });
    await cloud.declare("aws:dynamodb/table:Table", "pull-requests", {
      name: TableName,
      hashKey: "id",
      billingMode: "PAY_PER_REQUEST",
      attributes: [
        { name: "id", type: "S" },
        { name: "list", type: "S" },
        { name: "requestedAt", type: "S" },
      ],
      globalSecondaryIndexes: [
        {
          name: "newest",
          keySchemas: [
            { attributeName: "list", keyType: "HASH" },
            { attributeName: "requestedAt", keyType: "RANGE" },
          ],
          projectionType: "ALL",
        },
      ],
    });
    for (const [id, service, requestedAt] of requests)
      await client.send(
        new PutItemCommand({
          TableName,
          Item: { id: { S: id }, list: { S: "all" }, service: { S: service }, requestedAt: { S: requestedAt } },
        }),
      );
  });

  afterEach(() => {
    client.destroy();
    return cloud.close();
  });

  async function clientOf(name: string, statement: object) {
    const role = await cloud.role(name, "lambda.amazonaws.com", [statement]);
    return new DynamoDBClient(await cloud.clientOptions("lambda.amazonaws.com", role));
  }
  const newest = (by: DynamoDBClient, more: Partial<QueryCommandInput> = {}, list = "all") =>
    by.send(
      new QueryCommand({
        TableName,
        IndexName: "newest",
        KeyConditionExpression: "#list = :list",
        ExpressionAttributeNames: { "#list": "list" },
        ExpressionAttributeValues: { ":list": { S: list } },
        ScanIndexForward: false,
        ...more,
      }),
    );
  const ids = (items: { id?: { S?: string } }[] = []) => items.map((it) => it.id?.S);

  it("is read newest first and page by page, by who may do nothing else", async () => {
    const reader = await clientOf("reader", QUERY);
    const first = await newest(reader, { Limit: 2 });
    const last = { id: { S: "2" }, list: { S: "all" }, requestedAt: { S: "2026-01-05T09:00:00.001Z" } };
    expect([ids(first.Items), first.LastEvaluatedKey]).to.deep.equal([["3", "2"], last]);
    const second = await newest(reader, { Limit: 2, ExclusiveStartKey: first.LastEvaluatedKey });
    expect([ids(second.Items), second.LastEvaluatedKey]).to.deep.equal([["1"], undefined]);
    const own = new QueryCommand({
      TableName,
      KeyConditionExpression: "id = :id",
      ExpressionAttributeValues: { ":id": { S: "1" } },
    });
    expect(await namedRefusal(reader.send(own))).to.contain(
      `is not authorized to perform: dynamodb:Query on resource: ${ARN}.`,
    );
    reader.destroy();
  });

  it("leaves pages with fewer items than asked for, where a filter takes some", async () => {
    const { Items, Count, ScannedCount, LastEvaluatedKey } = await newest(client, {
      Limit: 2,
      FilterExpression: "service = :service",
      ExpressionAttributeValues: { ":list": { S: "all" }, ":service": { S: "web" } },
    });
    expect([ids(Items), Count, ScannedCount, LastEvaluatedKey?.id]).to.deep.equal([["3"], 1, 2, { S: "2" }]);
  });

  it("tells IAM its own partition key, not the table's", async () => {
    const Condition = { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": "all" } };
    const reader = await clientOf("reader", { ...QUERY, Condition });
    expect(ids((await newest(reader)).Items)).to.deep.equal(["3", "2", "1"]);
    expect((await refusal(newest(reader, {}, "none"))).name).to.equal("AccessDeniedException");
    reader.destroy();
  });

  const refused: [what: string, more: Partial<QueryCommandInput>, message: string][] = [
    [
      "a consistent read",
      { ConsistentRead: true },
      "ValidationException: Consistent reads are not supported on global secondary indexes",
    ],
    [
      "the name of another",
      { IndexName: "oldest" },
      "ValidationException: The table does not have the specified index: oldest",
    ],
  ];
  for (const [what, more, message] of refused)
    it(`refuses ${what} as DynamoDB does`, async () => {
      expect(await namedRefusal(newest(client, more))).to.equal(message);
    });
});
