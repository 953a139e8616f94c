/**
 * The record of a pull request in DynamoDB: its attributes, states and updates. The callbacks (handlers/pullRequests) and the
 * task in this image share it. It imports only types, so that both can load it.
 */
import type { AttributeValue, UpdateItemCommandInput } from "@aws-sdk/client-dynamodb";

export type PullRequestState = "requested" | "running" | "opened" | "unchanged" | "failed";

/** The allowed transitions. */
export const MOVES: Readonly<Record<PullRequestState, readonly PullRequestState[]>> = {
  requested: ["running", "opened", "unchanged", "failed"],
  running: ["opened", "unchanged", "failed"],
  opened: ["requested"],
  unchanged: ["requested"],
  failed: ["requested"],
};

export const STATES = Object.keys(MOVES) as PullRequestState[];

/** The fields that determine a record's id. */
export interface Change {
  /** The folder under kustomize/. */
  service: string;
  /** The folder under overlays/. */
  environment: string;
  /** A commit, or another name of the version. */
  revision: string;
}

/** A request for a pull request. */
export interface PullRequestRequest extends Change {
  /** The argument of `kustomize edit set image`. */
  image: string;
  /** The service's source repository: `acme/storefront`. */
  repository: string;
  /** URL of its build, https. */
  build?: string | undefined;
  buildNumber?: string | undefined;
  /** Who caused the build. */
  actor?: string | undefined;
  /** The pipeline job that requested it. */
  requestedBy?: string | undefined;
}

/** Results of the task. */
export interface PullRequestFacts {
  /** The pull request's URL. */
  url?: string | undefined;
  /** Why nothing had to change. */
  reason?: string | undefined;
  /** Why it failed; if only requested, why it is unknown whether its task was started. */
  cause?: string | undefined;
  /** The task's ARN. */
  task?: string | undefined;
  /** For a failed record, `yes` if ECS rejected its task. */
  refused?: "yes" | undefined;
}

/** A pull request as stored in DynamoDB. Times are ISO 8601 with milliseconds. */
export interface PullRequestRecord extends PullRequestRequest, PullRequestFacts {
  /** 32 hex digits. */
  id: string;
  /** A UUID, new for each request: identifies the task to ECS, and the writer to the record. */
  attempt: string;
  state: PullRequestState;
  requestedAt: string;
  updatedAt: string;
}

/** One attempt at a pull request. */
export type PullRequestAttempt = Pick<PullRequestRecord, "id" | "attempt">;

export type Item = Record<string, AttributeValue>;

const REQUIRED = [
  "id",
  "attempt",
  "service",
  "environment",
  "revision",
  "image",
  "repository",
  "state",
  "requestedAt",
  "updatedAt",
] as const satisfies (keyof PullRequestRecord)[];

const OPTIONAL = [
  "build",
  "buildNumber",
  "actor",
  "requestedBy",
  "url",
  "reason",
  "cause",
  "task",
  "refused",
] as const satisfies (keyof PullRequestRecord)[];

/** How long DynamoDB keeps a record after its last change, in seconds. */
const KEPT = 90 * 24 * 3_600;

export function keyOf(id: string): Item {
  return { id: { S: id } };
}

/** @throws Error if the item is not a record */
export function recordOf(item: Item): PullRequestRecord {
  const missing = REQUIRED.find((attribute) => item[attribute]?.S === undefined);
  if (missing !== undefined) {
    throw new Error(`item ${item.id?.S} is not a pull request record: it has no ${missing}`);
  }
  const texts = [...REQUIRED, ...OPTIONAL].map((attribute) => [attribute, item[attribute]?.S]);
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined));
}

/** The defined texts as attributes. */
export function textsOf(texts: object): Item {
  const entries = Object.entries(texts).filter(([, text]) => text !== undefined);
  return Object.fromEntries(entries.map(([attribute, text]) => [attribute, { S: text }]));
}

/** When DynamoDB may delete a record with this last change. */
export function expiryOf(updatedAt: string): AttributeValue {
  return { N: String(Math.floor(Date.parse(updatedAt) / 1_000) + KEPT) };
}

/** The attributes that a new state sets. @param now milliseconds */
export function stateChange(state: PullRequestState, facts: PullRequestFacts, now: number): Item {
  const updatedAt = new Date(now).toISOString();
  return { ...textsOf({ ...facts, state, updatedAt }), expires: expiryOf(updatedAt) };
}

/** An update of a record. */
export interface RecordUpdate {
  set: Item;
  /** States in which the record is updated. */
  from: readonly PullRequestState[];
  /** Attributes to delete. */
  remove?: string[];
  /** An attribute that must not exist. */
  absent?: string;
}

/** Moves a record to another state, if its current state allows that. @param now milliseconds */
export function moveTo(
  state: Exclude<PullRequestState, "requested">,
  facts: PullRequestFacts,
  now: number,
): RecordUpdate {
  const set = stateChange(state, facts, now);
  // Earlier results are outdated, except the task.
  const remove = ["url", "reason", "cause"].filter((attribute) => !(attribute in set));
  return { set, from: STATES.filter((from) => MOVES[from].includes(state)), remove };
}

/** The write of an update. Its condition fails if another attempt owns the record, or its state is not in `from`. */
export function updateOf(
  table: string,
  { id, attempt }: PullRequestAttempt,
  { set, from, remove = [], absent }: RecordUpdate,
): UpdateItemCommandInput {
  const assignments = Object.keys(set).map((attribute) => `#${attribute} = :${attribute}`);
  const removal = remove.length === 0 ? "" : ` REMOVE ${remove.map((attribute) => `#${attribute}`).join(", ")}`;
  const named = ["attempt", "state", ...Object.keys(set), ...remove, ...(absent === undefined ? [] : [absent])];
  const lacking = absent === undefined ? "" : ` AND attribute_not_exists(#${absent})`;
  const values = Object.entries(set).map(([attribute, value]) => [`:${attribute}`, value]);
  return {
    TableName: table,
    Key: keyOf(id),
    UpdateExpression: `SET ${assignments.join(", ")}${removal}`,
    ConditionExpression: `#attempt = :attempt AND ${stateIn(from)}${lacking}`,
    ExpressionAttributeNames: Object.fromEntries(named.map((attribute) => [`#${attribute}`, attribute])),
    ExpressionAttributeValues: { ":attempt": { S: attempt }, ...stateValues(from), ...Object.fromEntries(values) },
    ReturnValues: "ALL_NEW",
  };
}

/** A condition, with values from {@link stateValues}. */
export function stateIn(states: readonly PullRequestState[]): string {
  return `#state IN (${states.map((state) => `:from_${state}`).join(", ")})`;
}

export function stateValues(states: readonly PullRequestState[]): Item {
  return Object.fromEntries(states.map((state) => [`:from_${state}`, { S: state }]));
}
