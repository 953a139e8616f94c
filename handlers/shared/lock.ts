import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { failure, isException } from "./failure";

/**
 * The holder of an application's lock. Deployments by HTTP and by the pipeline would undo each other, so only one runs
 * at a time. After releasing it, the holder stays the last owner until another takes the lock.
 */
export interface LockHolder {
  /** The id of the deployment, or of the pipeline execution. */
  owner: string;
  by: "deployment" | "execution";
  version: string;
  /** In epoch seconds. After that the lock is free, even if its holder has died. */
  until: number;
}

/** The table of locks and deployment records. */
export interface DeploymentTable {
  dynamo: DynamoDBClient;
  table: string;
}

/** How long a deployment may wait before it starts, in minutes. */
export const BEGINNING = 15;

/** How long a lock lasts, in seconds: a rollout and a rollback may each take the deadline. */
export function lockSeconds(deadlineMinutes: number): number {
  return (2 * deadlineMinutes + BEGINNING) * 60;
}

/** `version v2 by deployment 11111111-…` */
export function describeHolder({ owner, by, version }: LockHolder): string {
  return `version ${version} by ${by === "deployment" ? "deployment request" : "pipeline execution"} ${owner}`;
}

/**
 * Takes an application's lock. The current holder may take it again.
 * @param now epoch seconds
 * @returns the other holder, if the lock is taken
 */
export async function acquireLock(
  table: DeploymentTable,
  application: string,
  holder: LockHolder,
  now: number,
): Promise<LockHolder | undefined> {
  // It may be released between the failed write and the read.
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

/** @returns the current holder of the application's lock, if any */
export async function readLock(
  table: DeploymentTable,
  application: string,
  now: number,
): Promise<LockHolder | undefined> {
  const holder = await lastHolder(table, application);
  return holder === undefined || holder.until < now ? undefined : holder;
}

/** Releases the lock. Does nothing if the owner no longer holds it. */
export async function releaseLock(table: DeploymentTable, application: string, owner: string): Promise<void> {
  await setUntil(table, application, owner, 0);
}

/** Extends a lock that the owner still holds. @param now epoch seconds; @param until epoch seconds */
export async function renewLock(
  table: DeploymentTable,
  application: string,
  owner: string,
  now: number,
  until: number,
): Promise<void> {
  await setUntil(table, application, owner, until, now);
}

/**
 * Keeps the lock, or takes it again if no other owner has taken it: what was deployed under it is still running.
 * @param until epoch seconds
 * @returns whether the owner has it; false if another has taken it
 */
export async function holdLock(
  table: DeploymentTable,
  application: string,
  owner: string,
  until: number,
): Promise<boolean> {
  return setUntil(table, application, owner, until);
}

/** @param heldAt epoch seconds: only if the owner holds the lock at that time */
async function setUntil(
  { dynamo, table }: DeploymentTable,
  application: string,
  owner: string,
  until: number,
  heldAt?: number,
): Promise<boolean> {
  try {
    await dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: keyOf(application),
        UpdateExpression: "SET #until = :until",
        ConditionExpression: heldAt === undefined ? "#owner = :owner" : "#owner = :owner AND #until >= :heldAt",
        ExpressionAttributeNames: { "#owner": "owner", "#until": "until" },
        ExpressionAttributeValues: {
          ":owner": { S: owner },
          ":until": { N: String(until) },
          ...(heldAt !== undefined && { ":heldAt": { N: String(heldAt) } }),
        },
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

/** The last owner of the application's lock, whether it is held or released. */
export async function lastHolder(
  { dynamo, table }: DeploymentTable,
  application: string,
): Promise<LockHolder | undefined> {
  const { Item } = await dynamo.send(
    new GetItemCommand({ TableName: table, Key: keyOf(application), ConsistentRead: true }),
  );
  if (Item === undefined) {
    return undefined;
  }
  const by = Item.by?.S === "execution" ? "execution" : "deployment";
  return { owner: Item.owner?.S ?? "", by, version: Item.version?.S ?? "", until: Number(Item.until?.N ?? 0) };
}

/** No record's id: those start differently. */
function keyOf(application: string): Record<string, AttributeValue> {
  return { id: { S: `application/${application}` } };
}
