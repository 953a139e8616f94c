import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";

export const TABLE = "slipway-pull-requests";

export const CREDENTIALS = { accessKeyId: "id", secretAccessKey: "key" };

/** A DynamoDB with the table of pull requests' records. */
export interface RecordTable {
  /** `http://127.0.0.1:port` */
  url: string;
  dynamo: DynamoDBClient;
  close(): Promise<void>;
}

export async function startRecordTable(): Promise<RecordTable> {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dynamo = new DynamoDBClient({ endpoint: url, region: "us-east-1", credentials: CREDENTIALS });
  await dynamo.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    }),
  );
  return {
    url,
    dynamo,
    async close() {
      dynamo.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
