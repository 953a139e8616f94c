import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { PullRequestRecord } from "./record";

export type Item = Record<string, AttributeValue>;

/** The hash key of the index of all records, newest first. */
export const LIST = "all";

/** How long DynamoDB keeps a record after its last change, in seconds. */
const KEPT = 90 * 24 * 3_600;

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

export function keyOf(id: string): Item {
  return { id: { S: id } };
}

export function itemOf(record: PullRequestRecord): Item {
  return { ...textsOf(record), list: { S: LIST }, expires: expiryOf(record.updatedAt) };
}

/** @throws Error if {@link itemOf} did not create the item */
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
