import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import {
  keyOf,
  moveTo,
  type PullRequestAttempt,
  type PullRequestRecord,
  recordOf,
  updateOf,
} from "./pullRequestRecord.ts";

/** The result of a pull request, with its details. */
export type Outcome =
  | { state: "opened"; url: string }
  | { state: "unchanged"; reason: string }
  | { state: "failed"; cause: string };

export interface Table {
  dynamo: DynamoDBClient;
  table: string;
}

/** @throws Error if the item is not a record */
export async function readRecord({ dynamo, table }: Table, id: string): Promise<PullRequestRecord | undefined> {
  const { Item } = await dynamo.send(new GetItemCommand({ TableName: table, Key: keyOf(id), ConsistentRead: true }));
  return Item && recordOf(Item);
}

/**
 * Changes a record's state, unless another attempt owns the record or its state does not allow it.
 * @param now milliseconds
 * @returns whether this attempt has put the record into that state
 */
export async function moveRecord(
  { dynamo, table }: Table,
  { id, attempt }: PullRequestAttempt,
  { state, ...facts }: Outcome | { state: "running" },
  now: number,
): Promise<boolean> {
  try {
    await dynamo.send(new UpdateItemCommand(updateOf(table, { id, attempt }, moveTo(state, facts, now))));
    return true;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "ConditionalCheckFailedException") {
      throw error;
    }
    // If the response of a write was lost, the SDK repeats the write, whose condition then fails.
    const record = await readRecord({ dynamo, table }, id);
    return record?.attempt === attempt && record.state === state;
  }
}
