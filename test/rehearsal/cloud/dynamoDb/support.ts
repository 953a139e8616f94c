import { DynamoDBClient, GetItemCommand, PutItemCommand, type PutItemCommandInput } from "@aws-sdk/client-dynamodb";
import { createDynamoDb } from "../../../../rehearsal/cloud/dynamoDb";
import { createTestCloud } from "../../support";

export const TableName = "deployments";
export const ARN = `arn:aws:dynamodb:us-east-1:123456789012:table/${TableName}`;
export const ACTIONS = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"].map((it) => `dynamodb:${it}`);
export const LOCK = "application/storefront";

/** The lock, while `a` has it. */
export const held = { id: { S: LOCK }, owner: { S: "a" }, until: { N: "2000" } };

/** An account with DynamoDB, in which a table of locks can be declared, and a client that may do everything with it. */
export async function createTableCloud() {
  const cloud = await createTestCloud([createDynamoDb]);

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

  const client = await clientOf("deployments", { Effect: "Allow", Action: ACTIONS, Resource: [ARN, `${ARN}/index/*`] });
  const close = () => {
    client.destroy();
    return cloud.close();
  };
  return { cloud, client, clientOf, declareTable, lock, item, close };
}

export type TableCloud = Awaited<ReturnType<typeof createTableCloud>>;
