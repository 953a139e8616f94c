import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import {
  keyOf,
  moveTo,
  type PullRequestAttempt,
  type PullRequestFacts,
  type PullRequestRecord,
  type PullRequestRequest,
  type PullRequestState,
  type RecordUpdate,
  recordOf,
  STATES,
  stateChange,
  stateIn,
  stateValues,
  textsOf,
  updateOf,
} from "../../images/gitops-pr/pullRequestRecord";
import { failure, isException } from "../shared/failure";
import { DEAD, ENDED, itemOf, newRecord } from "./record";

export interface PullRequestTable {
  dynamo: DynamoDBClient;
  table: string;
}

export async function readRecord(
  { dynamo, table }: PullRequestTable,
  id: string,
): Promise<PullRequestRecord | undefined> {
  const { Item } = await dynamo.send(new GetItemCommand({ TableName: table, Key: keyOf(id), ConsistentRead: true }));
  return Item && recordOf(Item);
}

/**
 * Writes a record unless one with its id exists.
 * @returns the existing one
 */
export async function createRecord(
  table: PullRequestTable,
  record: PullRequestRecord,
): Promise<PullRequestRecord | undefined> {
  const absent = { ConditionExpression: "attribute_not_exists(#id)", ExpressionAttributeNames: { "#id": "id" } };
  // It may be deleted between the failed write and the read.
  for (let round = 0; round < 3; round += 1) {
    if (await putRecord(table, record, absent)) {
      return undefined;
    }
    const other = await readRecord(table, record.id);
    if (other !== undefined) {
      // If a write's response was lost, the SDK's retry finds the first attempt's record.
      return other.attempt === record.attempt ? undefined : other;
    }
  }
  throw failure("SystemUnavailable", `record ${record.id} was created and deleted too often: try again`);
}

/**
 * Replaces a record that has ended with a new attempt, which keeps nothing of the old one.
 * @param now milliseconds
 * @returns the new attempt; `undefined` if the record has changed since it was read
 */
export async function restartRecord(
  table: PullRequestTable,
  record: PullRequestRecord,
  attempt: string,
  now: number,
  request: PullRequestRequest = record,
): Promise<PullRequestRecord | undefined> {
  const next = newRecord(request, attempt, now);
  const written = await putRecord(table, next, {
    ConditionExpression: `#attempt = :attempt AND ${stateIn(ENDED)}`,
    ExpressionAttributeNames: { "#attempt": "attempt", "#state": "state" },
    ExpressionAttributeValues: { ":attempt": { S: record.attempt }, ...stateValues(ENDED) },
  });
  if (written) {
    return next;
  }
  return (await readRecord(table, record.id))?.attempt === attempt ? next : undefined;
}

/**
 * Moves a record to another state, if it is still the same attempt and its state allows it.
 * @param now milliseconds
 * @returns the updated record; `undefined` if it was not moved
 */
export function moveRecord(
  table: PullRequestTable,
  attempt: PullRequestAttempt,
  to: Exclude<PullRequestState, "requested">,
  facts: PullRequestFacts,
  now: number,
): Promise<PullRequestRecord | undefined> {
  return updateRecord(table, attempt, moveTo(to, facts, now));
}

/** Records that ECS rejected the attempt's task, unless another call has started it meanwhile. */
export function refuseRecord(table: PullRequestTable, attempt: PullRequestAttempt, cause: string, now: number) {
  const facts: PullRequestFacts = { cause, refused: "yes" };
  return updateRecord(table, attempt, { set: stateChange("failed", facts, now), from: ["requested"], absent: "task" });
}

/** Stores the ARN of the attempt's task, in any state. @param now milliseconds */
export function noteTask(table: PullRequestTable, attempt: PullRequestAttempt, task: string, now: number) {
  const set = textsOf({ task, updatedAt: new Date(now).toISOString() });
  return updateRecord(table, attempt, { set, from: STATES });
}

/** Stores why it is unknown whether the attempt's task was started, unless that is known by now. */
export function noteUnclear(table: PullRequestTable, attempt: PullRequestAttempt, cause: string, now: number) {
  const set = textsOf({ cause, updatedAt: new Date(now).toISOString() });
  return updateRecord(table, attempt, { set, from: ["requested"] });
}

export type Deletion = { kind: "deleted" } | { kind: "missing" } | { kind: "underWay"; record: PullRequestRecord };

/** Deletes a record that has ended or must be dead. @param now milliseconds */
export async function deleteRecord(table: PullRequestTable, id: string, now: number): Promise<Deletion> {
  const deletion = table.dynamo.send(
    new DeleteItemCommand({
      TableName: table.table,
      Key: keyOf(id),
      ConditionExpression: `${stateIn(ENDED)} OR #updatedAt < :dead`,
      ExpressionAttributeNames: { "#state": "state", "#updatedAt": "updatedAt" },
      ExpressionAttributeValues: { ...stateValues(ENDED), ":dead": { S: new Date(now - DEAD).toISOString() } },
    }),
  );
  if ((await ifMet(deletion)) !== undefined) {
    return { kind: "deleted" };
  }
  const record = await readRecord(table, id);
  return record === undefined ? { kind: "missing" } : { kind: "underWay", record };
}

/** @returns whether the condition was met */
async function putRecord(
  { dynamo, table }: PullRequestTable,
  record: PullRequestRecord,
  condition: Pick<
    PutItemCommandInput,
    "ConditionExpression" | "ExpressionAttributeNames" | "ExpressionAttributeValues"
  >,
): Promise<boolean> {
  const put = dynamo.send(new PutItemCommand({ TableName: table, Item: itemOf(record), ...condition }));
  return (await ifMet(put)) !== undefined;
}

async function updateRecord(
  { dynamo, table }: PullRequestTable,
  attempt: PullRequestAttempt,
  update: RecordUpdate,
): Promise<PullRequestRecord | undefined> {
  const updated = await ifMet(dynamo.send(new UpdateItemCommand(updateOf(table, attempt, update))));
  return updated?.Attributes && recordOf(updated.Attributes);
}

/** @returns `undefined` if the write's condition was not met */
export async function ifMet<Output>(write: Promise<Output>): Promise<Output | undefined> {
  try {
    return await write;
  } catch (error) {
    if (isException(error, "ConditionalCheckFailedException")) {
      return undefined;
    }
    throw error;
  }
}
