import { type AttributeValue, type DynamoDBClient, GetItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import type { Attempt } from "./options.ts";

export type State = "requested" | "running" | "opened" | "unchanged" | "failed";

/** Allowed state transitions. The same table is in handlers/pullRequests/record.ts. */
export const MOVES: Readonly<Record<State, readonly State[]>> = {
  requested: ["running", "opened", "unchanged", "failed"],
  running: ["opened", "unchanged", "failed"],
  opened: ["requested"],
  unchanged: ["requested"],
  failed: ["requested"],
};

/** The attributes of a record that the task reads. */
export interface PullRequestRecord extends Attempt {
  /** The folder under kustomize/. */
  service: string;
  /** The folder under overlays/. */
  environment: string;
  /** A commit of the source repository, or another name of the version. */
  revision: string;
  /** The argument of `kustomize edit set image`. */
  image: string;
  /** The service's source repository: `acme/storefront`. */
  repository: string;
  state: State;
  /** ISO 8601 */
  requestedAt: string;
  /** URL of the build. */
  build?: string | undefined;
  buildNumber?: string | undefined;
  /** Who triggered the build. */
  actor?: string | undefined;
}

/** The result of a pull request, with its details. */
export type Outcome =
  | { state: "opened"; url: string }
  | { state: "unchanged"; reason: string }
  | { state: "failed"; cause: string };

export interface Table {
  dynamo: DynamoDBClient;
  table: string;
}

const REQUIRED = [
  "attempt",
  "service",
  "environment",
  "revision",
  "image",
  "repository",
  "state",
  "requestedAt",
] as const;

/** Seconds after its last change until DynamoDB deletes a record. */
const KEPT = 90 * 24 * 3_600;

/** @throws Error if the item is not a valid record */
export async function readRecord({ dynamo, table }: Table, id: string): Promise<PullRequestRecord | undefined> {
  const { Item } = await dynamo.send(
    new GetItemCommand({ TableName: table, Key: { id: { S: id } }, ConsistentRead: true }),
  );
  if (Item === undefined) {
    return undefined;
  }
  const missing = REQUIRED.find((attribute) => Item[attribute]?.S === undefined);
  if (missing !== undefined) {
    throw new Error(`item ${id} of table ${table} is not a pull request record: it has no ${missing}`);
  }
  const texts = ["id", ...REQUIRED, "build", "buildNumber", "actor"].map((attribute) => [
    attribute,
    Item[attribute]?.S,
  ]);
  return Object.fromEntries(texts);
}

/**
 * Changes a record's state, unless another attempt owns the record or its state does not allow it.
 * @param now milliseconds
 * @returns whether this attempt has put the record into that state
 */
export async function moveRecord(
  { dynamo, table }: Table,
  { id, attempt }: Attempt,
  { state, ...facts }: Outcome | { state: "running" },
  now: number,
): Promise<boolean> {
  const updatedAt = new Date(now).toISOString();
  const set: Record<string, AttributeValue> = {
    ...Object.fromEntries(Object.entries({ state, updatedAt, ...facts }).map(([name, value]) => [name, { S: value }])),
    expires: { N: String(Math.floor(now / 1_000) + KEPT) },
  };
  const from = (Object.keys(MOVES) as State[]).filter((it) => MOVES[it].includes(state));
  // Remove the results of earlier states.
  const over = ["url", "reason", "cause"].filter((name) => !(name in set));
  const assignments = Object.keys(set).map((name) => `#${name} = :${name}`);
  const removals = over.map((name) => `#${name}`);
  try {
    await dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: { id: { S: id } },
        UpdateExpression: `SET ${assignments.join(", ")} REMOVE ${removals.join(", ")}`,
        ConditionExpression: `#attempt = :attempt AND #state IN (${from.map((it) => `:from_${it}`).join(", ")})`,
        ExpressionAttributeNames: Object.fromEntries(
          ["attempt", ...Object.keys(set), ...over].map((name) => [`#${name}`, name]),
        ),
        ExpressionAttributeValues: {
          ":attempt": { S: attempt },
          ...Object.fromEntries(from.map((it) => [`:from_${it}`, { S: it }])),
          ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])),
        },
      }),
    );
    return true;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "ConditionalCheckFailedException") {
      throw error;
    }
    // If the response of a write was lost, the SDK repeats the write, whose condition then fails.
    const record = await readRecord({ dynamo, table }, id);
    return record?.attempt === attempt && record.state === state;
  }
}
