import { GetItemCommand, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { keyOf } from "../../images/gitops-pr/pullRequestRecord";
import { DEAD } from "./record";
import { ifMet, type PullRequestTable } from "./store";

/** The item with the running tasks: `running`, a map from record ids to start times in milliseconds. */
const SLOTS = keyOf("tasks");

const NAMES = { "#running": "running" };

/**
 * Reserves a slot for a record's task, unless the limit is reached. Another request for the record keeps the slot. If
 * the event of the task's end is lost, the slot expires after an hour.
 * @param limit how many tasks may be in progress
 * @param now milliseconds
 * @returns whether the record has a slot
 */
export async function takeSlot(table: PullRequestTable, id: string, limit: number, now: number): Promise<boolean> {
  // First, the item may have to be created, or lost slots released.
  for (let round = 0; round < 3; round += 1) {
    const taken = await ifMet(
      table.dynamo.send(
        new UpdateItemCommand({
          TableName: table.table,
          Key: SLOTS,
          UpdateExpression: "SET #running.#id = :now",
          ConditionExpression:
            "attribute_exists(#running) AND (size(#running) < :limit OR attribute_exists(#running.#id))",
          ExpressionAttributeNames: { ...NAMES, "#id": id },
          ExpressionAttributeValues: { ":now": { N: String(now) }, ":limit": { N: String(limit) } },
        }),
      ),
    );
    if (taken !== undefined) {
      return true;
    }
    if (!(await makeRoom(table, now))) {
      return false;
    }
  }
  return false;
}

/**
 * Releases a record's slot, unless it has been taken again.
 * @param until creation time of the ended task, in milliseconds: a later slot belongs to another attempt
 */
export async function releaseSlot({ dynamo, table }: PullRequestTable, id: string, until: number): Promise<void> {
  const release = new UpdateItemCommand({
    TableName: table,
    Key: SLOTS,
    UpdateExpression: "REMOVE #running.#id",
    ConditionExpression: "#running.#id <= :until",
    ExpressionAttributeNames: { ...NAMES, "#id": id },
    ExpressionAttributeValues: { ":until": { N: String(until) } },
  });
  await ifMet(dynamo.send(release));
}

/** @returns whether there may be a free slot now */
async function makeRoom(table: PullRequestTable, now: number): Promise<boolean> {
  const { Item } = await table.dynamo.send(
    new GetItemCommand({ TableName: table.table, Key: SLOTS, ConsistentRead: true }),
  );
  if (Item?.running?.M === undefined) {
    const empty = new PutItemCommand({
      TableName: table.table,
      Item: { ...SLOTS, running: { M: {} } },
      ConditionExpression: "attribute_not_exists(#running)",
      ExpressionAttributeNames: NAMES,
    });
    await ifMet(table.dynamo.send(empty));
    return true;
  }
  const lost = Object.entries(Item.running.M).filter(([, { N }]) => now - Number(N) >= DEAD);
  for (const [id] of lost) {
    await releaseSlot(table, id, now);
  }
  return lost.length > 0;
}
