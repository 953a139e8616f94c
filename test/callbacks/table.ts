import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  type AttributeValue,
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";

export const TABLE = "deployments";
/** The table of delivered images. */
export const DELIVERED_IMAGES = "delivered-images";

/** A DynamoDB with the table of locks and records. */
export interface Table {
  /** `http://127.0.0.1:port` */
  url: string;
  dynamo: DynamoDBClient;
  /** An item without the types of its attributes. */
  read(id: string): Promise<Record<string, string | number> | undefined>;
  write(item: Record<string, string | number>): Promise<void>;
  /** The version that is recorded of a delivered image. */
  deliveredVersion(image: string): Promise<string | undefined>;
  /** The digest that is recorded as the latest of a repository. */
  latestDelivered(repository: string): Promise<string | undefined>;
  /** All items' ids. */
  ids(): Promise<(string | number | undefined)[]>;
  /** Deletes the records of delivered images. */
  clearDelivered(): Promise<void>;
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** @param definition what differs: a name, indexes and their attributes */
export async function startTable(definition: Partial<CreateTableCommandInput> = {}): Promise<Table> {
  const TableName = definition.TableName ?? TABLE;
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: "id", secretAccessKey: "key" };
  const dynamo = new DynamoDBClient({ endpoint: url, region: "us-east-1", credentials });
  await dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      ...definition,
    }),
  );
  await dynamo.send(
    new CreateTableCommand({
      TableName: DELIVERED_IMAGES,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "image", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "image", KeyType: "HASH" }],
    }),
  );
  const ids = async () => {
    const { Items } = await dynamo.send(new ScanCommand({ TableName }));
    return (Items ?? []).map((item) => plain(item).id).sort();
  };
  const delivered = async (image: string) => {
    const Key = { image: { S: image } };
    const { Item = {} } = await dynamo.send(new GetItemCommand({ TableName: DELIVERED_IMAGES, Key }));
    return Item;
  };
  const clearDelivered = async () => {
    const { Items } = await dynamo.send(new ScanCommand({ TableName: DELIVERED_IMAGES }));
    for (const { image } of Items ?? []) {
      await dynamo.send(new DeleteItemCommand({ TableName: DELIVERED_IMAGES, Key: image ? { image } : {} }));
    }
  };
  return {
    url,
    dynamo,
    ids,
    clearDelivered,
    async read(id) {
      const { Item } = await dynamo.send(new GetItemCommand({ TableName, Key: { id: { S: id } } }));
      return Item && plain(Item);
    },
    deliveredVersion: async (image) => (await delivered(image)).version?.S,
    latestDelivered: async (repository) => (await delivered(repository)).digest?.S,
    async write(item) {
      const Item = Object.fromEntries(
        Object.entries(item).map(([name, value]) => [
          name,
          typeof value === "number" ? { N: String(value) } : { S: value },
        ]),
      );
      await dynamo.send(new PutItemCommand({ TableName, Item }));
    },
    async clear() {
      for (const id of await ids()) {
        await dynamo.send(new DeleteItemCommand({ TableName, Key: { id: { S: String(id) } } }));
      }
      await clearDelivered();
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
