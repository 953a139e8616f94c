import { QueryCommand } from "@aws-sdk/client-dynamodb";
import {
  type Item,
  keyOf,
  type PullRequestRecord,
  type PullRequestState,
  recordOf,
  STATES,
} from "../../images/gitops-pr/pullRequestRecord";
import { explain } from "../shared/failure";
import type { Refusal } from "../shared/http/body";
import { log } from "../shared/log";
import { FOLDER, FOLDER_FORM, isText, refusedField } from "./fields";
import { LIST, PULL_REQUEST_ID } from "./record";
import type { PullRequestTable } from "./store";

/** The end of a page: its last record. */
export type Position = Pick<PullRequestRecord, "id" | "requestedAt">;

export interface ListQuery {
  service?: string | undefined;
  state?: PullRequestState | undefined;
  /** Records per page. */
  limit: number;
  /** The end of the previous page. */
  after?: Position | undefined;
}

export interface Page {
  /** Newest first. */
  records: PullRequestRecord[];
  /** The end of this page, if there may be another. */
  next?: Position | undefined;
}

const PARAMETERS = ["service", "state", "limit", "next"];
const LIMIT = 20;
const MOST = 100;

/** Limits of items per query with a state, and of queries per page, so that a page takes only a few seconds. */
const LOOKED_AT = 500;
const QUERIES = 10;

/** A page of the records. Needs dynamodb:Query on both indexes. */
export async function listRecords(table: PullRequestTable, query: ListQuery): Promise<Page> {
  const { limit, after } = query;
  const records: PullRequestRecord[] = [];
  let start = after && startOf(query, after);
  for (let count = 0; count < QUERIES; count += 1) {
    const { Items, LastEvaluatedKey } = await table.dynamo.send(commandOf(table, query, limit - records.length, start));
    records.push(...(Items ?? []).flatMap(readable));
    const last = records[limit - 1];
    if (last !== undefined && (records.length > limit || LastEvaluatedKey !== undefined)) {
      return { records: records.slice(0, limit), next: placeOf(last) };
    }
    if (LastEvaluatedKey === undefined) {
      return { records };
    }
    start = LastEvaluatedKey;
  }
  return { records, next: { id: start?.id?.S ?? "", requestedAt: start?.requestedAt?.S ?? "" } };
}

/** An invalid item must not hide the others. */
function readable(item: Item): PullRequestRecord[] {
  try {
    return [recordOf(item)];
  } catch (error) {
    log("error", "item left out of the list", { cause: explain(error) });
    return [];
  }
}

function commandOf({ table }: PullRequestTable, query: ListQuery, wanted: number, start: Item | undefined) {
  const { service, state } = query;
  const [index, hashKey, hash] = service === undefined ? ["newest", "list", LIST] : ["service", "service", service];
  return new QueryCommand({
    TableName: table,
    IndexName: index,
    KeyConditionExpression: "#hash = :hash",
    ExpressionAttributeNames: { "#hash": hashKey, ...(state !== undefined && { "#state": "state" }) },
    ExpressionAttributeValues: { ":hash": { S: hash }, ...(state !== undefined && { ":state": { S: state } }) },
    ...(state !== undefined && { FilterExpression: "#state = :state" }),
    // One more shows whether another page exists. The limit also counts items that the filter removes.
    Limit: state === undefined ? wanted + 1 : LOOKED_AT,
    ScanIndexForward: false,
    ...(start !== undefined && { ExclusiveStartKey: start }),
  });
}

/** The key of a place in the queried index. */
function startOf({ service }: ListQuery, { id, requestedAt }: Position): Item {
  const hash: Item = service === undefined ? { list: { S: LIST } } : { service: { S: service } };
  return { ...keyOf(id), ...hash, requestedAt: { S: requestedAt } };
}

function placeOf({ id, requestedAt }: PullRequestRecord): Position {
  return { id, requestedAt };
}

/** @returns the `next` for {@link readListing} */
export function encodePlace({ id, requestedAt }: Position): string {
  return Buffer.from(`${requestedAt}/${id}`).toString("base64url");
}

/** Parses the query of `GET /pullrequests`. */
export function readListing(
  parameters: Record<string, string | undefined>,
): { kind: "wanted"; query: ListQuery } | Refusal {
  const unknown = Object.keys(parameters).find((parameter) => !PARAMETERS.includes(parameter));
  if (unknown !== undefined) {
    const reason = `unknown query parameter; allowed: ${PARAMETERS.join(", ")}`;
    return { kind: "refused", field: unknown, reason };
  }
  const { service, state, limit = String(LIMIT), next } = parameters;
  if (service !== undefined && !isText(service, FOLDER)) {
    return refusedField("service", service, `a service's name: ${FOLDER_FORM}`);
  }
  const wanted = STATES.find((each) => each === state);
  if (state !== undefined && wanted === undefined) {
    return refusedField("state", state, `one of ${STATES.join(", ")}`);
  }
  if (!/^[1-9]\d{0,2}$/.test(limit) || Number(limit) > MOST) {
    return refusedField("limit", limit, `a number from 1 to ${MOST}`);
  }
  const after = next === undefined ? undefined : decodePlace(next);
  if (next !== undefined && after === undefined) {
    return refusedField("next", next, "the value of next from the previous page");
  }
  return { kind: "wanted", query: { service, state: wanted, limit: Number(limit), after } };
}

function decodePlace(text: string): Position | undefined {
  const [requestedAt = "", id = ""] = Buffer.from(text, "base64url").toString().split("/");
  const isPlace = PULL_REQUEST_ID.test(id) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(requestedAt);
  return isPlace ? { id, requestedAt } : undefined;
}
