import {
  type ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { expect } from "chai";
import { createDynamoDb } from "../../../../rehearsal/cloud/dynamoDb";
import { startEngine } from "../../../../rehearsal/cloud/dynamoDb/engine";
import { namedRefusal, refusal, refusalMessage } from "../../../refusal";
import { createTestCloud, type TestCloud } from "../../support";

const ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/deployments";
const ACTIONS = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"].map((it) => `dynamodb:${it}`);
const LOCK = "application/storefront";

describe("DynamoDB", () => {
  let cloud: TestCloud;
  let client: DynamoDBClient;

  beforeEach(async () => {
    cloud = await createTestCloud([createDynamoDb]);
    client = await clientOf("deployments", { Effect: "Allow", Action: ACTIONS, Resource: [ARN, `${ARN}/index/*`] });
  });
  afterEach(() => {
    client.destroy();
    return cloud.close();
  });

  async function clientOf(name: string, statement: object) {
    const role = await cloud.role(name, "lambda.amazonaws.com", [statement]);
    return new DynamoDBClient(await cloud.clientOptions("lambda.amazonaws.com", role));
  }
  const declareTable = (inputs: Record<string, unknown> = {}, name = "deployments") =>
    cloud.declare("aws:dynamodb/table:Table", name, {
      name,
      hashKey: "id",
      attributes: [{ name: "id", type: "S" }],
      billingMode: "PAY_PER_REQUEST",
      ttl: { attributeName: "expires", enabled: true },
      pointInTimeRecovery: { enabled: true },
      serverSideEncryption: { enabled: true },
      ...inputs,
    });
  const TableName = "deployments";
  const lock = (owner: string, until: number, more: Partial<PutItemCommandInput> = {}) =>
    client.send(
      new PutItemCommand({
        TableName,
        Item: { id: { S: LOCK }, owner: { S: owner }, until: { N: String(until) } },
        ConditionExpression: "attribute_not_exists(id) OR #until < :now",
        ExpressionAttributeNames: { "#until": "until" },
        ExpressionAttributeValues: { ":now": { N: "1000" } },
        ...more,
      }),
    );
  const item = async (id: string) =>
    (await client.send(new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true }))).Item;

  it("names a table as the provider does, and tells its ARN", async () => {
    const { id, outputs } = await declareTable({ name: undefined });
    expect(id).to.match(/^deployments-[0-9a-f]{7}$/);
    expect(outputs).to.include({ name: id, arn: `arn:aws:dynamodb:us-east-1:123456789012:table/${id}` });
  });

  it("keeps items, by the table's name and by its ARN", async () => {
    await declareTable();
    const Item = { id: { S: "1" }, state: { S: "running" }, bytes: { B: Buffer.from([0, 255]) }, tags: { SS: ["a"] } };
    await client.send(new PutItemCommand({ TableName: ARN, Item }));
    const found = await item("1");
    expect({ ...found, bytes: [...(found?.bytes?.B ?? [])] }).to.deep.equal({ ...Item, bytes: [0, 255] });
    const { Attributes } = await client.send(
      new UpdateItemCommand({
        TableName,
        Key: { id: { S: "1" } },
        UpdateExpression: "SET #state = :state REMOVE bytes",
        ExpressionAttributeNames: { "#state": "state" },
        ExpressionAttributeValues: { ":state": { S: "succeeded" } },
        ReturnValues: "ALL_NEW",
      }),
    );
    expect(Attributes).to.deep.equal({ id: { S: "1" }, state: { S: "succeeded" }, tags: { SS: ["a"] } });
    await client.send(new DeleteItemCommand({ TableName, Key: { id: { S: "1" } } }));
    expect(await item("1")).to.equal(undefined);
  });

  it("gives a lock to one of two who want it at once, and to another when its time is over", async () => {
    await declareTable();
    const attempts = await Promise.allSettled([lock("a", 2000), lock("b", 2000)]);
    expect(attempts.map((it) => it.status).sort()).to.deep.equal(["fulfilled", "rejected"]);
    const holder = attempts[0]?.status === "fulfilled" ? "a" : "b";
    expect((await item(LOCK))?.owner).to.deep.equal({ S: holder });
    await lock("c", 9000, { ExpressionAttributeValues: { ":now": { N: "2001" } } });
    expect((await item(LOCK))?.owner).to.deep.equal({ S: "c" });
  });

  const held = { id: { S: LOCK }, owner: { S: "a" }, until: { N: "2000" } };
  const failures: [what: string, attempt: () => Promise<unknown>, Item: object | undefined][] = [
    ["a put", () => lock("b", 3000, { ReturnValuesOnConditionCheckFailure: "ALL_OLD" }), held],
    ["a put that does not ask for it", () => lock("b", 3000), undefined],
    [
      "a deletion",
      () =>
        client.send(
          new DeleteItemCommand({
            TableName,
            Key: { id: { S: LOCK } },
            ConditionExpression: "#owner = :owner",
            ExpressionAttributeNames: { "#owner": "owner" },
            ExpressionAttributeValues: { ":owner": { S: "b" } },
            ReturnValuesOnConditionCheckFailure: "ALL_OLD",
          }),
        ),
      held,
    ],
    [
      "an update of what is not there",
      () =>
        client.send(
          new UpdateItemCommand({
            TableName,
            Key: { id: { S: "none" } },
            UpdateExpression: "SET a = :a",
            ConditionExpression: "attribute_exists(id)",
            ExpressionAttributeValues: { ":a": { S: "1" } },
            ReturnValuesOnConditionCheckFailure: "ALL_OLD",
          }),
        ),
      undefined,
    ],
  ];
  for (const [what, attempt, Item] of failures)
    it(`says ${Item === undefined ? "no item where" : "with which item"} the condition of ${what} failed`, async () => {
      await declareTable();
      await lock("a", 2000);
      const error = (await refusal(attempt())) as ConditionalCheckFailedException;
      expect([error.name, error.message, error.$metadata.httpStatusCode]).to.deep.equal([
        "ConditionalCheckFailedException",
        "The conditional request failed",
        400,
      ]);
      expect(error.Item).to.deep.equal(Item);
      expect(await item(LOCK)).to.deep.equal(held);
    });

  it("leaves what is over by its time to live, as AWS may for days", async () => {
    await declareTable();
    const expires = { N: String(cloud.clock.now() / 1000 + 60) };
    await client.send(new PutItemCommand({ TableName, Item: { id: { S: "1" }, expires } }));
    await cloud.clock.turn(24 * 60 * 60_000);
    expect(await item("1")).to.deep.equal({ id: { S: "1" }, expires });
  });

  const INDEX_KEYS: [form: string, keys: object][] = [
    ["by name", { hashKey: "state", rangeKey: "at" }],
    [
      "as a schema",
      {
        keySchemas: [
          { attributeName: "state", keyType: "HASH" },
          { attributeName: "at", keyType: "RANGE" },
        ],
      },
    ],
  ];
  for (const [form, keys] of INDEX_KEYS)
    it(`queries a table and its index, whose keys are given ${form}, in order and page by page`, async () => {
      await declareTable({
        rangeKey: "at",
        attributes: [
          { name: "id", type: "S" },
          { name: "at", type: "N" },
          { name: "state", type: "S" },
        ],
        globalSecondaryIndexes: [{ name: "byState", ...keys, projectionType: "ALL" }],
      });
      for (const [id, at, state] of [
        ["a", "30", "open"],
        ["a", "4", "done"],
        ["b", "5", "open"],
      ] as const)
        await client.send(
          new PutItemCommand({ TableName, Item: { id: { S: id }, at: { N: at }, state: { S: state } } }),
        );
      const query = (more: object) => client.send(new QueryCommand({ TableName, ...more }));
      const own = { KeyConditionExpression: "id = :id", ExpressionAttributeValues: { ":id": { S: "a" } } };
      const first = await query({ ...own, Limit: 1 });
      expect([first.Items?.map((it) => it.at?.N), first.LastEvaluatedKey]).to.deep.equal([
        ["4"],
        { id: { S: "a" }, at: { N: "4" } },
      ]);
      const second = await query({ ...own, ExclusiveStartKey: first.LastEvaluatedKey });
      expect([second.Items?.map((it) => it.at?.N), second.LastEvaluatedKey]).to.deep.equal([["30"], undefined]);
      const { Items } = await query({
        IndexName: "byState",
        KeyConditionExpression: "#state = :state",
        ExpressionAttributeNames: { "#state": "state" },
        ExpressionAttributeValues: { ":state": { S: "open" } },
      });
      expect(Items?.map((it) => [it.id?.S, it.at?.N])).to.deep.equal([
        ["b", "5"],
        ["a", "30"],
      ]);
    });

  const refusals: [what: string, attempt: () => Promise<unknown>, message: string][] = [
    [
      "an item without its key",
      () => client.send(new PutItemCommand({ TableName, Item: { name: { S: "1" } } })),
      "ValidationException: One or more parameter values were invalid: Missing the key id in the item",
    ],
    [
      "a reserved word in an expression",
      () =>
        client.send(
          new UpdateItemCommand({
            TableName,
            Key: { id: { S: "1" } },
            UpdateExpression: "SET state = :a",
            ExpressionAttributeValues: { ":a": { S: "1" } },
          }),
        ),
      "ValidationException: Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: state",
    ],
  ];
  for (const [what, attempt, message] of refusals)
    it(`refuses ${what} as DynamoDB does`, async () => {
      await declareTable();
      expect(await namedRefusal(attempt())).to.satisfy((it: string) => it.startsWith(message));
    });

  it("answers for a table that is not there as DynamoDB does", async () => {
    const command = new GetItemCommand({ TableName, Key: { id: { S: "1" } } });
    expect(await namedRefusal(client.send(command))).to.equal(
      "ResourceNotFoundException: Requested resource not found",
    );
  });

  const declarations: [what: string, inputs: Record<string, unknown>, message: string][] = [
    [
      "an attribute that no key uses",
      {
        attributes: [
          { name: "id", type: "S" },
          { name: "state", type: "S" },
        ],
      },
      "aws:dynamodb/table:Table deployments: all attributes must be indexed. Unused attributes: state.",
    ],
    [
      "a key that is no attribute",
      { rangeKey: "at" },
      "aws:dynamodb/table:Table deployments: all indexes must match a defined attribute. Unmatched: at.",
    ],
    [
      "a stream",
      { streamEnabled: true },
      "aws:dynamodb/table:Table deployments: streamEnabled is not simulated: leave it out, or teach rehearsal/cloud what it does.",
    ],
    [
      "a time to live of no attribute",
      { ttl: { enabled: true } },
      "TimeToLiveSpecification: AttributeName must be given to enable the time to live.",
    ],
    [
      "an index without a key",
      { globalSecondaryIndexes: [{ name: "all", projectionType: "ALL" }] },
      "aws:dynamodb/table:Table deployments: the index all has no key: give hashKey or keySchemas.",
    ],
    [
      "an index with its key given twice",
      {
        globalSecondaryIndexes: [
          {
            name: "all",
            hashKey: "id",
            keySchemas: [{ attributeName: "id", keyType: "HASH" }],
            projectionType: "ALL",
          },
        ],
      },
      "aws:dynamodb/table:Table deployments: the index all has hashKey or rangeKey beside keySchemas: give one of the two.",
    ],
    [
      "an index with nothing but a range",
      {
        globalSecondaryIndexes: [
          { name: "all", keySchemas: [{ attributeName: "id", keyType: "RANGE" }], projectionType: "ALL" },
        ],
      },
      "aws:dynamodb/table:Table deployments: the index all has no key of the type HASH.",
    ],
    [
      "an index of several hash keys",
      {
        globalSecondaryIndexes: [
          {
            name: "all",
            keySchemas: [
              { attributeName: "id", keyType: "HASH" },
              { attributeName: "id", keyType: "HASH" },
            ],
            projectionType: "ALL",
          },
        ],
      },
      "aws:dynamodb/table:Table deployments: the index all has a key of several attributes, which is not simulated.",
    ],
  ];
  for (const [what, inputs, message] of declarations)
    it(`refuses a table with ${what}`, async () => {
      expect(await refusalMessage(declareTable(inputs))).to.equal(message);
    });

  it("refuses a table's name twice", async () => {
    await declareTable();
    expect(await namedRefusal(declareTable())).to.equal("ResourceInUseException: Table already exists: deployments");
  });

  it("must be allowed on the table, and on the index that is queried", async () => {
    await declareTable();
    const reader = await clientOf("reader", {
      Effect: "Allow",
      Action: ["dynamodb:GetItem", "dynamodb:Query"],
      Resource: ARN,
    });
    const who =
      "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/reader/rehearsal is not authorized to perform:";
    const Item = { id: { S: "1" } };
    expect(await namedRefusal(reader.send(new PutItemCommand({ TableName, Item })))).to.contain(
      `${who} dynamodb:PutItem on resource: ${ARN}.`,
    );
    const query = new QueryCommand({ TableName, IndexName: "byState", KeyConditionExpression: "a = :a" });
    expect(await namedRefusal(reader.send(query))).to.contain(
      `${who} dynamodb:Query on resource: ${ARN}/index/byState.`,
    );
    reader.destroy();
  });

  it("tells IAM the partition keys of a request", async () => {
    await declareTable();
    const locks = await clientOf("locks", {
      Effect: "Allow",
      Action: ACTIONS,
      Resource: ARN,
      Condition: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": "application/*" } },
    });
    const get = (id: string) => locks.send(new GetItemCommand({ TableName, Key: { id: { S: id } } }));
    const query = (id: string) =>
      locks.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: "#id = :id",
          ExpressionAttributeNames: { "#id": "id" },
          ExpressionAttributeValues: { ":id": { S: id } },
        }),
      );
    await lock("a", 2000);
    expect((await get(LOCK)).Item).to.deep.equal(held);
    expect((await query(LOCK)).Items).to.deep.equal([held]);
    expect((await refusal(get("1"))).name).to.equal("AccessDeniedException");
    expect((await refusal(query("1"))).name).to.equal("AccessDeniedException");
    locks.destroy();
  });
});

describe("DynamoDB's engine", () => {
  const realFetch = globalThis.fetch;
  afterEach(() => {
    globalThis.fetch = realFetch;
  });

  it("lets no web page call it, though dynalite allows every origin", async () => {
    const engine = await startEngine();
    let address = "";
    globalThis.fetch = (url, init) => {
      address = String(url);
      return realFetch(url, init);
    };
    expect(await engine.request("ListTables", {})).to.deep.equal({ TableNames: [] });
    const preflight = { origin: "https://evil.example", "access-control-request-method": "POST" };
    const refused = await realFetch(address, { method: "OPTIONS", headers: preflight });
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).to.deep.equal([403, null]);
    await engine.close();
  });
});
