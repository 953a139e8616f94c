import type { FailureType } from "@aws-sdk/client-codepipeline";
import {
  type AttributeValue,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { isException } from "../failure";
import type { DeploymentTable } from "../lock";

/** Progress of a deployment requested by HTTP, or of a pipeline action. */
export interface DeploymentProgress {
  state: "queued" | "inProgress" | "succeeded" | "failed";
  /** What was done or is in progress. */
  summary?: string | undefined;
  /** Why it failed. */
  cause?: string | undefined;
  /** CodePipeline's failure type, which says whose fault it is. */
  type?: FailureType | undefined;
  /** State for the next round. */
  token?: string | undefined;
}

/** A deployment requested by HTTP, or a pipeline action, as stored in DynamoDB. Times without a unit are ISO 8601. */
export interface DeploymentRecord extends DeploymentProgress {
  /** A UUID for a deployment by HTTP; {@link actionRecordId} for an action. */
  id: string;
  application: string;
  version: string;
  /** By digest. */
  image: string;
  requestedAt: string;
  updatedAt: string;
  /** In epoch seconds: work that is unfinished by then has failed. */
  until: number;
  /** Number of changes. If two rounds have read the same number, only one can write. */
  round: number;
  /** Only for a pipeline action. */
  action?: RecordedAction | undefined;
  /** Whether the outcome was published, or reported to CodePipeline. */
  reported?: true | undefined;
}

/** The action of a record, and CodePipeline's jobs for it. */
export interface RecordedAction {
  execution: string;
  /** The ids of all jobs so far, to recognise repeated events. */
  jobs: string[];
  /** The job that waits for a result; absent after a continuation, until CodePipeline calls again. */
  job?: string | undefined;
  /** When that job arrived, in epoch seconds. */
  since: number;
}

export const DEPLOYMENT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The record id of an execution's action. */
export function actionRecordId(kind: "deploy" | "migrate", execution: string): string {
  return `${kind}/${execution}`;
}

/** How long DynamoDB keeps a record after its last change, in seconds. */
const KEPT = 90 * 24 * 3_600;

export function isEnded({ state }: DeploymentRecord): boolean {
  return state === "succeeded" || state === "failed";
}

/**
 * Why an unfinished deployment has failed: its lock has expired, so another may have started since.
 * @param now milliseconds
 */
export function lapseOf(record: DeploymentRecord, now: number): string | undefined {
  if (isEnded(record) || now < record.until * 1_000) {
    return undefined;
  }
  const what = `the deploy had not ended by ${new Date(record.until * 1_000).toISOString()}, when its lock expired`;
  return `${what}: check the services of ${record.application} and the log of its deploy function`;
}

export async function readRecord(
  { dynamo, table }: DeploymentTable,
  id: string,
): Promise<DeploymentRecord | undefined> {
  const { Item } = await dynamo.send(new GetItemCommand({ TableName: table, Key: keyOf(id), ConsistentRead: true }));
  return Item && recordOf(id, Item);
}

/**
 * Writes a record if there is none yet, or if the existing one has ended.
 * @param replaced the round of the record that it replaces
 * @returns whether this call wrote it. False if the response was lost: the SDK's retry finds its own record.
 */
export async function putRecord(
  { dynamo, table }: DeploymentTable,
  record: DeploymentRecord,
  replaced?: number,
): Promise<boolean> {
  const isSame = replaced === undefined ? undefined : { ":seen": { N: String(replaced) } };
  return unlessChanged(
    dynamo.send(
      new PutItemCommand({
        TableName: table,
        Item: itemOf(record),
        ConditionExpression: isSame ? "#round = :seen" : "attribute_not_exists(#id)",
        ExpressionAttributeNames: isSame ? { "#round": "round" } : { "#id": "id" },
        ...(isSame && { ExpressionAttributeValues: isSame }),
      }),
    ),
  );
}

/**
 * Deletes a record unless a round has advanced it: its services may have been updated since.
 * @returns whether the record is gone
 */
export async function cancelRecord({ dynamo, table }: DeploymentTable, id: string): Promise<boolean> {
  return unlessChanged(
    dynamo.send(
      new DeleteItemCommand({
        TableName: table,
        Key: keyOf(id),
        ConditionExpression: "attribute_not_exists(#id) OR #round = :first",
        ExpressionAttributeNames: { "#id": "id", "#round": "round" },
        ExpressionAttributeValues: { ":first": { N: "0" } },
      }),
    ),
  );
}

/** The attributes of a record's progress: absent ones are removed. */
const PROGRESS = ["state", "summary", "cause", "type", "token"] as const;
const ACTION = ["jobs", "job", "since"] as const;

/**
 * Advances a record by one round, unless another round has changed it since it was read.
 * @param now milliseconds
 * @returns the updated record; `undefined` if another round was faster
 */
export async function advanceRecord(
  table: DeploymentTable,
  record: DeploymentRecord,
  progress: DeploymentProgress,
  now: number,
): Promise<DeploymentRecord | undefined> {
  const { application, id, image, requestedAt, round, reported, until, version, action } = record;
  const kept = { application, id, image, requestedAt, reported, until, version, action };
  const next = { ...kept, ...progress, updatedAt: new Date(now).toISOString(), round: round + 1 };
  return (await change(table, record, next, PROGRESS)) ? next : undefined;
}

/**
 * Changes a record's other fields: the waiting job, and whether the outcome was reported.
 * @returns the updated record; `undefined` if another round was faster
 */
export async function updateRecord(
  table: DeploymentTable,
  record: DeploymentRecord,
  changes: Pick<DeploymentRecord, "action" | "reported">,
): Promise<DeploymentRecord | undefined> {
  const next = { ...record, ...changes, round: record.round + 1 };
  return (await change(table, record, next, [...ACTION, "reported"])) ? next : undefined;
}

async function change(
  { dynamo, table }: DeploymentTable,
  { id, round }: DeploymentRecord,
  next: DeploymentRecord,
  attributes: readonly string[],
): Promise<boolean> {
  const item = itemOf(next);
  const given = [...attributes.filter((name) => name in item), "round", "updatedAt", "expires"];
  const over = attributes.filter((name) => !(name in item));
  const remove = over.length === 0 ? "" : ` REMOVE ${over.map((name) => `#${name}`).join(", ")}`;
  return unlessChanged(
    dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: keyOf(id),
        UpdateExpression: `SET ${given.map((name) => `#${name} = :${name}`).join(", ")}${remove}`,
        ConditionExpression: "#round = :seen",
        ExpressionAttributeNames: Object.fromEntries([...given, ...over].map((name) => [`#${name}`, name])),
        ExpressionAttributeValues: {
          ":seen": { N: String(round) },
          ...Object.fromEntries(given.map((name) => [`:${name}`, item[name] as AttributeValue])),
        },
      }),
    ),
  );
}

async function unlessChanged(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (isException(error, "ConditionalCheckFailedException")) {
      return false;
    }
    throw error;
  }
}

function itemOf(record: DeploymentRecord): Record<string, AttributeValue> {
  const { id, action, until, round, reported, ...texts } = record;
  const { execution, jobs, job, since } = action ?? {};
  const text = (values: Record<string, string | undefined>) =>
    Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, { S: value }]])),
    );
  return {
    ...keyOf(id),
    ...text({ ...texts, execution, jobs: jobs?.join(), job, reported: reported && "yes" }),
    until: { N: String(until) },
    round: { N: String(round) },
    expires: { N: String(Math.floor(Date.parse(record.updatedAt) / 1_000) + KEPT) },
    ...(since !== undefined && { since: { N: String(since) } }),
  };
}

/** @throws Error if {@link putRecord} did not write the item */
function recordOf(id: string, item: Record<string, AttributeValue>): DeploymentRecord {
  const text = (attribute: string): string => {
    const value = item[attribute]?.S;
    if (value === undefined) {
      throw new Error(`item ${id} is not a deploy or migration record: it has no ${attribute}`);
    }
    return value;
  };
  const execution = item.execution?.S;
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
    type: item.type?.S as FailureType | undefined,
    token: item.token?.S,
    ...(item.reported && { reported: true as const }),
    ...(execution !== undefined && {
      action: {
        execution,
        jobs: text("jobs").split(","),
        job: item.job?.S,
        since: Number(item.since?.N),
      },
    }),
  };
}

function keyOf(id: string): Record<string, AttributeValue> {
  return { id: { S: id } };
}
