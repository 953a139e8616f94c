import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { failure, isException } from "../failure";

/** A deployment by HTTP and one by the pipeline would undo each other: an application is deployed by one at a time. */
export interface LockHolder {
  /** The id of the deployment, or of the pipeline's execution. */
  owner: string;
  by: "deployment" | "execution";
  version: string;
  /** In epoch seconds. The lock of a holder that has died is free from then on. */
  until: number;
}

/** The table of locks and deployment records. */
export interface DeploymentTable {
  dynamo: DynamoDBClient;
  table: string;
}

/** How long a deployment may wait for its beginning, in minutes. */
export const BEGINNING = 15;

/** How long a lock lasts, in seconds: a rollout and a rollback may take the deadline each. */
export function lockSeconds(deadlineMinutes: number): number {
  return (2 * deadlineMinutes + BEGINNING) * 60;
}

/** `version v2 by deployment 11111111-…` */
export function describeHolder({ owner, by, version }: LockHolder): string {
  return `version ${version} by ${by === "deployment" ? "deployment" : "pipeline execution"} ${owner}`;
}

/**
 * Takes an application's lock. Whoever has it already takes it anew.
 * @param now epoch seconds
 * @returns who has it instead
 */
export async function acquireLock(
  table: DeploymentTable,
  application: string,
  holder: LockHolder,
  now: number,
): Promise<LockHolder | undefined> {
  // It may be given back between being found taken and being looked at.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if (await putLock(table, application, holder, now)) {
      return undefined;
    }
    const other = await readLock(table, application, now);
    if (other !== undefined && other.owner !== holder.owner) {
      return other;
    }
  }
  throw failure("SystemUnavailable", `the lock of ${application} changes hands too often: try again`);
}

async function putLock(
  { dynamo, table }: DeploymentTable,
  application: string,
  { owner, by, version, until }: LockHolder,
  now: number,
): Promise<boolean> {
  try {
    await dynamo.send(
      new PutItemCommand({
        TableName: table,
        Item: {
          ...keyOf(application),
          owner: { S: owner },
          by: { S: by },
          version: { S: version },
          until: { N: String(until) },
        },
        ConditionExpression: "attribute_not_exists(#id) OR #owner = :owner OR #until < :now",
        ExpressionAttributeNames: { "#id": "id", "#owner": "owner", "#until": "until" },
        ExpressionAttributeValues: { ":owner": { S: owner }, ":now": { N: String(now) } },
      }),
    );
    return true;
  } catch (error) {
    if (isException(error, "ConditionalCheckFailedException")) {
      return false;
    }
    throw error;
  }
}

/** @returns who has the application's lock, if anybody does */
export async function readLock(
  { dynamo, table }: DeploymentTable,
  application: string,
  now: number,
): Promise<LockHolder | undefined> {
  const { Item } = await dynamo.send(
    new GetItemCommand({ TableName: table, Key: keyOf(application), ConsistentRead: true }),
  );
  const until = Number(Item?.until?.N ?? 0);
  if (Item === undefined || until < now) {
    return undefined;
  }
  const by = Item.by?.S === "execution" ? "execution" : "deployment";
  return { owner: Item.owner?.S ?? "", by, version: Item.version?.S ?? "", until };
}

/** Gives the lock back. Nothing happens if the owner does not have it any more. */
export async function releaseLock({ dynamo, table }: DeploymentTable, application: string, owner: string) {
  try {
    await dynamo.send(
      new DeleteItemCommand({
        TableName: table,
        Key: keyOf(application),
        ConditionExpression: "#owner = :owner",
        ExpressionAttributeNames: { "#owner": "owner" },
        ExpressionAttributeValues: { ":owner": { S: owner } },
      }),
    );
  } catch (error) {
    if (!isException(error, "ConditionalCheckFailedException")) {
      throw error;
    }
  }
}

/** No record's: a record's id is a UUID, and holds no slash. */
function keyOf(application: string): Record<string, AttributeValue> {
  return { id: { S: `application/${application}` } };
}
