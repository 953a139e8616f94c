import { GetItemCommand, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { keyOf } from "./item";
import { DEAD } from "./record";
import { ifMet, type PullRequestTable } from "./store";

/** The item that has the tasks under way: `running`, a map from records' ids to the time of the start in milliseconds. */
const SLOTS = keyOf("tasks");

const NAMES = { "#running": "running" };

/**
 * Counts a record's task as under way, unless the limit is reached. A second request for the same record keeps its slot. A slot that nobody gave back is free again after an hour: the event of the task's end was lost.
 * @param limit how many tasks may be under way
 * @param now milliseconds
 * @returns whether the record has a slot
 */
export async function takeSlot(table: PullRequestTable, id: string, limit: number, now: number): Promise<boolean> {
  // The item may have to be made, and lost slots to be given back, before there is room.
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
 * Gives a record's slot back, if it was not taken again meanwhile.
 * @param until when the task was made that has ended, in milliseconds: a slot that was taken later is another attempt's
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

/** @returns whether there may be room now */
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
