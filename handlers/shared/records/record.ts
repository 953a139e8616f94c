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

/** How a deployment that was asked for by HTTP stands, or an action of a pipeline. */
export interface DeploymentProgress {
  state: "queued" | "inProgress" | "succeeded" | "failed";
  /** What was done, or is being done. */
  summary?: string | undefined;
  /** Why it failed. */
  cause?: string | undefined;
  /** Whose fault the failure is, in CodePipeline's words. */
  type?: FailureType | undefined;
  /** What the next round goes on with. */
  token?: string | undefined;
}

/** A deployment that was asked for by HTTP, or an action of a pipeline, as DynamoDB keeps it. Times without a unit are ISO 8601. */
export interface DeploymentRecord extends DeploymentProgress {
  /** A UUID of a deployment by HTTP; {@link actionRecordId} of an action. */
  id: string;
  application: string;
  version: string;
  /** By digest. */
  image: string;
  requestedAt: string;
  updatedAt: string;
  /** In epoch seconds: what has not ended by then has failed. */
  until: number;
  /** How often it was changed. Of two rounds that have seen the same number only one changes it. */
  round: number;
  /** Of an action of a pipeline. */
  action?: RecordedAction | undefined;
  /** Whether the outcome was published, or reported to CodePipeline. */
  reported?: true | undefined;
}

/** The action that a record is about, and CodePipeline's jobs for it. */
export interface RecordedAction {
  execution: string;
  /** The ids of all jobs so far: a repeated event of one is no new job. */
  jobs: string[];
  /** The job that waits for a result; absent after a continuation, until CodePipeline calls again. */
  job?: string | undefined;
  /** When that job came, in epoch seconds. */
  since: number;
}

export const DEPLOYMENT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The id of the record of an execution's action. */
export function actionRecordId(kind: "deploy" | "migrate", execution: string): string {
  return `${kind}/${execution}`;
}

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

/**
 * Writes a record if there is none yet, or if the existing one has ended.
 * @param replaced the round of the record that it replaces
 * @returns whether it was written by this call. Not if the answer to it was lost: the SDK's second call finds the first one's.
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
 * @returns whether there is no record any more
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

/** Everything of a record that is its progress: absent ones are removed. */
const PROGRESS = ["state", "summary", "cause", "type", "token"] as const;
const ACTION = ["jobs", "job", "since"] as const;

/**
 * Takes a record one round further, unless another round has changed it since it was read.
 * @param now milliseconds
 * @returns the record as it is now; `undefined` if another round was quicker
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
 * Changes a record otherwise: which job waits, whether the outcome was reported.
 * @returns the record as it is now; `undefined` if another round was quicker
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

/** @throws Error for an item that is not of {@link putRecord}'s making */
function recordOf(id: string, item: Record<string, AttributeValue>): DeploymentRecord {
  const text = (attribute: string): string => {
    const value = item[attribute]?.S;
    if (value === undefined) {
      throw new Error(`item ${id} is no deployment's record: it has no ${attribute}`);
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
