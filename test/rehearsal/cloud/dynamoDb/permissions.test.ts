import { GetItemCommand, PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { expect } from "chai";
import { namedRefusal, refusal } from "../../../refusal";
import { ACTIONS, ARN, createTableCloud, held, LOCK, type TableCloud, TableName } from "./support";

describe("A request to DynamoDB", () => {
  let account: TableCloud;
  beforeEach(async () => {
    account = await createTableCloud();
  });
  afterEach(() => account.close());

  it("must be allowed on the table, and on the index that is queried", async () => {
    await account.declareTable();
    const reader = await account.clientOf("reader", {
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
    await account.declareTable();
    const locks = await account.clientOf("locks", {
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
    await account.lock("a", 2000);
    expect((await get(LOCK)).Item).to.deep.equal(held);
    expect((await query(LOCK)).Items).to.deep.equal([held]);
    expect((await refusal(get("1"))).name).to.equal("AccessDeniedException");
    expect((await refusal(query("1"))).name).to.equal("AccessDeniedException");
    locks.destroy();
  });
});
