import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { failure, isException } from "../shared/failure";
import { expiryOf, type Item, itemOf, keyOf, recordOf, textsOf } from "./item";
import {
  DEAD,
  ENDED,
  newRecord,
  type PullRequestAttempt,
  type PullRequestFacts,
  type PullRequestRecord,
  type PullRequestRequest,
  type PullRequestState,
  STATES,
  statesBefore,
} from "./record";

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
  { id, attempt }: PullRequestAttempt,
  to: Exclude<PullRequestState, "requested">,
  facts: PullRequestFacts,
  now: number,
): Promise<PullRequestRecord | undefined> {
  const set = changeOf(to, facts, now);
  // Earlier results are outdated, except the task.
  const remove = ["url", "reason", "cause"].filter((attribute) => !(attribute in set));
  return updateRecord(table, { id, attempt }, set, { from: statesBefore(to), remove });
}

function changeOf(state: PullRequestState, facts: PullRequestFacts, now: number): Item {
  const updatedAt = new Date(now).toISOString();
  return { ...textsOf({ ...facts, state, updatedAt }), expires: expiryOf(updatedAt) };
}

/** Records that ECS rejected the attempt's task, unless another call has started it meanwhile. */
export function refuseRecord(table: PullRequestTable, attempt: PullRequestAttempt, cause: string, now: number) {
  const facts: PullRequestFacts = { cause, refused: "yes" };
  return updateRecord(table, attempt, changeOf("failed", facts, now), {
    from: ["requested"],
    absent: "task",
  });
}

/** Stores the ARN of the attempt's task, in any state. @param now milliseconds */
export function noteTask(table: PullRequestTable, attempt: PullRequestAttempt, task: string, now: number) {
  return updateRecord(table, attempt, textsOf({ task, updatedAt: new Date(now).toISOString() }), { from: STATES });
}

/** Stores why it is unknown whether the attempt's task was started, unless that is known by now. */
export function noteUnclear(table: PullRequestTable, attempt: PullRequestAttempt, cause: string, now: number) {
  const set = textsOf({ cause, updatedAt: new Date(now).toISOString() });
  return updateRecord(table, attempt, set, { from: ["requested"] });
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
  { id, attempt }: PullRequestAttempt,
  set: Item,
  /** `from`: allowed states. `remove`: attributes to delete. `absent`: must not exist. */
  { from, remove = [], absent }: { from: readonly PullRequestState[]; remove?: string[]; absent?: string },
): Promise<PullRequestRecord | undefined> {
  const assignments = Object.keys(set).map((attribute) => `#${attribute} = :${attribute}`);
  const removal = remove.length === 0 ? "" : ` REMOVE ${remove.map((attribute) => `#${attribute}`).join(", ")}`;
  const named = ["attempt", "state", ...Object.keys(set), ...remove, ...(absent === undefined ? [] : [absent])];
  const lacking = absent === undefined ? "" : ` AND attribute_not_exists(#${absent})`;
  const values = Object.entries(set).map(([attribute, value]) => [`:${attribute}`, value]);
  const updated = await ifMet(
    dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: keyOf(id),
        UpdateExpression: `SET ${assignments.join(", ")}${removal}`,
        ConditionExpression: `#attempt = :attempt AND ${stateIn(from)}${lacking}`,
        ExpressionAttributeNames: Object.fromEntries(named.map((attribute) => [`#${attribute}`, attribute])),
        ExpressionAttributeValues: {
          ":attempt": { S: attempt },
          ...stateValues(from),
          ...Object.fromEntries(values),
        },
        ReturnValues: "ALL_NEW",
      }),
    ),
  );
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

/** A condition, with values from {@link stateValues}. */
function stateIn(states: readonly PullRequestState[]): string {
  return `#state IN (${states.map((state) => `:${state}`).join(", ")})`;
}

function stateValues(states: readonly PullRequestState[]): Item {
  return Object.fromEntries(states.map((state) => [`:${state}`, { S: state }]));
}
