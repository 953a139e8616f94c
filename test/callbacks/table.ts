import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";

export const TABLE = "deployments";

/** A DynamoDB with the table of locks and records. */
export interface Table {
  /** `http://127.0.0.1:port` */
  url: string;
  dynamo: DynamoDBClient;
  /** An item without the types of its attributes. */
  read(id: string): Promise<Record<string, string | number> | undefined>;
  write(item: Record<string, string | number>): Promise<void>;
  /** All items' ids. */
  ids(): Promise<(string | number | undefined)[]>;
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function startTable(): Promise<Table> {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: "id", secretAccessKey: "key" };
  const dynamo = new DynamoDBClient({ endpoint: url, region: "us-east-1", credentials });
  await dynamo.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    }),
  );
  const ids = async () => {
    const { Items } = await dynamo.send(new ScanCommand({ TableName: TABLE }));
    return (Items ?? []).map((item) => plain(item).id).sort();
  };
  return {
    url,
    dynamo,
    ids,
    async read(id) {
      const { Item } = await dynamo.send(new GetItemCommand({ TableName: TABLE, Key: { id: { S: id } } }));
      return Item && plain(Item);
    },
    async write(item) {
      const Item = Object.fromEntries(
        Object.entries(item).map(([name, value]) => [
          name,
          typeof value === "number" ? { N: String(value) } : { S: value },
        ]),
      );
      await dynamo.send(new PutItemCommand({ TableName: TABLE, Item }));
    },
    async clear() {
      for (const id of await ids()) {
        await dynamo.send(new DeleteItemCommand({ TableName: TABLE, Key: { id: { S: String(id) } } }));
      }
    },
    async close() {
      dynamo.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function plain(item: Record<string, AttributeValue>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(item).map(([name, { S, N }]) => [name, N === undefined ? String(S) : Number(N)]),
  );
}
