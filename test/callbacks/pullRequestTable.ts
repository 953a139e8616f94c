import type { GlobalSecondaryIndex } from "@aws-sdk/client-dynamodb";
import { startTable, type Table } from "./table";

export const PULL_REQUESTS = "pullRequests";

const text = (AttributeName: string) => ({ AttributeName, AttributeType: "S" as const });

const index = (IndexName: string, hashKey: string): GlobalSecondaryIndex => ({
  IndexName,
  KeySchema: [
    { AttributeName: hashKey, KeyType: "HASH" },
    { AttributeName: "requestedAt", KeyType: "RANGE" },
  ],
  Projection: { ProjectionType: "ALL" },
});

/** A DynamoDB with the table of pull requests' records and its indexes, as the platform makes them. */
export function startPullRequestTable(): Promise<Table> {
  return startTable({
    TableName: PULL_REQUESTS,
    AttributeDefinitions: ["id", "list", "service", "requestedAt"].map(text),
    GlobalSecondaryIndexes: [index("newest", "list"), index("service", "service")],
  });
}
