import {
  type AttributeValue,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { DeploymentTable } from "../deploy/lock";
import { isException } from "../failure";

/** How a deployment that was asked for by HTTP stands. */
export interface DeploymentProgress {
  state: "queued" | "inProgress" | "succeeded" | "failed";
  /** What was done, or is being done. */
  summary?: string | undefined;
  /** Why it failed. */
  cause?: string | undefined;
  /** What the next round goes on with. */
  token?: string | undefined;
}

/** A deployment that was asked for by HTTP, as DynamoDB keeps it. Times without a unit are ISO 8601. */
export interface DeploymentRecord extends DeploymentProgress {
  /** A UUID. */
  id: string;
  application: string;
  version: string;
  /** By digest. */
  image: string;
  requestedAt: string;
  updatedAt: string;
  /** In epoch seconds: when the application's lock expires, which was taken for this deployment. */
  until: number;
  /** How often it was advanced. Of two rounds that have seen the same number only one advances it. */
  round: number;
}

export const DEPLOYMENT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** How long DynamoDB keeps a record after its last change, in seconds. */
const KEPT = 90 * 24 * 3_600;

export function isEnded({ state }: DeploymentRecord): boolean {
  return state === "succeeded" || state === "failed";
}

/**
 * Why a deployment has failed that nobody has ended: its lock is over, so another may have begun since.
 * @param now milliseconds
 */
export function lapseOf(record: DeploymentRecord, now: number): string | undefined {
  if (isEnded(record) || now < record.until * 1_000) {
    return undefined;
  }
  const what = `the deployment was not ended by ${new Date(record.until * 1_000).toISOString()}, when its lock expired`;
  return `${what}: look after the services of ${record.application}, and at the log of its deploy function`;
}

export async function readRecord(
  { dynamo, table }: DeploymentTable,
  id: string,
): Promise<DeploymentRecord | undefined> {
  const { Item } = await dynamo.send(new GetItemCommand({ TableName: table, Key: keyOf(id), ConsistentRead: true }));
  return Item && recordOf(id, Item);
}

export async function putRecord({ dynamo, table }: DeploymentTable, record: DeploymentRecord): Promise<void> {
  await dynamo.send(
    new PutItemCommand({
      TableName: table,
      Item: {
        ...keyOf(record.id),
        application: { S: record.application },
        version: { S: record.version },
        image: { S: record.image },
        requestedAt: { S: record.requestedAt },
        until: { N: String(record.until) },
        ...progressAttributes(record, record.round, record.updatedAt),
      },
      ConditionExpression: "attribute_not_exists(#id)",
      ExpressionAttributeNames: { "#id": "id" },
    }),
  );
}

export async function deleteRecord({ dynamo, table }: DeploymentTable, id: string): Promise<void> {
  await dynamo.send(new DeleteItemCommand({ TableName: table, Key: keyOf(id) }));
}

/**
 * Takes a record one round further, unless another round has done so since it was read.
 * @param now milliseconds
 * @returns whether this round is the one
 */
export async function advanceRecord(
  { dynamo, table }: DeploymentTable,
  { id, round }: DeploymentRecord,
  progress: DeploymentProgress,
  now: number,
): Promise<boolean> {
  const attributes = progressAttributes(progress, round + 1, new Date(now).toISOString());
  const given = Object.keys(attributes);
  // What the last round told is not true any more.
  const over = ["summary", "cause", "token"].filter((attribute) => !given.includes(attribute));
  const remove = over.length === 0 ? "" : ` REMOVE ${over.map((attribute) => `#${attribute}`).join(", ")}`;
  try {
    await dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: keyOf(id),
        UpdateExpression: `SET ${given.map((attribute) => `#${attribute} = :${attribute}`).join(", ")}${remove}`,
        ConditionExpression: "#round = :seen",
        ExpressionAttributeNames: Object.fromEntries(
          [...given, ...over].map((attribute) => [`#${attribute}`, attribute]),
        ),
        ExpressionAttributeValues: {
          ":seen": { N: String(round) },
          ...Object.fromEntries(Object.entries(attributes).map(([attribute, value]) => [`:${attribute}`, value])),
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

function progressAttributes(
  { state, summary, cause, token }: DeploymentProgress,
  round: number,
  updatedAt: string,
): Record<string, AttributeValue> {
  return {
    state: { S: state },
    round: { N: String(round) },
    updatedAt: { S: updatedAt },
    expires: { N: String(Math.floor(Date.parse(updatedAt) / 1_000) + KEPT) },
    ...(summary !== undefined && { summary: { S: summary } }),
    ...(cause !== undefined && { cause: { S: cause } }),
    ...(token !== undefined && { token: { S: token } }),
  };
}

/** @throws Error for an item that is not of {@link putRecord}'s making */
function recordOf(id: string, item: Record<string, AttributeValue>): DeploymentRecord {
  const text = (attribute: string): string => {
    const value = item[attribute]?.S;
    if (value === undefined) {
      throw new Error(`item ${id} is no deployment's record: it has no ${attribute}`);
    }
    return value;
  };
  return {
    id,
    application: text("application"),
    version: text("version"),
    image: text("image"),
    state: text("state") as DeploymentRecord["state"],
    requestedAt: text("requestedAt"),
    updatedAt: text("updatedAt"),
    until: Number(item.until?.N),
    round: Number(item.round?.N),
    summary: item.summary?.S,
    cause: item.cause?.S,
    token: item.token?.S,
  };
}

function keyOf(id: string): Record<string, AttributeValue> {
  return { id: { S: id } };
}
