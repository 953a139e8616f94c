import {
  type ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { expect } from "chai";
import { namedRefusal, refusal } from "../../../refusal";
import { ARN, createTableCloud, held, LOCK, type TableCloud, TableName } from "./support";

describe("DynamoDB", () => {
  let account: TableCloud;
  beforeEach(async () => {
    account = await createTableCloud();
  });
  afterEach(() => account.close());

  it("keeps items, by the table's name and by its ARN", async () => {
    await account.declareTable();
    const Item = { id: { S: "1" }, state: { S: "running" }, bytes: { B: Buffer.from([0, 255]) }, tags: { SS: ["a"] } };
    await account.client.send(new PutItemCommand({ TableName: ARN, Item }));
    const found = await account.item("1");
    expect({ ...found, bytes: [...(found?.bytes?.B ?? [])] }).to.deep.equal({ ...Item, bytes: [0, 255] });
    const { Attributes } = await account.client.send(
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
    await account.client.send(new DeleteItemCommand({ TableName, Key: { id: { S: "1" } } }));
    expect(await account.item("1")).to.equal(undefined);
  });

  it("gives a lock to one of two who want it at once, and to another when its time is over", async () => {
    await account.declareTable();
    const attempts = await Promise.allSettled([account.lock("a", 2000), account.lock("b", 2000)]);
    expect(attempts.map((it) => it.status).sort()).to.deep.equal(["fulfilled", "rejected"]);
    const holder = attempts[0]?.status === "fulfilled" ? "a" : "b";
    expect((await account.item(LOCK))?.owner).to.deep.equal({ S: holder });
    await account.lock("c", 9000, { ExpressionAttributeValues: { ":now": { N: "2001" } } });
    expect((await account.item(LOCK))?.owner).to.deep.equal({ S: "c" });
  });

  const failures: [what: string, attempt: () => Promise<unknown>, Item: object | undefined][] = [
    ["a put", () => account.lock("b", 3000, { ReturnValuesOnConditionCheckFailure: "ALL_OLD" }), held],
    ["a put that does not ask for it", () => account.lock("b", 3000), undefined],
    [
      "a deletion",
      () =>
        account.client.send(
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
        account.client.send(
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
      await account.declareTable();
      await account.lock("a", 2000);
      const error = (await refusal(attempt())) as ConditionalCheckFailedException;
      expect([error.name, error.message, error.$metadata.httpStatusCode]).to.deep.equal([
        "ConditionalCheckFailedException",
        "The conditional request failed",
        400,
      ]);
      expect(error.Item).to.deep.equal(Item);
      expect(await account.item(LOCK)).to.deep.equal(held);
    });

  it("leaves what is over by its time to live, as AWS may for days", async () => {
    await account.declareTable();
    const expires = { N: String(account.cloud.clock.now() / 1000 + 60) };
    await account.client.send(new PutItemCommand({ TableName, Item: { id: { S: "1" }, expires } }));
    await account.cloud.clock.turn(24 * 60 * 60_000);
    expect(await account.item("1")).to.deep.equal({ id: { S: "1" }, expires });
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
      await account.declareTable({
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
        await account.client.send(
          new PutItemCommand({ TableName, Item: { id: { S: id }, at: { N: at }, state: { S: state } } }),
        );
      const query = (more: object) => account.client.send(new QueryCommand({ TableName, ...more }));
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
      () => account.client.send(new PutItemCommand({ TableName, Item: { name: { S: "1" } } })),
      "ValidationException: One or more parameter values were invalid: Missing the key id in the item",
    ],
    [
      "a reserved word in an expression",
      () =>
        account.client.send(
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
      await account.declareTable();
      expect(await namedRefusal(attempt())).to.satisfy((it: string) => it.startsWith(message));
    });

  it("answers for a table that is not there as DynamoDB does", async () => {
    const command = new GetItemCommand({ TableName, Key: { id: { S: "1" } } });
    expect(await namedRefusal(account.client.send(command))).to.equal(
      "ResourceNotFoundException: Requested resource not found",
    );
  });
});
